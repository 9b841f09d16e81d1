//! Full and read-only disks.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::program::{apply, state, tcptune, two_keys};
use crate::stage::on_stage;

/// Mounts a small file system and fills it.
fn fill(folder: &str) {
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=16k,mode=755", "tmpfs", folder])
        .status()
        .unwrap();
    assert!(mounted.success());
    let _ = fs::write(Path::new(folder).join("full"), vec![b'x'; 1 << 20]);
}

#[test]
fn without_room_for_the_journal_nothing_is_begun() {
    on_stage(
        "disk::without_room_for_the_journal_nothing_is_begun",
        || {
            let start = state();
            fill("/var/lib");
            apply(&two_keys(), &["--yes"])
                .exits(4)
                .complains("nothing was changed")
                .complains("ENOSPC");
            assert_eq!(state(), start);
            fs::remove_file("/var/lib/full").unwrap();
            apply(&two_keys(), &["--yes"]).exits(0);
        },
    );
}

#[test]
fn without_room_for_the_drop_in_everything_is_taken_back() {
    on_stage(
        "disk::without_room_for_the_drop_in_everything_is_taken_back",
        || {
            fill("/etc/sysctl.d");
            let start = state();
            apply(&two_keys(), &["--yes"])
                .exits(4)
                .says("failed; everything is as before")
                .says("ENOSPC");
            assert_eq!(state(), start);
            tcptune(["history"]).exits(0).says("rolled back");
            fs::remove_file("/etc/sysctl.d/full").unwrap();
            apply(&two_keys(), &["--yes"]).exits(0);
        },
    );
}

#[test]
fn a_result_that_cannot_be_written_takes_nothing_back() {
    on_stage(
        "disk::a_result_that_cannot_be_written_takes_nothing_back",
        || {
            let full = fs::OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .unwrap();
            let rules = two_keys();
            let status = Command::new(crate::program::PROGRAM)
                .args(crate::program::apply_words(&rules))
                .arg("--yes")
                .stdin(std::process::Stdio::null())
                .stdout(full)
                .status()
                .unwrap();
            assert_eq!(status.code(), Some(0), "the host is as wanted");
            assert_eq!(crate::program::recorded(1), "committed");
        },
    );
}
