//! What is not written, and what is said about it.

use std::fs;

use crate::program::{CHANGES, OF_THE_MACHINE, Plan, tcptune};

#[test]
fn an_unknown_tool_is_answered_with_all_there_are() {
    let plan = Plan::of(&CHANGES);
    let ran = plan.export("chef", &[]).exits(2).says("");
    for word in [
        "sysctl.d",
        "ansible",
        "salt",
        "puppet",
        "tuned",
        "nixos",
        "cloud-init",
        "kubernetes",
        "docker",
        "compose",
    ] {
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
}

#[test]
fn everything_a_tool_cannot_carry_is_told_at_once_and_nothing_is_written() {
    let plan = Plan::of(&[&CHANGES[..], &[OF_THE_MACHINE]].concat());
    let file = plan.folder.path().join("pod.yaml");
    let name = file.to_str().unwrap();
    plan.export("kubernetes", &["--kubernetes", "1.28", "-o", name])
        .exits(3)
        .says("")
        .complains("kubernetes cannot carry 6 of 8 setting(s); nothing was written")
        .complains("net.core.somaxconn = 8192: Kubernetes does not call it safe for pods")
        .complains("net.ipv4.tcp_keepalive_time = 600: safe from Kubernetes 1.29 on, not in 1.28")
        .complains("net.core.netdev_max_backlog = 4096: one setting for the whole node")
        .complains("help: set them by other means; --skip-refused");
    assert!(!file.exists());
    // What the kubelet may be told to allow is carried then; what is the node's is not.
    plan.export("kubernetes", &["--allow-unsafe"])
        .exits(3)
        .complains("kubernetes cannot carry 1 of 8");
    let ran = plan.export("kubernetes", &["--allow-unsafe", "--skip-refused"]);
    let out = ran.exits(0).out;
    assert!(
        out.contains("--allowed-unsafe-sysctls=net.core.somaxconn,"),
        "{out}"
    );
    assert!(
        out.contains("#   net.core.netdev_max_backlog = 4096: one setting"),
        "{out}"
    );
}

#[test]
fn where_nothing_is_left_nothing_is_written() {
    let plan = Plan::of(&[OF_THE_MACHINE]);
    let ran = plan.export("docker", &["--skip-refused"]).exits(3).says("");
    assert!(!ran.err.contains("help:"), "{}", ran.err);
}

#[test]
fn an_edited_plan_carries_neither_secrets_nor_what_is_never_written() {
    let plan = Plan::of(&[
        (
            "net.ipv4.tcp_fastopen_key",
            "00000000-11111111-22222222-33333333",
            "a",
        ),
        ("net.ipv4.ip_forward", "1", "b"),
        ("net.ipv4.tcp_sack", "1", "c\nnet.ipv4.tcp_timestamps = 0"),
    ]);
    let ran = plan.export("sysctl.d", &[]).exits(3).says("");
    let ran = ran
        .complains("net.ipv4.tcp_fastopen_key: secret, never written")
        .complains("net.ipv4.ip_forward = 1: never written");
    assert!(!ran.err.contains("11111111"), "{}", ran.err);
    let out = plan.export("sysctl.d", &["--skip-refused"]).exits(0).out;
    assert!(!out.contains("11111111"), "{out}");
    let sets: Vec<&str> = out
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert_eq!(sets, ["net.ipv4.tcp_sack = 1"]);
}

#[test]
fn a_place_that_cannot_be_written_changes_nothing() {
    let plan = Plan::of(&CHANGES);
    let folder = plan.folder.path().to_str().unwrap();
    plan.export("sysctl.d", &["-o", folder])
        .exits(2)
        .complains("EISDIR");
    let file = format!("{folder}/no/such.conf");
    plan.export("sysctl.d", &["-o", &file])
        .exits(2)
        .complains("help: make its folder first");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
}

#[test]
fn options_that_do_not_go_together_are_told() {
    let plan = Plan::of(&CHANGES);
    plan.export("docker", &["--allow-unsafe"])
        .exits(2)
        .complains("--allow-unsafe is about pods, and docker is not");
    plan.export("kubernetes", &["--kubernetes", "new"])
        .exits(2)
        .complains("`new` is no Kubernetes release");
    plan.export("docker", &["--profile", "proxy"]).exits(2);
    tcptune(&["export", "--to", "docker"])
        .exits(2)
        .complains("--plan");
    tcptune(&["export", "--to", "docker", "--profile", "general"])
        .exits(2)
        .complains("sets nothing");
    tcptune(&["export", "--to", "docker", "--plan", "/nowhere/plan.json"])
        .exits(2)
        .complains("ENOENT");
}

#[test]
fn a_plan_without_changes_and_a_file_that_is_no_plan_are_told() {
    let plan = Plan::of(&[]);
    plan.export("salt", &[]).exits(2).complains("sets nothing");
    fs::write(plan.file(), "{}").unwrap();
    plan.export("salt", &[]).exits(2).complains("is no plan");
}
