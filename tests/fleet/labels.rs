//! What a site calls its hosts, and the settings of each of them, in the records.

use serde_json::json;

use crate::made::{Hosts, host, of_kind, records, set};
use crate::run::{Tcptune, tree};

#[test]
fn a_label_goes_from_the_host_over_the_snapshot_into_every_record() {
    let hosts = Hosts::new();
    let file = hosts.path("a.json");
    let tree = tree("plain-6.18");
    let args = [
        "snapshot",
        "--proc",
        &tree,
        "--label",
        "role=edge",
        "--label",
        "dc=k\u{f6}ln 2",
        "-o",
    ];
    Tcptune::new()
        .args(args)
        .args([&file])
        .run()
        .exits(0)
        .quiet();
    hosts.put("b.json", &host("b"));
    let args = ["--snapshot", "hosts", "--format", "ndjson", "--settings"];
    let ran = hosts.check(&[&args[..], &["--label", "dc=here", "--label", "run=7"]].concat());
    let all = records(&ran.audited().quiet().stdout);
    for record in &all {
        let of_a = record["host"] != "b" && record["record"] != "fleet";
        assert_eq!(
            record.get("label_role"),
            of_a.then(|| json!("edge")).as_ref(),
            "{record}"
        );
        assert_eq!(
            (&record["label_dc"], &record["label_run"]),
            (&json!("here"), &json!("7"))
        );
    }
    let ran = hosts
        .check(&["--snapshot", "hosts/a.json", "--format", "ndjson"])
        .audited();
    assert!(
        records(&ran.stdout)
            .iter()
            .all(|record| record["label_dc"] == "k\u{f6}ln 2")
    );
}

#[test]
fn a_live_look_takes_labels_too() {
    let tree = tree("plain-6.18");
    let args = [
        "check",
        "--proc",
        &tree,
        "--format",
        "ndjson",
        "--label",
        "role=edge",
    ];
    let ran = Tcptune::new().args(args).run().audited().quiet();
    assert!(
        records(&ran.stdout)
            .iter()
            .all(|record| record["label_role"] == "edge")
    );
}

#[test]
fn what_is_no_label_is_refused_with_what_one_is() {
    let tree = tree("plain-6.18");
    for (label, words) in [
        ("role", "give KEY=VALUE"),
        ("Role=x", "lower-case letter"),
        ("role=", "1 to 256 bytes"),
        ("role=\u{1b}[31m", "no control characters"),
    ] {
        for command in [
            &["check", "--format=ndjson"][..],
            &["snapshot", "-o", "/dev/null"],
        ] {
            let program = Tcptune::new()
                .args(command)
                .args(["--proc", &tree, "--label", label]);
            program.run().exits(2).no_result().complains(words);
        }
    }
    let hosts = Hosts::new();
    let mut bad = host("a");
    bad["labels"] = json!({ "a\nb": "x" });
    hosts.put("a.json", &bad);
    hosts
        .check(&["--snapshot", "hosts/a.json"])
        .exits(2)
        .complains("lower-case letter");
}

#[test]
fn labels_and_settings_are_refused_where_no_record_is_written() {
    let tree = tree("plain-6.18");
    for option in ["--settings", "--label=role=edge"] {
        for format in ["human", "json"] {
            let args = ["check", "--proc", &tree, "--format", format, option];
            let name = option.split('=').next().unwrap();
            Tcptune::new()
                .args(args)
                .run()
                .exits(2)
                .no_result()
                .complains(&format!("{name} adds to records"))
                .complains("help: add --format ndjson");
        }
    }
}

#[test]
fn each_setting_that_was_read_has_a_record_with_its_values() {
    let hosts = Hosts::new();
    let mut one = host("a");
    set(
        &mut one,
        "net.ipv4.tcp_rmem",
        &json!({ "triple": [4096, 131_072, 6_291_456] }),
    );
    one["now"]["readings"]["sysctl.net.ipv4.tcp_wmem"] = json!({ "denied": "EACCES" });
    one["now"]["readings"]["sysctl.net.ipv4.tcp_sack"] = json!("absent");
    hosts.put("a.json", &one);
    let ran = |more: &str| {
        let args = ["--snapshot", "hosts/a.json", "--format", "ndjson", more];
        hosts.check(&args).exits(1).quiet()
    };
    let all = records(&ran("--settings").stdout);
    let settings = of_kind(&all, "setting");
    let of = |key: &str| settings.iter().find(|record| record["key"] == key).copied();
    assert_eq!(
        of("net.ipv4.tcp_rmem").unwrap()["live"],
        "4096 131072 6291456"
    );
    assert_eq!(of("net.ipv4.tcp_wmem").unwrap()["live"], json!(null));
    assert_eq!(
        of("net.ipv4.tcp_wmem").unwrap()["boot_changes"],
        json!(null)
    );
    assert_eq!(of("net.ipv4.tcp_sack"), None);
    // A file says so, and what the recorded host has is not that.
    let fin = of("net.ipv4.tcp_fin_timeout").unwrap();
    assert_eq!(
        (&fin["live"], &fin["next_boot"], &fin["default"]),
        (&json!("60"), &json!("15"), &json!("60"))
    );
    assert_eq!(
        (&fin["boot_changes"], &fin["next_boot_line"]),
        (&json!(true), &json!(13))
    );
    assert_eq!(of("net.core.somaxconn").unwrap()["boot_changes"], false);
    let summary = all.last().unwrap();
    assert_eq!(
        (&summary["record"], &summary["records"]),
        (&json!("summary"), &json!(all.len()))
    );

    let plain = records(
        &hosts
            .check(&["--snapshot", "hosts/a.json", "--format", "ndjson"])
            .stdout,
    );
    assert_eq!(plain.len() + settings.len(), all.len());
    let some = records(&ran("--settings=net.ipv4.tcp_r,net.core.").stdout);
    let keys: Vec<&str> = of_kind(&some, "setting")
        .iter()
        .map(|one| one["key"].as_str().unwrap())
        .collect();
    assert!(
        keys.contains(&"net.ipv4.tcp_rmem") && keys.contains(&"net.core.somaxconn"),
        "{keys:?}"
    );
    let begins = |key: &&str| key.starts_with("net.ipv4.tcp_r") || key.starts_with("net.core.");
    assert!(keys.iter().all(begins), "{keys:?}");
}

#[test]
fn a_setting_is_named_in_any_spelling_and_what_names_none_is_told() {
    let hosts = Hosts::new();
    hosts.put("a.json", &host("a"));
    let mut queue_only = host("b");
    let readings = queue_only["now"]["readings"].as_object_mut().unwrap();
    readings.retain(|fact, _| fact == "sysctl.net.core.somaxconn");
    hosts.put("b.json", &queue_only);
    let ran = |snapshot: &str, settings: &str| {
        let args = ["--snapshot", snapshot, "--format", "ndjson", settings];
        hosts.check(&args)
    };
    for snapshot in ["hosts/a.json", "hosts"] {
        let keys = |settings: &str| -> Vec<String> {
            let all = records(&ran(snapshot, settings).audited().quiet().stdout);
            let settings = of_kind(&all, "setting").into_iter();
            settings
                .map(|one| one["key"].as_str().unwrap().to_owned())
                .collect()
        };
        let dotted = keys("--settings=net.ipv4.tcp_r");
        assert!(!dotted.is_empty());
        for other in [
            "net/ipv4/tcp_r",
            "sysctl.net.ipv4.tcp_r",
            "/proc/sys/net/ipv4/tcp_r",
        ] {
            assert_eq!(keys(&format!("--settings={other}")), dotted, "{other}");
        }
        assert_eq!(keys("--settings=sysctl."), keys("--settings"));
        // A name that another one covers is met all the same.
        keys("--settings=net.ipv4.,net.ipv4.tcp_rmem");
        let ran = ran(snapshot, "--settings=net.ipv4.tcp_r,net.ipv4.tpc_,vm.").audited();
        assert!(!ran.stderr.contains("tcp_r"), "{ran}");
        ran.complains("warning: no setting that was read begins with `net.ipv4.tpc_`")
            .complains("help: list keys with `tcptune facts sysctl.`");
    }
    for (slip, words) in [
        ("", "nothing is named"),
        ("net.core,", "nothing is named"),
        (",net.core", "nothing is named"),
        ("net.core, net.ipv4", "no name has blanks"),
        ("net.ipv4.*", "leave `*` away"),
    ] {
        ran("hosts", &format!("--settings={slip}"))
            .exits(2)
            .no_result()
            .complains(words);
    }
}
