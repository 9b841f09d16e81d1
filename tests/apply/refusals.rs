//! What is refused before anything is changed, and the exit code of each.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tcptune::host::Lock;

use crate::program::{
    DROPIN, FIN, RETRIES, apply, fin, live, recorded, rule, set, state, tcptune, two_keys,
};
use crate::stage::on_stage;

#[test]
fn a_file_that_would_win_is_named_and_live_only_goes_past_it() {
    on_stage(
        "refusals::a_file_that_would_win_is_named_and_live_only_goes_past_it",
        || {
            fs::write(
                "/etc/sysctl.d/99-mine.conf",
                "# mine\nnet.ipv4.tcp_fin_timeout = 33\n",
            )
            .unwrap();
            let (start, rules) = (state(), two_keys());
            for more in [
                &["--yes"][..],
                &["--dry-run"],
                &["--plan-out", "/run/stage/plan"],
            ] {
                apply(&rules, more)
                    .exits(3)
                    .complains("/etc/sysctl.d/99-mine.conf:2 wins over")
                    .complains("--live-only");
            }
            assert_eq!(state(), start);
            apply(&rules, &["--yes", "--live-only"])
                .exits(0)
                .says("until the next boot");
            assert_eq!(
                (live(FIN).as_str(), Path::new(DROPIN).exists()),
                ("40", false)
            );
            tcptune(["rollback"]).exits(0);
            assert_eq!(state(), start);
        },
    );
}

#[test]
fn a_drop_in_that_is_not_ours_is_left_alone() {
    on_stage("refusals::a_drop_in_that_is_not_ours_is_left_alone", || {
        let rules = two_keys();
        let refused = |part: &str| {
            let before = live(FIN);
            apply(&rules, &["--yes"])
                .exits(3)
                .complains(part)
                .complains("--live-only");
            assert_eq!(live(FIN), before);
        };
        fs::write(DROPIN, "vm.swappiness = 1\n").unwrap();
        refused("line 1 was not written by tcptune");
        assert_eq!(fs::read_to_string(DROPIN).unwrap(), "vm.swappiness = 1\n");
        fs::remove_file(DROPIN).unwrap();
        fs::create_dir(DROPIN).unwrap();
        refused("it is a folder");
        fs::remove_dir(DROPIN).unwrap();
        symlink("/run/stage/nowhere", DROPIN).unwrap();
        refused("where nothing is");
        fs::remove_file(DROPIN).unwrap();
        symlink("/dev/null", DROPIN).unwrap();
        refused("which masks it");
    });
}

#[test]
fn a_link_to_a_file_of_ours_is_followed_and_stays() {
    on_stage(
        "refusals::a_link_to_a_file_of_ours_is_followed_and_stays",
        || {
            apply(&fin("site-first", 50), &["--yes"]).exits(0);
            fs::copy(DROPIN, "/run/stage/kept").unwrap();
            fs::remove_file(DROPIN).unwrap();
            symlink("/run/stage/kept", DROPIN).unwrap();
            let before = fs::read("/run/stage/kept").unwrap();
            apply(&fin("site-second", 45), &["--yes"]).exits(0);
            assert!(fs::symlink_metadata(DROPIN).unwrap().is_symlink());
            assert!(fs::read_to_string(DROPIN).unwrap().contains("= 45"));
            tcptune(["rollback"]).exits(0);
            assert_eq!(fs::read("/run/stage/kept").unwrap(), before);
        },
    );
}

#[test]
fn an_edited_drop_in_is_kept_by_a_rollback_and_named() {
    on_stage(
        "refusals::an_edited_drop_in_is_kept_by_a_rollback_and_named",
        || {
            let before = live(FIN);
            apply(&fin("site-fin", 50), &["--yes"]).exits(0);
            let edited = format!("{}vm.swappiness = 1\n", fs::read_to_string(DROPIN).unwrap());
            fs::write(DROPIN, &edited).unwrap();
            tcptune(["rollback"])
                .exits(5)
                .says("incomplete")
                .says("is left as it is");
            assert_eq!(
                (live(FIN), fs::read_to_string(DROPIN).unwrap()),
                (before, edited)
            );
        },
    );
}

#[test]
fn a_value_of_somebody_else_is_left_and_named() {
    on_stage(
        "refusals::a_value_of_somebody_else_is_left_and_named",
        || {
            let start = state();
            apply(&two_keys(), &["--yes"]).exits(0);
            set(FIN, "77");
            tcptune(["rollback"])
                .exits(5)
                .says("LOOK")
                .says("is 77")
                .says("as before");
            assert_eq!(live(FIN), "77");
            tcptune(["history"]).exits(0).says("diverged");
            tcptune(["facts", "host.cpus"])
                .exits(0)
                .complains("apply 1 was not taken back whole")
                .complains("net.ipv4.tcp_fin_timeout")
                .complains("sudo tcptune rollback 1, or with --forget");
            // Once a person has put it right, the record is closed.
            set(FIN, &start.0);
            tcptune(["rollback"]).exits(0);
            assert_eq!(state(), start);
        },
    );
}

#[test]
fn what_a_rollback_left_is_closed_by_whoever_has_looked() {
    on_stage(
        "refusals::what_a_rollback_left_is_closed_by_whoever_has_looked",
        || {
            let start = state();
            let retries = rule("setting", "site-retries", &[(RETRIES, "5")]);
            apply(&retries, &["--yes"]).exits(0);
            tcptune(["rollback", "1", "--forget"])
                .exits(2)
                .complains("nobody tried to take it back");
            apply(&fin("site-fin", 50), &["--yes"]).exits(0);
            set(FIN, "77");
            tcptune(["rollback"])
                .exits(5)
                .says("sudo tcptune rollback 2 --forget");
            tcptune(["rollback", "2", "--forget"]).exits(0);
            assert_eq!(
                (live(FIN), recorded(2)),
                ("77".into(), "rolled_back".into())
            );
            // The older one is what comes next.
            tcptune(["rollback"]).exits(0).says("apply 1");
            assert_eq!(state(), ("77".to_owned(), start.1, start.2));
            tcptune(["rollback"]).exits(0).says("nothing to take back");
        },
    );
}

#[test]
fn a_value_that_the_kernel_words_in_its_own_way_is_taken_back() {
    on_stage(
        "refusals::a_value_that_the_kernel_words_in_its_own_way_is_taken_back",
        || {
            let mask = "net.ipv6.icmp.ratemask";
            let before = live(mask);
            // Shown as 0-1,3-126.
            let rules = rule("setting", "site-mask", &[(mask, "'\"0,1,3-126\"'")]);
            apply(&rules, &["--yes", "--live-only"])
                .exits(4)
                .says("made 0-1,3-126 of 0,1,3-126")
                .says("as before");
            assert_eq!((live(mask), recorded(1).as_str()), (before, "rolled_back"));
        },
    );
}

#[test]
fn another_run_holds_the_lock() {
    on_stage("refusals::another_run_holds_the_lock", || {
        let (start, rules) = (state(), two_keys());
        let held = Lock::take(Path::new("/run/tcptune/lock")).unwrap();
        let pid = format!("pid {}", std::process::id());
        apply(&rules, &["--yes"]).exits(6).complains(&pid);
        tcptune(["rollback"]).exits(6).complains(&pid);
        tcptune(["confirm"]).exits(6).complains(&pid);
        // Who only looks needs no lock.
        apply(&rules, &["--dry-run"]).exits(1);
        tcptune(["history"]).exits(0);
        drop(held);
        assert_eq!(state(), start);
        apply(&rules, &["--yes"]).exits(0);
    });
}

#[test]
fn without_a_terminal_somebody_has_to_have_said_yes() {
    on_stage(
        "refusals::without_a_terminal_somebody_has_to_have_said_yes",
        || {
            let start = state();
            apply(&two_keys(), &[])
                .exits(2)
                .complains("not a terminal")
                .complains("--yes");
            tcptune(["check", "--apply"])
                .exits(2)
                .complains("not a terminal");
            assert_eq!(state(), start);
            assert!(!Path::new("/run/tcptune").exists(), "nothing was begun");
        },
    );
}

#[test]
fn options_that_do_not_go_together_are_usage_errors() {
    on_stage(
        "refusals::options_that_do_not_go_together_are_usage_errors",
        || {
            for (args, part) in [
                (&["check", "--yes"][..], "--apply is not given"),
                (&["check", "--dry-run"], "--apply is not given"),
                (
                    &["check", "--apply", "--snapshot", "x"],
                    "cannot be used with",
                ),
                (
                    &["check", "--apply", "--proc", "/proc"],
                    "cannot be used with",
                ),
                (&["apply", "--plan", "x", "--yes"], "cannot be used with"),
                (
                    &["apply", "--dry-run", "--confirm", "5"],
                    "cannot be used with",
                ),
                (&["apply", "--yes", "--confirm", "0"], "0"),
                (
                    &["apply", "--yes", "--confirm", "5", "--prove", "5"],
                    "--prove and --confirm do not go together",
                ),
                (&["apply", "--plan", "/nonexistent"], "cannot read plan"),
                (&["rollback", "7"], "no apply 7"),
                (&["confirm"], "no apply waits"),
                (&["rollback", "--forget"], "required"),
            ] {
                tcptune(args).exits(2).complains(part);
            }
        },
    );
}
