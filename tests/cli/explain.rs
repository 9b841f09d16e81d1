//! `tcptune explain` from outside.

use std::collections::BTreeMap;
use std::process::Command;

use crate::run::{PROGRAM, Ran, Tcptune, is_root, skipped, tree};

fn explain(args: &[&str]) -> Ran {
    Tcptune::new().args(["explain"]).args(args).run()
}

/// The numbers of an answer, by name.
fn values(ran: &Ran) -> BTreeMap<String, Option<String>> {
    let json = ran.json();
    let told = json["values"].as_array().unwrap().iter();
    told.map(|one| {
        let value = one["value"].as_str().map(str::to_owned);
        (one["name"].as_str().unwrap().to_owned(), value)
    })
    .collect()
}

#[test]
fn every_kind_of_topic_is_explained_on_this_host() {
    for (words, parts) in [
        (
            &["fin_timeout"][..],
            &["net.ipv4.tcp_fin_timeout", "live", "next boot", "Sources"][..],
        ),
        (
            &["TIME-WAIT"],
            &["Who must act next", "What helps", "time-wait-overflow"],
        ),
        (
            &["ECONNRESET"],
            &["error 104", "How to tell them apart", "What to repair"],
        ),
        (&["110"], &["ETIMEDOUT", "What follows from the settings"]),
        (&["connection", "refused"], &["ECONNREFUSED", "error 111"]),
        (
            &["ListenOverflows"],
            &["TcpExt.ListenOverflows", "so far", "nstat"],
        ),
        (&["SO_KEEPALIVE"], &["socket option", "tcp_keepalive_time"]),
        (&["handshake"], &["tcpdump"]),
        (&["dead-peer"], &["tcp_retries2", "How it is worked out"]),
        (
            &["accept-queue-overflow"],
            &["high symptom rule", "When it fires", "net.core.somaxconn"],
        ),
    ] {
        let mut ran = explain(words).exits(0);
        for part in parts {
            ran = ran.says(part);
        }
    }
}

#[test]
fn all_of_a_kind_are_on_one_page() {
    explain(&["states"])
        .exits(0)
        .says("CLOSE-WAIT")
        .says("connect(): SYN goes out");
    explain(&["timings"])
        .exits(0)
        .says("dead-idle-peer")
        .says("2 h 11 min");
    explain(&["myths"]).exits(0).says("tcp_tw_recycle");
    explain(&["errors"])
        .exits(0)
        .says("104: Connection reset by peer");
    explain(&["rules"]).exits(0).says("accept-queue-overflow");
    for kind in ["sysctls", "counters", "options", "concepts"] {
        explain(&[kind]).exits(0).quiet();
    }
}

#[test]
fn lists_and_searches_name_what_there_is() {
    explain(&["--list"])
        .exits(0)
        .says("net.ipv4.tcp_rmem")
        .says("LAST-ACK")
        .says("ports-exhausted");
    explain(&["--list", "states"]).exits(0).says("SYN-RECV");
    explain(&["--list", "state"]).exits(0).says("SYN-RECV");
    explain(&["--search", "keepalive"])
        .exits(0)
        .says("tcp_keepalive_time")
        .says("SO_KEEPALIVE");
    explain(&["--list", "stats"])
        .exits(2)
        .no_result()
        .complains("did you mean `states`?");
    explain(&["--list", "zzz"])
        .exits(2)
        .no_result()
        .complains("give one of sysctls, states");
    explain(&["--search", "zebra crossing"])
        .exits(2)
        .no_result()
        .complains("no topic has `zebra crossing` in it");
}

#[test]
fn what_nobody_knows_is_an_error_that_says_what_was_meant() {
    for (word, part) in [
        (
            "tcp_kepalive_time",
            "did you mean `net.ipv4.tcp_keepalive_time`?",
        ),
        ("ECONRESET", "did you mean `ECONNRESET`?"),
        (
            "accept-queue-overflw",
            "did you mean `accept-queue-overflow`?",
        ),
        ("nothing at all like it", "tcptune explain --list"),
    ] {
        explain(&[word])
            .exits(2)
            .no_result()
            .complains("nothing is known of")
            .complains(part);
    }
}

#[test]
fn another_kernel_is_explained_by_its_defaults() {
    let connect = |release| {
        let ran = explain(&["connect", "--kernel", release, "--format", "json"]).exits(0);
        values(&ran)["timing.connect"].clone()
    };
    assert_eq!(connect("6.18").as_deref(), Some("131"));
    assert_eq!(connect("5.14.0-570.el9").as_deref(), Some("127"));
    explain(&["somaxconn", "--kernel", "5.3"])
        .exits(0)
        .says("Linux 5.3, by default")
        .says("128");
    explain(&["somaxconn", "--kernel", "six"])
        .exits(2)
        .no_result()
        .complains("`six` is no kernel release");
    explain(&["somaxconn", "--kernel", "5.3", "--pid", "1"])
        .exits(2)
        .complains("cannot be used with");
}

#[test]
fn a_recorded_host_is_explained_with_its_values() {
    let proc = tree("syn-flood");
    let ran = explain(&["tcp_syncookies", "--proc", &proc, "--format", "json"]).exits(0);
    let live = std::fs::read_to_string(format!("{proc}/sys/net/ipv4/tcp_syncookies")).unwrap();
    let told = values(&ran);
    assert_eq!(
        told["sysctl.net.ipv4.tcp_syncookies"].as_deref(),
        Some(live.trim())
    );
    let ran = explain(&["states", "--proc", &proc, "--format", "json"]).exits(0);
    assert!(values(&ran)["socket.syn_recv"].as_deref() > Some("0"));
}

#[test]
fn json_is_by_the_schema_and_markdown_has_a_heading() {
    let schema = Tcptune::new()
        .args(["schema", "explain"])
        .run()
        .exits(0)
        .json();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    for words in [
        &["fin_timeout"][..],
        &["states"],
        &["timings"],
        &["ESTAB"],
        &["ports-exhausted"],
        &["TcpExt.TW"],
        &["--list"],
        &["--search", "NAT"],
    ] {
        let answer = explain(&[words, &["--format", "json"]].concat())
            .exits(0)
            .json();
        let faults: Vec<_> = validator
            .iter_errors(&answer)
            .map(|one| one.to_string())
            .collect();
        assert_eq!(faults, [""; 0], "{words:?}");
        assert_eq!(answer["schema"], "tcptune.explain/1");
        let page = explain(&[words, &["--format", "markdown"]].concat()).exits(0);
        assert!(page.stdout.starts_with("# "), "{page}");
    }
}

#[test]
fn a_disabled_rule_is_still_explained_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let text = "id: abort-on-overflow\ndisabled: true\nreason: not here\n";
    std::fs::write(folder.path().join("abort-on-overflow.yaml"), text).unwrap();
    explain(&[
        "abort-on-overflow",
        "--rules",
        folder.path().to_str().unwrap(),
    ])
    .exits(0)
    .says("disabled by");
}

#[test]
fn without_proc_every_kind_is_explained_by_the_defaults_of_the_kernel() {
    if !is_root() {
        return skipped("hiding /proc needs root");
    }
    let hide = "mount -t tmpfs none /proc && exec \"$0\" explain \"$@\"";
    for (words, part) in [
        (
            &["fin_timeout"][..],
            "by default: nothing could be read here",
        ),
        (&["connect"], "131 s"),
        (&["ETIMEDOUT"], "924.6 s"),
        (&["states"], "CLOSE-WAIT"),
        (&["TIME-WAIT"], "What helps"),
        (&["ListenOverflows"], "What a rise means"),
        (&["ports-exhausted"], "When it fires"),
        (&["myths"], "tcp_tw_recycle"),
    ] {
        let out = Command::new("unshare")
            .args([
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-c",
                hide,
                PROGRAM,
            ])
            .args(words)
            .output()
            .unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let words_said = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(0), "{words:?}: {words_said}");
        assert!(text.contains(part), "{words:?}: {text}");
    }
}

/// Runs the program in a terminal of so many rows, with a pager that marks each line.
fn in_terminal(rows: u16, words: &str) -> String {
    let line =
        format!("stty rows {rows} cols 80; PAGER='sed s/^/paged:/' {PROGRAM} explain {words}");
    let out = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("script (util-linux) starts");
    String::from_utf8_lossy(&out.stdout).replace('\r', "")
}

#[test]
fn a_pager_shows_what_is_longer_than_the_terminal_and_nothing_else() {
    let long = in_terminal(10, "ETIMEDOUT --color never");
    assert!(long.contains("paged:ETIMEDOUT"), "{long}");
    let short = in_terminal(500, "ETIMEDOUT --color never");
    assert!(
        short.contains("ETIMEDOUT") && !short.contains("paged:"),
        "{short}"
    );
    let off = in_terminal(10, "ETIMEDOUT --color never --no-pager");
    assert!(!off.contains("paged:"), "{off}");
    let json = in_terminal(10, "ETIMEDOUT --format json");
    assert!(!json.contains("paged:"), "{json}");
    // A pipe is no terminal.
    let piped = Tcptune::new()
        .env("PAGER", "sed s/^/paged:/")
        .args(["explain", "ETIMEDOUT"]);
    assert!(!piped.run().exits(0).stdout.contains("paged:"));
}

#[test]
fn a_pager_that_is_not_there_is_no_loss() {
    let line = format!(
        "stty rows 10 cols 80; PAGER=/nonexistent/pager {PROGRAM} explain EPIPE --color never"
    );
    let out = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .stdin(std::process::Stdio::null())
        .output()
        .expect("script (util-linux) starts");
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(
        text.contains("EPIPE") && text.contains("What to repair"),
        "{text}"
    );
}

#[test]
fn a_family_is_shown_with_each_of_its_members() {
    let proc = tree("hand-edited-6.1");
    let ran = explain(&["rp_filter", "--proc", &proc, "--format", "json"]).exits(0);
    let told = values(&ran);
    let members: Vec<&String> = told
        .keys()
        .filter(|name| name.ends_with(".rp_filter"))
        .collect();
    assert!(members.len() > 1, "{members:?}");
    assert!(told.contains_key("sysctl.net.ipv4.conf.all.rp_filter"));
}

#[test]
fn rules_about_texts_are_explained_too() {
    explain(&["lint-tw-recycle"])
        .exits(0)
        .says("high setting rule");
    explain(&["lint-tw-recylce"])
        .exits(2)
        .complains("did you mean `lint-tw-recycle`?");
}

#[test]
fn a_key_that_a_kernel_still_has_is_not_told_to_be_gone() {
    let here = "It is here, and gone from Linux 4.12 on";
    let old = tree("el7-3.10-tw-recycle");
    explain(&["tw_recycle", "--proc", &old]).exits(0).says(here);
    explain(&["tw_recycle", "--kernel", "3.10"])
        .exits(0)
        .says(here);
    let gone = explain(&["tw_recycle", "--kernel", "6.1"]).exits(0);
    assert!(!gone.says("It is gone").stdout.contains(here));
}

#[test]
fn a_key_that_newer_kernels_ignore_is_told_to_work_where_it_does() {
    let works = "It works here; without effect from Linux 6.6 on";
    let old = explain(&["tcp_adv_win_scale", "--kernel", "6.1"]).exits(0);
    let old = old.says(works).says("without effect from Linux 6.6 on");
    assert!(!old.stdout.contains("does nothing any more"));
    explain(&["tcp_adv_win_scale", "--kernel", "6.12"])
        .exits(0)
        .says("It does nothing any more")
        .says("without effect since Linux 6.6");
    // A vendor's kernel may have taken the change over.
    let unknown = "whether this vendor's kernel reads";
    explain(&["tcp_adv_win_scale", "--proc", &tree("el7-3.10")])
        .exits(0)
        .says(unknown);
    let fack = explain(&["tcp_fack", "--kernel", "4.14"]).exits(0);
    let fack = fack.says("It works here; without effect from Linux 4.15 on");
    assert!(!fack.stdout.contains("Nothing changes"));
    let busy = explain(&["tcp_low_latency", "--kernel", "4.9"]).exits(0);
    busy.says("It works here; without effect from Linux 4.14 on");
}

#[test]
fn a_key_is_one_for_the_machine_where_namespaces_have_no_own_yet() {
    let machine = "one for the whole machine; absent in other network namespaces";
    let own = "each network namespace has its own";
    let old = explain(&["tcp_challenge_ack_limit", "--kernel", "4.4"]).exits(0);
    let old = old.says(machine).says("of the whole machine");
    assert!(!old.stdout.contains("Kubernetes") && !old.stdout.contains(own));
    explain(&["tcp_challenge_ack_limit", "--kernel", "6.1"])
        .exits(0)
        .says(own)
        .says("per network namespace")
        .says("Kubernetes");
    let vendor = "3.10.0-1160.el7.x86_64";
    let vendor = explain(&["tcp_syn_retries", "--kernel", vendor]).exits(0);
    let vendor = vendor.says("scope  not known: each network namespace has its own from Linux 4.6");
    assert!(!vendor.stdout.contains("Kubernetes"));
    // The host's value in every namespace is none of its own.
    let cap = explain(&["net.core.rmem_max", "--kernel", "6.18"]).exits(0);
    let cap = cap.says("6.11: shown in every network namespace, with the host's value");
    assert!(!cap.stdout.contains("6.11: one for each"));
    explain(&["net.core.rmem_max", "--kernel", "6.1"])
        .exits(0)
        .says(machine);
}

#[test]
fn what_a_key_takes_and_means_goes_by_the_kernel() {
    let takes = |key, release| explain(&[key, "--kernel", release]).exits(0);
    takes("tcp_ecn", "6.12").says("takes    0 to 2");
    takes("tcp_ecn", "6.19").says("takes    not known of this kernel");
    takes("tcp_retries2", "6.1").says("takes    0 to 255");
    takes("tcp_retries2", "3.10").says("not known of this kernel; from Linux 5.13 on 0 to 255");
    takes("tcp_reordering", "6.12")
        .says("1 to net.ipv4.tcp_max_reordering, which is 300 by default");
    takes("somaxconn", "3.10.0-1160.el7.x86_64").says("takes    0 to 65535");
    let reuse = "tcp_tw_reuse";
    takes(reuse, "6.1").says("2        on for loopback only");
    takes(reuse, "4.14").says("2        on for every destination");
    takes(reuse, "3.10.0-1160.el7.x86_64").says("on for loopback only from Linux 4.19 on; before");
}

#[test]
fn what_the_list_of_times_names_opens_the_time() {
    let list = explain(&["--list", "timings"]).exits(0);
    list.says("timing/time-wait").says("timing/fin-wait-2");
    let found = explain(&["--search", "tcp_fin_timeout"]).exits(0);
    found.says("timing/fin-wait-2");
    for (name, sentence) in [
        ("timing/time-wait", "how long TIME-WAIT lasts"),
        ("connect", "how long connect() waits"),
    ] {
        let page = explain(&[name, "--kernel", "6.18"]).exits(0);
        page.says(sentence).says("How it is worked out");
    }
}

#[test]
fn retries_of_a_syn_ack_that_are_never_reached_end_nothing() {
    let page = explain(&["tcp_synack_retries", "--kernel", "6.12"]).exits(0);
    page.says("from 128 on for ever");
    let formula = explain(&["syn-ack", "--kernel", "6.12"]).exits(0);
    formula.says("more are never reached, since it counts in 7 bits");
}

#[test]
fn before_linux_3_1_the_first_time_out_of_a_handshake_is_three_seconds() {
    explain(&["connect", "--kernel", "2.6.32"])
        .exits(0)
        .says("189 s")
        .says("after 3, 9, 21, 45, 93 s")
        .says("Before Linux 3.1");
    explain(&["syn-ack", "--kernel", "2.6.32"])
        .exits(0)
        .says("after 3, 9, 21, 45, 93 s");
    explain(&["connect", "--kernel", "3.10"])
        .exits(0)
        .says("127 s");
}
