//! What stands where the drop-in or the journal should be: full disks, links, folders.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use crate::program::{ROLLBACK, apply, run};
use crate::site::SITE_FOLDER;
use crate::stage::on_stage;
use crate::verdict::{takes_back, tells_the_truth};
use crate::world::{Beginning, DROPIN, State};

/// A file system of so many pages over a folder, and what is in it copied there.
fn small(folder: &str, pages: usize) {
    let script = format!(
        "mkdir -p -m 700 {folder} && rm -rf /run/keep && cp -a {folder} /run/keep \
         && mount -t tmpfs -o mode=700,nr_blocks={pages} tmpfs {folder} && cp -a /run/keep/. {folder}/"
    );
    shell(&script);
}

fn shell(script: &str) {
    let output = Command::new("sh").args(["-c", script]).output();
    let output = output.expect("sh starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}");
}

#[test]
fn on_a_disk_that_is_full_sooner_or_later_nothing_is_lost() {
    on_stage(
        "obstacles::on_a_disk_that_is_full_sooner_or_later_nothing_is_lost",
        || {
            let beginning = Beginning::fresh();
            let mut codes = Vec::new();
            for folder in ["/var/lib/tcptune", "/etc/sysctl.d"] {
                for pages in 1..=8 {
                    beginning.lay();
                    small(folder, pages);
                    let ran = run(&apply(SITE_FOLDER));
                    let case = format!("{pages} pages for {folder}");
                    codes.push(ran.code);
                    tells_the_truth(&beginning, &ran, &case);
                    // Something else fills what is left, and the way back is asked for.
                    let _ = Command::new("sh")
                        .args(["-c", &format!("cat /dev/zero >{folder}/filler 2>/dev/null")])
                        .status();
                    let back = run(&ROLLBACK);
                    let now = State::now();
                    assert_eq!(now.values, beginning.state.values, "{case}: {}", back.said);
                    assert_eq!(now.dropin, beginning.state.dropin, "{case}: {}", back.said);
                    fs::remove_file(format!("{folder}/filler")).expect("it was made");
                    shell(&format!("mount -o remount,nr_blocks=64 {folder}"));
                    takes_back(&beginning, &case);
                    shell(&format!("umount {folder}"));
                }
            }
            for code in [Some(0), Some(4)] {
                assert!(codes.contains(&code), "{code:?} never came: {codes:?}");
            }
        },
    );
}

#[test]
fn a_link_in_the_place_of_the_drop_in_is_followed_and_stays() {
    on_stage(
        "obstacles::a_link_in_the_place_of_the_drop_in_is_followed_and_stays",
        || {
            let _ = Beginning::on_top();
            fs::create_dir_all("/var/lib/config").expect("it can be made");
            fs::rename(DROPIN, "/var/lib/config/tcptune").expect_err("another file system");
            fs::copy(DROPIN, "/var/lib/config/tcptune").expect("it can be copied");
            fs::remove_file(DROPIN).expect("it is ours");
            symlink("/var/lib/config/tcptune", DROPIN).expect("a link can be made");
            let before = State::now();
            let ran = run(&apply(SITE_FOLDER));
            assert_eq!(ran.code, Some(0), "{}", ran.said);
            assert!(fs::symlink_metadata(DROPIN).is_ok_and(|stat| stat.is_symlink()));
            assert_ne!(State::now().dropin, before.dropin);
            let ran = run(&ROLLBACK);
            assert_eq!(ran.code, Some(0), "{}", ran.said);
            assert!(fs::symlink_metadata(DROPIN).is_ok_and(|stat| stat.is_symlink()));
            assert_eq!(State::now(), before);
            let left: Vec<_> = fs::read_dir("/var/lib/config")
                .expect("it is there")
                .collect();
            assert_eq!(left.len(), 1, "{left:?}");
        },
    );
}

#[test]
fn what_is_no_file_of_ours_in_that_place_is_refused_and_stays() {
    on_stage(
        "obstacles::what_is_no_file_of_ours_in_that_place_is_refused_and_stays",
        || {
            let beginning = Beginning::fresh();
            let place = Path::new(DROPIN);
            let traps: [(&str, &dyn Fn()); 4] = [
                ("nothing is", &|| {
                    symlink("/run/nothing", place).expect("a link");
                }),
                ("a link to a device", &|| {
                    symlink("/dev/null", place).expect("a link");
                }),
                ("a folder", &|| fs::create_dir(place).expect("a folder")),
                ("tcptune", &|| {
                    fs::write(place, "net.ipv4.tcp_sack = 1\n").expect("a file");
                }),
            ];
            for (words, trap) in traps {
                trap();
                let inode = |path| {
                    fs::symlink_metadata(path)
                        .map(|stat| stat.permissions().mode())
                        .ok()
                };
                let there = (
                    inode(place),
                    fs::read_link(place).ok(),
                    fs::read(place).ok(),
                );
                let ran = run(&apply(SITE_FOLDER));
                assert_eq!(ran.code, Some(3), "{words}: {}", ran.said);
                assert!(
                    ran.said.contains(DROPIN) && ran.said.contains(words),
                    "{words}: {}",
                    ran.said
                );
                let after = (
                    inode(place),
                    fs::read_link(place).ok(),
                    fs::read(place).ok(),
                );
                assert_eq!(after, there, "{words}");
                assert_eq!(beginning.record(), None, "{words}: nothing was begun");
                let _ = fs::remove_dir(place);
                let _ = fs::remove_file(place);
                assert_eq!(State::now(), beginning.state, "{words}");
            }
        },
    );
}
