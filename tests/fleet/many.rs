//! Which snapshots are judged, in which order, and how the run ends.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use crate::made::{Hosts, host, of_kind, records, without_cookies};
use crate::run::{Ran, Tcptune, skipped};

const NDJSON: [&str; 2] = ["--format", "ndjson"];

fn names(number: usize) -> impl Iterator<Item = String> {
    (0..number).map(|at| format!("web-{at:02}"))
}

/// The records without what no two runs share.
fn settled(text: &str) -> String {
    let mut ids = HashMap::new();
    let mut settled = String::new();
    for mut record in records(text) {
        let id = record["run_id"].as_str().unwrap().to_owned();
        let next = ids.len();
        let number = *ids.entry(id).or_insert(next);
        record["run_id"] = number.into();
        record["time"] = "then".into();
        settled.push_str(&record.to_string());
        settled.push('\n');
    }
    settled
}

#[test]
fn the_hosts_come_in_the_order_of_their_names_each_as_if_it_were_alone() {
    let hosts = Hosts::of(names(9));
    let ran = hosts
        .check(&["--snapshot", "hosts", "--format", "ndjson"])
        .exits(1)
        .quiet();
    let all = records(&ran.stdout);
    let mut alone = String::new();
    for name in names(9) {
        let file = format!("hosts/{name}.json");
        let one = hosts
            .check(&["--snapshot", &file, "--format", "ndjson"])
            .exits(1)
            .quiet();
        alone.push_str(&one.stdout);
    }
    let together = ran.stdout.lines().count() - 1;
    let lines: Vec<&str> = ran.stdout.lines().take(together).collect();
    assert_eq!(settled(&lines.join("\n")), settled(&alone));
    let last = &all[together];
    assert_eq!(last["record"], "fleet");
    for (field, number) in [
        ("snapshots", 9),
        ("judged", 9),
        ("unreadable", 0),
        ("hosts", 9),
    ] {
        assert_eq!(last[field], number, "{field}");
    }
    assert_eq!(last["cut_short"], false);
}

#[test]
fn several_at_a_time_write_what_one_after_the_other_does() {
    let hosts = Hosts::of(names(40));
    hosts.write("web-07x.json", "{");
    let text = |jobs: &str| {
        let args = ["--snapshot", "hosts", "--jobs", jobs, "--format", "ndjson"];
        hosts.check(&args).exits(1)
    };
    let serial = text("1");
    for jobs in ["2", "3", "16"] {
        let parallel = text(jobs);
        assert_eq!(settled(&parallel.stdout), settled(&serial.stdout), "{jobs}");
        assert_eq!(parallel.stderr, serial.stderr);
    }
    let page = |jobs: &str| hosts.check(&["--snapshot", "hosts", "--jobs", jobs]).stdout;
    assert_eq!(page("1"), page("16"));
}

#[test]
fn files_stand_in_the_order_they_are_named_and_once() {
    let hosts = Hosts::of(names(4));
    let args = [
        "--snapshot",
        "hosts/web-02.json",
        "hosts/web-00.json",
        "--snapshot",
        "hosts",
        "hosts/../hosts/web-03.json",
        "--format",
        "ndjson",
    ];
    let ran = hosts.check(&args).exits(1).quiet();
    let all = records(&ran.stdout);
    let order: Vec<_> = of_kind(&all, "run")
        .iter()
        .map(|run| run["snapshot"].clone())
        .collect();
    assert_eq!(
        order,
        [
            "hosts/web-02.json",
            "hosts/web-00.json",
            "hosts/web-01.json",
            "hosts/web-03.json"
        ]
    );
}

#[test]
fn a_file_that_is_no_snapshot_is_told_counted_and_ends_nothing() {
    let hosts = Hosts::of(names(4));
    let whole = fs::read_to_string(hosts.path("web-03.json")).unwrap();
    hosts.write("web-01.json", &whole[..whole.len() / 2]);
    hosts.write("web-02.json", "[1]");
    hosts.write(
        "web-04.json",
        &whole.replacen("snapshot/1", "snapshot/7", 1),
    );
    let ran = hosts
        .check(&[
            "--snapshot",
            "hosts",
            "hosts/gone.json",
            "--format",
            "ndjson",
        ])
        .exits(1)
        .complains("warning: snapshot `hosts/web-01.json` is cut off")
        .complains("help: take it again")
        .complains("`hosts/web-02.json` is no snapshot")
        .complains("has the format `tcptune.snapshot/7`")
        .complains("cannot read snapshot `hosts/gone.json`: ENOENT");
    let all = records(&ran.stdout);
    let kinds: Vec<&str> = all
        .iter()
        .map(|record| record["record"].as_str().unwrap())
        .filter(|kind| *kind != "rule")
        .collect();
    assert_eq!(
        kinds,
        [
            "run",
            "summary",
            "unreadable",
            "unreadable",
            "run",
            "summary",
            "unreadable",
            "unreadable",
            "fleet"
        ]
    );
    let bad = of_kind(&all, "unreadable");
    assert_eq!(bad[0]["snapshot"], "hosts/web-01.json");
    assert!(
        bad[0]["error"].as_str().unwrap().contains("cut off"),
        "{}",
        bad[0]
    );
    assert!(bad[0]["help"].as_str().unwrap().contains("take it again"));
    let last = of_kind(&all, "fleet")[0];
    assert_eq!(
        (&last["judged"], &last["unreadable"]),
        (&2.into(), &4.into())
    );
}

/// 1 before 3, as everywhere: what is known has a finding.
#[test]
fn the_exit_code_is_that_of_the_worst_host_and_an_unread_one_is_no_success() {
    let hosts = Hosts::new();
    hosts.put("a.json", &host("a"));
    hosts.put("b.json", &host("b"));
    let ends = |more: &[&str], code: i32| {
        hosts
            .check(&[&["--snapshot", "hosts"], more].concat())
            .exits(code);
    };
    ends(&["--fail-on=none"], 0);
    ends(&["--select=syncookies-off"], 0);
    let mut fault = host("b");
    without_cookies(&mut fault);
    hosts.put("b.json", &fault);
    ends(&["--select=syncookies-off"], 1);
    hosts.write("c.json", "{");
    ends(&["--select=syncookies-off"], 1);
    ends(&["--select=syncookies-off", "--fail-on=none"], 3);
    ends(&["--select=syncookies-off", "--exit-zero"], 0);
    fs::remove_file(hosts.path("c.json")).unwrap();
    // Nothing is known of the sockets of a recorded tree but what its tables tell.
    ends(&["--select=accept-queue-overflow", "--fail-on-unknown"], 3);
}

#[test]
fn a_run_that_could_judge_none_is_an_error_whatever_is_asked() {
    let hosts = Hosts::new();
    hosts.write("a.json", "{");
    hosts.write("b.json", "");
    for format in ["human", "ndjson"] {
        let args = ["--snapshot", "hosts", "--exit-zero", "--format", format];
        let ran = hosts
            .check(&args)
            .exits(2)
            .complains("none of 2 snapshot(s) could be judged");
        assert_eq!(ran.stdout.is_empty(), format == "human", "{ran}");
    }
}

#[test]
fn a_folder_without_snapshots_is_a_slip_and_says_so() {
    let hosts = Hosts::new();
    hosts.write("notes.txt", "no snapshot");
    hosts
        .check(&["--snapshot", "hosts"])
        .exits(2)
        .no_result()
        .complains("no snapshots in `hosts`")
        .complains("help: name a folder with *.json files");
    hosts.put("a.json", &host("a"));
    hosts.check(&["--snapshot", "hosts"]).audited().quiet();
}

#[test]
fn a_folder_of_no_use_is_told_and_the_others_are_judged() {
    let hosts = Hosts::of(names(2));
    fs::create_dir(hosts.around().join("empty")).unwrap();
    fs::create_dir(hosts.around().join("none")).unwrap();
    let named = ["--snapshot", "empty", "none"];
    let ran = hosts
        .check(&[&named[..], &["hosts", "--format", "ndjson"]].concat())
        .exits(1)
        .complains("warning: no snapshots in `empty`")
        .complains("help: name a folder with *.json files")
        .complains("warning: no snapshots in `none`");
    let all = records(&ran.stdout);
    assert_eq!(of_kind(&all, "run").len(), 2);
    let unread = of_kind(&all, "unreadable");
    let folders: Vec<_> = unread.iter().map(|record| &record["snapshot"]).collect();
    assert_eq!(folders, ["empty", "none"]);
    let last = of_kind(&all, "fleet")[0];
    let counts = ["snapshots", "judged", "unreadable"].map(|field| last[field].as_u64());
    assert_eq!(counts, [Some(4), Some(2), Some(2)]);
    // Where the hosts that could be judged have no finding, that is no success either.
    let ran = hosts
        .check(&["--snapshot", "empty", "hosts", "--fail-on=none"])
        .exits(3);
    ran.says("3 snapshots of 2 hosts, 2 judged, 1 unreadable")
        .says("no snapshots in `empty`");
    let ran = hosts.check(&named).exits(2).no_result();
    ran.complains("error: no snapshots in `empty`");
}

/// As a root of hosts whose snapshots another user keeps.
#[test]
fn a_folder_that_cannot_be_read_is_counted_and_is_no_success() {
    let hosts = Hosts::of(names(1));
    let closed = hosts.around().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::write(closed.join("web-09.json"), host("web-09").to_string()).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let args = ["--snapshot", "hosts", "closed", "--fail-on=none"];
    let args = [&args[..], &NDJSON].concat();
    if fs::read_dir(&closed).is_ok() {
        // Root reads every folder; without its capabilities it does not.
        let launcher = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
        if Command::new("setpriv").arg("--version").output().is_err() {
            return skipped("root reads every folder, and there is no setpriv (util-linux)");
        }
        let ran = Tcptune::through(&launcher).args(["check"]).args(&args);
        judged_without(ran.within(hosts.around()).run());
    } else {
        judged_without(hosts.check(&args));
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

fn judged_without(ran: Ran) {
    let ran = ran.exits(3).complains("cannot read `closed`: EACCES");
    let all = records(&ran.stdout);
    let unread = of_kind(&all, "unreadable");
    assert_eq!(unread.len(), 1, "{ran}");
    assert_eq!(unread[0]["snapshot"], "closed");
    assert_eq!(of_kind(&all, "fleet")[0]["unreadable"], 1);
}

#[test]
fn a_file_with_several_names_is_judged_once_by_its_own() {
    let hosts = Hosts::of(names(2));
    for link in ["0.json", "latest.json", "zz.json"] {
        symlink("web-00.json", hosts.path(link)).unwrap();
    }
    // Elsewhere it has no name that counts.
    fs::write(hosts.around().join("far"), host("far").to_string()).unwrap();
    for link in ["far.json", "far-again.json"] {
        symlink("../far", hosts.path(link)).unwrap();
    }
    let order = |args: &[&str]| -> Vec<String> {
        let args = [&["--format", "ndjson", "--snapshot"][..], args].concat();
        let all = records(&hosts.check(&args).exits(1).quiet().stdout);
        let runs = of_kind(&all, "run").into_iter();
        runs.map(|run| run["snapshot"].as_str().unwrap().to_owned())
            .collect()
    };
    let once = ["far-again", "web-00", "web-01"].map(|name| format!("hosts/{name}.json"));
    assert_eq!(order(&["hosts"]), once);
    assert_eq!(order(&["hosts/zz.json", "hosts"]), once);
    let two = ["hosts/zz.json", "hosts/web-01.json", "hosts/0.json"];
    assert_eq!(order(&two), two[..2]);
}

#[test]
fn what_is_for_one_host_is_refused_for_many_with_what_to_do() {
    let hosts = Hosts::of(names(2));
    let two = ["--snapshot", "hosts/web-00.json", "hosts/web-01.json"];
    for format in ["json", "junit", "prometheus", "markdown"] {
        for named in [&["--snapshot", "hosts"][..], &two] {
            hosts
                .check(&[named, &["--format", format]].concat())
                .exits(2)
                .no_result()
                .complains("many snapshots have the formats human and ndjson")
                .complains("help: give --format ndjson or --format human");
        }
    }
    // To a monitor 2 would be something else.
    let nagios = hosts.check(&["--snapshot", "hosts", "--format", "nagios"]);
    nagios
        .exits(3)
        .says("UNKNOWN")
        .complains("help: give --format ndjson");
    hosts
        .check(&["--snapshot", "hosts", "--since", "hosts/web-00.json"])
        .exits(2)
        .complains("--since starts the window of one host");
    hosts
        .check(&["--jobs", "2"])
        .exits(2)
        .complains("--snapshot");
    hosts
        .check(&["--snapshot", "hosts", "--jobs", "0"])
        .exits(2);
    hosts.check(&["--snapshot", "hosts", "--apply"]).exits(2);
}

#[test]
fn one_file_is_judged_as_ever_in_every_format() {
    let hosts = Hosts::of(names(1));
    for format in ["human", "json", "ndjson", "junit", "prometheus", "markdown"] {
        hosts
            .check(&["--snapshot", "hosts/web-00.json", "--format", format])
            .exits(1)
            .quiet()
            .says(if format == "prometheus" {
                "tcptune_finding{"
            } else {
                "web-00"
            });
    }
}

#[test]
fn a_file_gets_what_standard_output_would_and_stays_whole_where_a_run_fails() {
    let hosts = Hosts::of(names(5));
    let file = hosts.around().join("fleet.ndjson");
    let to_file = [&["--snapshot", "hosts", "-o", "fleet.ndjson"][..], &NDJSON].concat();
    hosts.check(&to_file).exits(1).quiet().no_result();
    let written = fs::read_to_string(&file).unwrap();
    let printed = hosts.check(&[&["--snapshot", "hosts"][..], &NDJSON].concat());
    assert_eq!(settled(&written), settled(&printed.stdout));

    fs::write(&file, "old\n").unwrap();
    for name in names(5) {
        hosts.write(&format!("{name}.json"), "{");
    }
    hosts.check(&to_file).exits(2).no_result();
    assert_eq!(fs::read_to_string(&file).unwrap(), "old\n");
    let around = fs::read_dir(hosts.around()).unwrap().count();
    assert_eq!(around, 2, "nothing half-written is left");
    hosts
        .check(&[&["--snapshot", "hosts", "-o", "none/x"][..], &NDJSON].concat())
        .exits(2)
        .complains("cannot write `none/x`: ENOENT");
}
