//! Where not everything may be changed: containers, namespaces, ordinary users.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use tcptune::host::{BootSource, Moment, Needs, Source, collect};

use crate::program::{
    DROPIN, FIN, PROGRAM, apply, apply_words, edit, live, recorded, run, state, tcptune, two_keys,
};
use crate::stage::{on_stage, skip};

#[test]
fn a_read_only_proc_sys_is_refused_before_anything_is_changed() {
    on_stage(
        "containers::a_read_only_proc_sys_is_refused_before_anything_is_changed",
        || {
            let (start, rules) = (state(), two_keys());
            for args in [
                &["--bind", "/proc/sys", "/proc/sys"][..],
                &["-o", "remount,ro,bind", "/proc/sys"],
            ] {
                assert!(Command::new("mount").args(args).status().unwrap().success());
            }
            apply(&rules, &["--yes"])
                .exits(3)
                .complains("read-only")
                .complains("nothing was changed");
            assert_eq!(state(), start);
            tcptune(["history"]).exits(0).says("No apply was ever made");
        },
    );
}

/// Its defaults are asked of a namespace made for the question, which costs more than all other looks together.
#[test]
fn a_container_without_files_is_looked_at_without_making_another_namespace() {
    on_stage(
        "containers::a_container_without_files_is_looked_at_without_making_another_namespace",
        || {
            fs::remove_dir_all("/run/systemd").unwrap();
            let source = Source::live().with_boot(BootSource::own());
            let look = || {
                let needs = Needs::Facts(["definition.key".to_owned()].into());
                let sample = collect(&source, &needs, Moment::End(None));
                let facts = sample.readings.into_keys();
                let asked: Vec<String> =
                    facts.filter(|fact| fact.starts_with("default.")).collect();
                (sample.boot.unwrap(), asked)
            };
            let (boot, asked) = look();
            assert!(
                boot.settings.len() > 100 && boot.definitions.is_empty(),
                "{boot:?}"
            );
            assert_eq!(asked, Vec::<String>::new());
            // What a file names is asked, where no table has its default.
            fs::write("/etc/sysctl.d/50-a.conf", "net.core.rps_default_mask = 1\n").unwrap();
            assert_eq!(look().1, ["default.net.core.rps_default_mask"]);
        },
    );
}

#[test]
fn an_ordinary_user_is_told_to_be_root() {
    on_stage("containers::an_ordinary_user_is_told_to_be_root", || {
        let (start, rules) = (state(), two_keys());
        let Some(mut user) = nobody() else {
            return;
        };
        user.arg(copy()).args(apply_words(&rules)).arg("--yes");
        run(&mut user)
            .exits(3)
            .complains("cannot be written here")
            .complains("sudo");
        assert_eq!(state(), start);
    });
}

#[test]
fn an_ordinary_user_sees_what_root_would_change() {
    on_stage(
        "containers::an_ordinary_user_sees_what_root_would_change",
        || {
            let (start, rules) = (state(), two_keys());
            let Some(mut user) = nobody() else {
                return;
            };
            user.arg(copy()).args(apply_words(&rules)).arg("--dry-run");
            let ran = run(&mut user)
                .exits(1)
                .says("plan: 2 changes")
                .says("only root may make these changes");
            assert!(ran.stdout.contains(&format!("{FIN}   60 -> 40")), "{ran}");
            // Root would not trust a plan of somebody else, so none is written.
            let plan = "/run/stage/home/plan";
            user.args(["--plan-out", plan]);
            run(&mut user).exits(3).complains("sudo");
            assert!(!Path::new(plan).exists());
            assert_eq!(state(), start);
        },
    );
}

#[test]
fn in_a_namespace_of_its_own_an_ordinary_user_changes_live_values() {
    on_stage(
        "containers::in_a_namespace_of_its_own_an_ordinary_user_changes_live_values",
        || {
            fs::remove_dir_all("/run/systemd").unwrap();
            let (start, rules) = (state(), two_keys());
            let Some(mut user) = nobody() else {
                return;
            };
            // In such a namespace the user is root, and root's own files are somebody else's.
            for file in ["", "/site", "/site/site-two.yaml"] {
                std::os::unix::fs::chown(format!("{rules}{file}"), Some(65534), None).unwrap();
            }
            let words = apply_words(&rules).join(" ");
            let script = format!(
                "P={}; $P {words} --yes || exit 90; cat /proc/sys/net/ipv4/tcp_fin_timeout; \
             $P rollback || exit 91; cat /proc/sys/net/ipv4/tcp_fin_timeout",
                copy()
            );
            user.args(["unshare", "-rn", "sh", "-c", &script]);
            let ran = run(&mut user);
            if ran.stderr.contains("unshare:") {
                return skip("an ordinary user can make no namespace here");
            }
            let ran = ran
                .exits(0)
                .says("no init system is seen here")
                .says("undo     tcptune rollback 1");
            assert!(
                ran.stdout.contains("\n40\n") && ran.stdout.ends_with("60\n"),
                "{ran}"
            );
            assert_eq!(state(), start, "this namespace is another one");
            let kept = "/run/stage/home/.local/state/tcptune/journal/1.json";
            assert_eq!(
                fs::metadata(kept).unwrap().permissions().mode() & 0o777,
                0o600
            );
        },
    );
}

#[test]
fn in_a_container_live_values_are_changed_and_it_is_said() {
    on_stage(
        "containers::in_a_container_live_values_are_changed_and_it_is_said",
        || {
            // Without an init system nobody would load a file into this namespace.
            fs::remove_dir_all("/run/systemd").unwrap();
            let start = state();
            apply(&two_keys(), &["--yes"])
                .exits(0)
                .says("no init system is seen here");
            assert_eq!(
                (live(FIN).as_str(), Path::new(DROPIN).exists()),
                ("40", false)
            );
            tcptune(["rollback"]).exits(0);
            assert_eq!(state(), start);
            // Whoever names the loader says that there will be one.
            apply(&two_keys(), &["--yes", "--boot-engine", "procps"])
                .exits(0)
                .says("over reboots");
            tcptune(["rollback"]).exits(0);
            assert_eq!(state(), start);
        },
    );
}

#[test]
fn a_namespace_beside_that_of_process_1_gets_live_values_only() {
    on_stage(
        "containers::a_namespace_beside_that_of_process_1_gets_live_values_only",
        || {
            let start = state();
            // As `ip netns exec` does it, on a host whose init system is systemd.
            let mut beside = Command::new("unshare");
            beside
                .args(["--net", PROGRAM])
                .args(apply_words(&two_keys()));
            run(beside.arg("--yes"))
                .exits(0)
                .says("boot files act on the network namespace of process")
                .says("until the next boot");
            assert_eq!(state(), start);
            // Nor where nobody can see which one that is.
            let mut cover = Command::new("mount");
            cover.args(["-t", "tmpfs", "none", "/proc/1"]);
            assert!(cover.status().unwrap().success());
            apply(&two_keys(), &["--yes"])
                .exits(0)
                .says("(/proc/1/ns/net:");
            assert!(!Path::new(DROPIN).exists());
        },
    );
}

#[test]
fn an_apply_in_another_namespace_is_taken_back_there() {
    on_stage(
        "containers::an_apply_in_another_namespace_is_taken_back_there",
        || {
            let start = state();
            let mut there = Command::new("unshare")
                .args(["--net", "sleep", "600"])
                .spawn()
                .unwrap();
            let pid = there.id().to_string();
            let own = fs::read_link("/proc/self/ns/net").unwrap();
            crate::program::until("the namespace is there", || {
                fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|net| net != own)
            });
            let ran = apply(&two_keys(), &["--yes", "--pid", &pid]).exits(0);
            let ran = ran
                .says("boot files do not act")
                .says(&format!("rollback 1 --pid {pid}"));
            drop(ran);
            assert_eq!(state(), start);
            tcptune(["rollback"])
                .exits(0)
                .says("nothing to take back in this network namespace; apply 1");
            tcptune(["rollback", "1"])
                .exits(3)
                .complains("another network namespace")
                .complains("--forget");
            tcptune(["rollback", "1", "--pid", &pid])
                .exits(0)
                .says("as before");
            apply(&two_keys(), &["--yes", "--pid", &pid]).exits(0);
            there.kill().unwrap();
            there.wait().unwrap();
            tcptune(["rollback", "2", "--forget"])
                .exits(0)
                .says("its network namespace is gone");
            tcptune(["rollback", "2"]).exits(0).says("already");
            assert_eq!(state(), start);
        },
    );
}

#[test]
fn an_apply_with_a_file_is_closed_although_its_namespace_is_gone() {
    on_stage(
        "containers::an_apply_with_a_file_is_closed_although_its_namespace_is_gone",
        || {
            let start = state();
            let mut beside = Command::new("unshare");
            beside
                .args(["--net", PROGRAM])
                .args(apply_words(&two_keys()));
            beside.args(["--yes", "--boot-engine", "systemd"]);
            run(&mut beside).exits(0).says("over reboots");
            assert!(Path::new(DROPIN).exists());
            tcptune(["rollback", "1"])
                .exits(3)
                .complains("sudo tcptune rollback 1 --forget");
            tcptune(["rollback", "1", "--forget"])
                .exits(0)
                .says("its network namespace is gone");
            assert_eq!((state(), recorded(1).as_str()), (start, "rolled_back"));
            // What was cut short, or waited, stands in the way of every apply until it is closed.
            apply(&two_keys(), &["--yes"]).exits(0);
            let file = fs::read(DROPIN).unwrap();
            for open in ["journaled", "applying", "waiting"] {
                edit(1, |record| record["state"] = open.into());
                apply(&two_keys(), &["--yes"]).exits(3).complains("apply 1");
                tcptune(["rollback", "1"]).exits(3).complains("--forget");
                tcptune(["rollback", "1", "--forget"]).exits(0);
                apply(&two_keys(), &["--yes"]).exits(0);
                assert_eq!(fs::read(DROPIN).unwrap(), file, "{open}");
            }
        },
    );
}

/// The program where everybody may run it.
fn copy() -> &'static str {
    let to = "/run/stage/tcptune";
    if !Path::new(to).exists() {
        // By another process: a child that another test starts meanwhile must not hold the copy open.
        let copied = Command::new("cp").args([PROGRAM, to]).status();
        assert!(copied.unwrap().success());
        fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
    }
    to
}

/// A launcher that makes a command one of an ordinary user with a home.
fn nobody() -> Option<Command> {
    let home = "/run/stage/home";
    fs::create_dir_all(home).unwrap();
    std::os::unix::fs::chown(home, Some(65534), Some(65534)).unwrap();
    if Command::new("setpriv").arg("--version").output().is_err() {
        skip("there is no setpriv (util-linux)");
        return None;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    command
        .env("HOME", home)
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_RUNTIME_DIR");
    Some(command)
}
