//! Hosts that cannot be changed: the reason reaches the play, and nothing is half done.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::host::{FIN, Host, RETRIES, three};
use crate::play::Control;
use crate::stage::{ROOM, on_stage};

/// A profile at a path that every host sees.
fn edge() {
    let text =
        "profile: edge\nwant: { net.ipv4.tcp_fin_timeout: 40, net.ipv4.tcp_syn_retries: 5 }\n";
    fs::write(format!("{ROOM}/edge.yaml"), text).unwrap();
}

const TASK: &str = "
- name: make
  tcptune.tcptune.tcptune_apply:
    profile: /run/room/edge.yaml
    interval: 0
";

const ONE_BY_ONE: &str = "
- hosts: web
  gather_facts: false
  serial: 1
  max_fail_percentage: 0
  tasks:
    - name: make
      tcptune.tcptune.tcptune_apply:
        profile: /run/room/edge.yaml
        interval: 0
";

#[test]
fn a_host_whose_settings_cannot_be_written_says_why_and_stays_as_it_is() {
    let name = "failures::a_host_whose_settings_cannot_be_written_says_why_and_stays_as_it_is";
    on_stage(name, || {
        let hosts = three();
        let [first, second, third] = &hosts;
        edge();
        second.lock_settings();
        let start = second.state();
        let control = Control::of(&hosts);
        for words in [&["--check"][..], &[]] {
            let played = control.tasks(TASK, words).exits(2);
            let why = played.message(second, "make");
            assert!(why.contains("nothing was changed"), "{why}");
            assert!(
                why.contains("`net.ipv4.tcp_fin_timeout`: read-only"),
                "{why}"
            );
            assert_eq!(played.result(second, "make")["exit_code"], 3);
            for host in [first, third] {
                assert!(played.changed(host, "make"), "{played}");
            }
        }
        assert!(second.is_untouched());
        assert_eq!(second.state(), start);
        assert_eq!(third.live(FIN), "40");
    });
}

#[test]
fn a_roll_out_one_by_one_stops_at_the_first_failure() {
    let name = "failures::a_roll_out_one_by_one_stops_at_the_first_failure";
    on_stage(name, || {
        let hosts = three();
        let [first, second, third] = &hosts;
        edge();
        second.lock_settings();
        let start = third.state();
        let control = Control::of(&hosts);
        let played = control.play(ONE_BY_ONE, &[]).exits(2);
        assert!(played.changed(first, "make"), "{played}");
        assert_eq!(played.ended(second, "make"), Some("failed"), "{played}");
        assert_eq!(played.ended(third, "make"), None, "{played}");
        assert_eq!(first.live(FIN), "40");
        assert!(second.is_untouched() && third.is_untouched());
        assert_eq!(third.state(), start);
    });
}

/// A program in whose way something is put: these writes of the two settings fail.
fn with_faults(which: &str) -> String {
    let path = format!("{ROOM}/faulty");
    let key = |key: &str| format!("-P /proc/sys/{}", key.replace('.', "/"));
    let text = format!(
        "#!/bin/sh\nexec strace -f -qq -o /run/strace.log {} {} -e trace=write \
         -e inject=write:error=EIO:when={which} tcptune \"$@\"\n",
        key(FIN),
        key(RETRIES)
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_refused_write_takes_everything_back_and_a_rescue_can_go_on() {
    let name = "failures::a_refused_write_takes_everything_back_and_a_rescue_can_go_on";
    on_stage(name, || {
        let hosts = three();
        let [first, ..] = &hosts;
        edge();
        let start = first.state();
        let control = Control::of(&hosts);
        let program = with_faults("2");
        let tasks = format!(
            "
- name: change
  block:
    - name: make
      tcptune.tcptune.tcptune_apply:
        program: {program}
        profile: /run/room/edge.yaml
        interval: 0
      register: applied
  rescue:
    - name: back
      tcptune.tcptune.tcptune_apply: {{ state: rolled_back, id: '{{{{ applied.id }}}}' }}
"
        );
        let played = control.tasks(&tasks, &["--limit", "web-1"]).exits(0);
        let why = played.message(first, "make");
        assert!(
            why.contains("apply 1 failed, and everything is as before"),
            "{why}"
        );
        assert!(why.contains("EIO"), "{why}");
        assert_eq!(played.result(first, "make")["exit_code"], 4);
        assert!(!played.changed(first, "make"), "{played}");
        assert!(!played.changed(first, "back"), "{played}");
        assert_eq!(first.state(), start);
    });
}

#[test]
fn what_needs_a_person_is_named_and_never_passed_over() {
    let name = "failures::what_needs_a_person_is_named_and_never_passed_over";
    on_stage(name, || {
        let hosts = three();
        let [first, ..] = &hosts;
        edge();
        let control = Control::of(&hosts);
        let program = with_faults("2+");
        let tasks = TASK.replace(
            "interval: 0",
            &format!("interval: 0\n    program: {program}"),
        );
        let played = control.tasks(&tasks, &["--limit", "web-1"]).exits(2);
        let why = played.message(first, "make");
        assert!(
            why.contains("apply 1 is incomplete: a person has to look"),
            "{why}"
        );
        assert!(
            why.contains("net.ipv4.tcp_fin_timeout could not be taken back"),
            "{why}"
        );
        assert_eq!(played.result(first, "make")["exit_code"], 5);
        assert!(played.changed(first, "make"), "{played}");
    });
}

#[test]
fn another_file_or_another_run_in_the_way_is_told_in_the_program_s_words() {
    let name = "failures::another_file_or_another_run_in_the_way_is_told_in_the_program_s_words";
    on_stage(name, || {
        let hosts = three();
        let [shadowed, locked, bare] = &hosts;
        edge();
        shadowed.write(
            "/etc/sysctl.d/90-site.conf",
            "net.ipv4.tcp_fin_timeout = 60\n",
        );
        locked.run(
            "mkdir -m 700 /run/tcptune; flock /run/tcptune/lock sleep 600 >/dev/null 2>&1 & \
             while flock -n /run/tcptune/lock true; do sleep 0.1; done",
        );
        bare.run("umount /usr/local/bin/tcptune && rm /usr/local/bin/tcptune");
        let start = hosts.each_ref().map(Host::state);
        let control = Control::of(&hosts);
        let played = control.tasks(TASK, &[]).exits(2);
        let why = played.message(shadowed, "make");
        assert!(why.contains("/etc/sysctl.d/90-site.conf:1 wins"), "{why}");
        assert!(why.contains("--live-only"), "{why}");
        assert_eq!(played.result(shadowed, "make")["exit_code"], 3);
        let why = played.message(locked, "make");
        assert!(why.contains("another run"), "{why}");
        assert_eq!(played.result(locked, "make")["exit_code"], 6);
        let why = played.message(bare, "make");
        assert!(
            why.contains("tcptune is not installed on this host"),
            "{why}"
        );
        assert_eq!(hosts.each_ref().map(Host::state), start);
        // Named as the way past it, and it is one.
        let live = TASK.replace("interval: 0", "interval: 0\n    live_only: true");
        let played = control.tasks(&live, &["--limit", "web-1"]).exits(0);
        assert!(played.changed(shadowed, "make"), "{played}");
        assert_eq!(shadowed.live(FIN), "40");
        assert!(!shadowed.has(crate::host::DROPIN));
    });
}
