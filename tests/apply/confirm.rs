//! Changes that wait to be confirmed.

use std::fs;
use std::io::{PipeReader, PipeWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::fs::{OFlags, fcntl_setfl};

use crate::program::{
    DROPIN, FIN, JOURNAL, PROGRAM, apply, apply_words, live, recorded, run, set, state, tcptune,
    two_keys, until,
};
use crate::stage::{on_stage, skip};

/// The process numbers of guards in this mount namespace's view of the machine, by the apply they guard.
fn guards(id: u32) -> Vec<u32> {
    let own = fs::read_link("/proc/self/ns/net").unwrap();
    let wanted = format!("tcptune\0guard\0{id}\0");
    let all = fs::read_dir("/proc").unwrap().flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    numbers
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line == wanted.as_bytes())
                && fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|net| net == own)
        })
        .collect()
}

fn no_guard(id: u32) {
    until("the guard has ended", || guards(id).is_empty());
}

#[test]
fn a_confirmed_apply_lasts() {
    on_stage("confirm::a_confirmed_apply_lasts", || {
        let start = state();
        apply(&two_keys(), &["--yes", "--confirm", "600"])
            .exits(0)
            .says("to be confirmed")
            .says("sudo tcptune confirm 1");
        assert_eq!(
            (live(FIN).as_str(), Path::new(DROPIN).exists()),
            ("40", false)
        );
        assert_eq!(guards(1).len(), 1);
        apply(&two_keys(), &["--yes"])
            .exits(3)
            .complains("waits to be confirmed");
        tcptune(["history"]).exits(0).says("waiting");
        // Whoever looks meanwhile sees values that are about to go.
        tcptune(["facts", "host.cpus"])
            .exits(0)
            .complains("apply 1 waits to be confirmed")
            .complains("net.ipv4.tcp_fin_timeout goes back to 60")
            .complains("sudo tcptune confirm");
        tcptune(["confirm"]).exits(0).says("over reboots");
        let said = tcptune(["facts", "host.cpus"]).exits(0).stderr;
        assert!(!said.contains("waits"), "{said}");
        no_guard(1);
        assert!(Path::new(DROPIN).exists());
        tcptune(["confirm", "1"]).exits(0).says("does not wait");
        tcptune(["rollback"]).exits(0);
        assert_eq!(state(), start);
    });
}

#[test]
fn nobody_confirms_and_the_values_go_back() {
    on_stage("confirm::nobody_confirms_and_the_values_go_back", || {
        let start = state();
        apply(&two_keys(), &["--yes", "--confirm", "1"]).exits(0);
        no_guard(1);
        assert_eq!((state(), recorded(1).as_str()), (start, "rolled_back"));
        tcptune(["confirm", "1"])
            .exits(1)
            .says("not confirmed in time");
    });
}

#[test]
fn a_file_that_somebody_wrote_meanwhile_is_not_judged_by_an_apply_that_never_wrote_it() {
    on_stage(
        "confirm::a_file_that_somebody_wrote_meanwhile_is_not_judged_by_an_apply_that_never_wrote_it",
        || {
            let start = state().0;
            apply(&two_keys(), &["--yes", "--confirm", "600"]).exits(0);
            let theirs = "vm.swappiness = 10\n";
            fs::write(DROPIN, theirs).unwrap();
            tcptune(["rollback"]).exits(0).says("apply 1: taken back");
            no_guard(1);
            assert_eq!((state().0, recorded(1).as_str()), (start, "rolled_back"));
            assert_eq!(fs::read_to_string(DROPIN).unwrap(), theirs);
        },
    );
}

#[test]
fn a_file_that_cannot_be_read_is_named_when_it_keeps_a_confirmation_from_lasting() {
    on_stage(
        "confirm::a_file_that_cannot_be_read_is_named_when_it_keeps_a_confirmation_from_lasting",
        || {
            let start = state();
            apply(&two_keys(), &["--yes", "--confirm", "600"]).exits(0);
            let later = "/etc/sysctl.d/70-later.conf";
            let made = Command::new("mkfifo").arg(later).status();
            assert!(made.unwrap().success());
            tcptune(["confirm"])
                .exits(4)
                .says("70-later.conf may set it, and could not be read");
            no_guard(1);
            assert_eq!(state(), start);
        },
    );
}

#[test]
fn a_waiting_apply_is_taken_back_when_asked() {
    on_stage("confirm::a_waiting_apply_is_taken_back_when_asked", || {
        let start = state();
        apply(&two_keys(), &["--yes", "--confirm", "600"]).exits(0);
        tcptune(["rollback"]).exits(0).says("apply 1: taken back");
        no_guard(1);
        assert_eq!(state(), start);
    });
}

#[test]
fn a_value_that_moved_while_it_waited_is_not_confirmed() {
    on_stage(
        "confirm::a_value_that_moved_while_it_waited_is_not_confirmed",
        || {
            apply(&two_keys(), &["--yes", "--confirm", "600"]).exits(0);
            set(FIN, "41");
            tcptune(["confirm"])
                .exits(3)
                .complains("does not have the value of apply 1");
            assert!(!Path::new(DROPIN).exists());
            tcptune(["rollback"]).exits(5).says("is 41");
            no_guard(1);
        },
    );
}

#[test]
fn the_guard_outlives_the_death_of_what_started_it() {
    on_stage(
        "confirm::the_guard_outlives_the_death_of_what_started_it",
        || {
            let start = state();
            // A session of its own, whose leader is killed the hard way with everything in its group.
            let words = apply_words(&two_keys()).join(" ");
            let script = format!("{PROGRAM} {words} --yes --confirm 1; kill -9 -$$");
            let status = Command::new("setsid")
                .args(["--wait", "sh", "-c", &script])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .status()
                .unwrap();
            assert!(!status.success());
            no_guard(1);
            assert_eq!((state(), recorded(1).as_str()), (start, "rolled_back"));
        },
    );
}

#[test]
fn the_guard_outlives_its_terminal() {
    on_stage("confirm::the_guard_outlives_its_terminal", || {
        if Command::new("script").arg("--version").output().is_err() {
            return skip("there is no script (util-linux)");
        }
        let start = state();
        let words = apply_words(&two_keys()).join(" ");
        let command = format!("{PROGRAM} {words} --yes --confirm 1");
        let status = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(0));
        no_guard(1);
        assert_eq!((state(), recorded(1).as_str()), (start, "rolled_back"));
    });
}

#[test]
fn values_go_back_although_nobody_reads_what_the_run_says() {
    on_stage(
        "confirm::values_go_back_although_nobody_reads_what_the_run_says",
        || {
            let start = state();
            let (reader, writer) = full_pipe();
            let mut running = Command::new(PROGRAM)
                .args(apply_words(&two_keys()))
                .args(["--yes", "--confirm", "1"])
                .stdin(Stdio::null())
                .stdout(writer)
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            until("the values are back", || {
                Path::new(JOURNAL).join("1.json").exists() && recorded(1) == "rolled_back"
            });
            assert_eq!(state(), start);
            assert!(running.try_wait().unwrap().is_none(), "it could say it all");
            drop(reader);
            running.wait().unwrap();
            no_guard(1);
        },
    );
}

/// A pipe that takes nothing more, as that of a stopped pager.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'.'; 4096]).is_ok() {}
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    (reader, writer)
}

#[test]
fn what_a_killed_guard_left_is_told_by_the_next_run_and_taken_back() {
    on_stage(
        "confirm::what_a_killed_guard_left_is_told_by_the_next_run_and_taken_back",
        || {
            let start = state();
            apply(&two_keys(), &["--yes", "--confirm", "1"]).exits(0);
            for pid in guards(1) {
                let killed = Command::new("kill")
                    .args(["-9", &pid.to_string()])
                    .status()
                    .unwrap();
                assert!(killed.success());
            }
            no_guard(1);
            assert!(Path::new(JOURNAL).exists());
            if recorded(1) != "waiting" {
                // It was faster than the kill.
                return assert_eq!(state(), start);
            }
            until("the time is up", || {
                let said = tcptune(["facts", "host.cpus"]).exits(0).stderr;
                said.contains("apply 1") && said.contains("sudo tcptune rollback 1")
            });
            tcptune(["facts", "host.cpus"]).complains("tcp_fin_timeout is as the apply wants it");
            apply(&two_keys(), &["--yes"])
                .exits(3)
                .complains("rollback 1");
            tcptune(["confirm"]).exits(1).says("its time is up");
            tcptune(["rollback"]).exits(0);
            assert_eq!(state(), start);
            run(Command::new(PROGRAM).args(["history"]))
                .exits(0)
                .quiet();
        },
    );
}
