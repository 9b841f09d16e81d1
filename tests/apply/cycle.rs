//! A change, and back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::program::{
    DROPIN, FIN, JOURNAL, PROGRAM, RETRIES, apply, fin, live, rule, run, set, state, tcptune,
    two_keys,
};
use crate::stage::on_stage;

fn mode(path: &str) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_change_is_made_kept_listed_and_taken_back_exactly() {
    on_stage(
        "cycle::a_change_is_made_kept_listed_and_taken_back_exactly",
        || {
            let (start, rules) = (state(), two_keys());
            apply(&rules, &["--dry-run"])
                .exits(1)
                .quiet()
                .says("plan: 2 changes");
            assert_eq!(state(), start, "a dry run changes nothing");
            let args = [
                "check",
                "--apply",
                "--yes",
                "--interval",
                "0",
                "--rules",
                &rules,
            ];
            run(Command::new(PROGRAM).args(args).env("SUDO_USER", "alice"))
                .exits(0)
                .quiet()
                .says("apply 1: 2 changes made and read back")
                .says("sudo tcptune rollback 1");
            assert_eq!(
                (live(FIN), live(RETRIES)),
                ("40".to_owned(), "5".to_owned())
            );
            let text = fs::read_to_string(DROPIN).unwrap();
            assert!(text.contains("site-two, 2"), "{text}");
            assert!(text.contains("\nnet.ipv4.tcp_fin_timeout = 40\n"), "{text}");
            assert_eq!((mode(DROPIN), mode(JOURNAL)), (0o644, 0o700));
            assert_eq!(mode(&format!("{JOURNAL}/1.json")), 0o600);

            let after = state();
            apply(&rules, &["--yes"]).exits(0).says("Nothing to do");
            apply(&rules, &["--dry-run"]).exits(0).says("Nothing to do");
            assert_eq!(state(), after);
            tcptune(["history"])
                .exits(0)
                .says("apply 1")
                .says("alice")
                .says("committed");

            tcptune(["rollback"])
                .exits(0)
                .quiet()
                .says("apply 1: taken back");
            assert_eq!(state(), start);
            tcptune(["rollback"]).exits(0).says("nothing to take back");
            tcptune(["rollback", "1"])
                .exits(0)
                .says("taken back already");
            assert_eq!(state(), start);
            tcptune(["history"]).exits(0).says("rolled back");
        },
    );
}

#[test]
fn applies_on_top_of_each_other_are_undone_in_either_order() {
    on_stage(
        "cycle::applies_on_top_of_each_other_are_undone_in_either_order",
        || {
            let start = state();
            let make = || {
                apply(&two_keys(), &["--yes"]).exits(0);
                let middle = state();
                apply(&fin("site-later", 30), &["--yes"]).exits(0);
                assert_eq!(live(FIN), "30");
                middle
            };
            let middle = make();
            tcptune(["rollback"]).exits(0).says("apply 2");
            assert_eq!(state(), middle);
            tcptune(["rollback"]).exits(0).says("apply 1");
            assert_eq!(state(), start);

            make();
            tcptune(["rollback", "3"])
                .exits(0)
                .says("a newer apply has set it since");
            assert_eq!(live(FIN), "30", "the newer one stands");
            assert_eq!(live(RETRIES), start.1);
            tcptune(["rollback", "4"]).exits(0);
            assert_eq!(state(), start);
        },
    );
}

#[test]
fn what_rests_on_a_symptom_needs_to_be_accepted() {
    on_stage(
        "cycle::what_rests_on_a_symptom_needs_to_be_accepted",
        || {
            let start = state();
            let rules = rule("symptom", "site-symptom", &[(FIN, "duration('30s')")]);
            apply(&rules, &["--yes"])
                .exits(0)
                .says("it rests on a symptom");
            assert_eq!(state(), start);
            apply(&rules, &["--dry-run", "--yes"]).exits(0);
            apply(&rules, &["--dry-run"]).exits(1);
            apply(&rules, &["--yes", "--accept", "all"]).exits(0);
            assert_eq!(live(FIN), "30");
        },
    );
}

#[test]
fn a_symptom_that_stays_is_told_and_the_rollback_offered() {
    on_stage(
        "cycle::a_symptom_that_stays_is_told_and_the_rollback_offered",
        || {
            let rules = rule("symptom", "site-symptom", &[(FIN, "duration('30s')")]);
            let more = ["--yes", "--accept", "all", "--prove", "1"];
            apply(&rules, &more)
                .exits(1)
                .says("nothing improved")
                .says("rollback 1");
            assert_eq!(live(FIN), "30", "it stands until somebody takes it back");
            let record = tcptune(["history", "--format", "json"]).exits(0).json();
            assert_eq!(
                record["applies"][0]["proof"]["rules"][0]["rule"],
                "site-symptom"
            );
            apply(&fin("site-fin", 20), &["--yes", "--prove", "1"])
                .exits(0)
                .says("no symptom");
        },
    );
}

#[test]
fn a_symptom_whose_listener_keeps_the_old_value_is_not_told_to_be_gone() {
    on_stage(
        "cycle::a_symptom_whose_listener_keeps_the_old_value_is_not_told_to_be_gone",
        || {
            const SOMAXCONN: &str = "net.core.somaxconn";
            set(SOMAXCONN, "16");
            let _listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let rules = rule("symptom", "site-queue", &[(SOMAXCONN, "4096")]);
            let file = format!("{rules}/site/site-queue.yaml");
            let text = fs::read_to_string(&file).unwrap();
            let text = text.replace("when: 'true'", "when: sysctl.net.core.somaxconn < 4096");
            fs::write(&file, text).unwrap();
            let more = [
                "--yes", "--accept", "all", "--prove", "1", "--format", "json",
            ];
            let report = apply(&rules, &more).exits(1).json();
            let proof = &report["proof"];
            assert_eq!(proof["improved"], Value::Null, "{proof}");
            assert_eq!(proof["rules"][0]["cannot_be_told"], true, "{proof}");
            let after = proof["rules"][0]["after"].as_str().unwrap();
            assert!(after.contains("until it is restarted"), "{after}");
            tcptune(["history"]).exits(0).says("cannot be told");
            let schema = tcptune(["schema", "apply"]).exits(0).json();
            let schema = jsonschema::validator_for(&schema).unwrap();
            assert!(schema.is_valid(&report), "{report}");
        },
    );
}

#[test]
fn what_is_never_written_is_refused_whoever_wants_it() {
    on_stage(
        "cycle::what_is_never_written_is_refused_whoever_wants_it",
        || {
            let set = [
                ("net.ipv4.ip_forward", "1"),
                ("net.core.netdev_max_backlog", "5000"),
                (FIN, "duration('40s')"),
            ];
            let before = live("net.ipv4.ip_forward");
            let rules = rule("setting", "site-all", &set);
            apply(&rules, &["--yes"])
                .exits(2)
                .complains("`net.ipv4.ip_forward` is never written");
            let rules = rule("setting", "site-rest", &set[1..]);
            apply(&rules, &["--yes"])
                .exits(0)
                .says("apply it on the host");
            assert_eq!(
                (live(FIN), live("net.ipv4.ip_forward")),
                ("40".to_owned(), before)
            );
        },
    );
}

#[test]
fn documents_for_programs_are_of_the_published_schemas() {
    on_stage(
        "cycle::documents_for_programs_are_of_the_published_schemas",
        || {
            let valid = |name: &str, document: &Value| {
                let schema = tcptune(["schema", name]).exits(0).json();
                let validator = jsonschema::validator_for(&schema).unwrap();
                let errors: Vec<String> = validator
                    .iter_errors(document)
                    .map(|error| error.to_string())
                    .collect();
                assert!(errors.is_empty(), "{name}: {errors:?}");
            };
            let rules = two_keys();
            let json = ["--format", "json"];
            let planned = apply(&rules, &[&["--dry-run"], &json[..]].concat())
                .exits(1)
                .json();
            assert_eq!(planned["outcome"], "planned");
            valid("apply", &planned);
            let plan = "/run/stage/plan.json";
            apply(&rules, &["--plan-out", plan]).exits(0);
            valid(
                "plan",
                &serde_json::from_slice(&fs::read(plan).unwrap()).unwrap(),
            );
            let made = apply(&rules, &[&["--yes"], &json[..]].concat())
                .exits(0)
                .json();
            assert_eq!(
                (&made["outcome"], &made["id"]),
                (&"committed".into(), &1.into())
            );
            assert_eq!(made["undo"], "sudo tcptune rollback 1");
            valid("apply", &made);
            // The file's text, before and after, as it was foretold.
            assert_eq!(made["dropin_before"], Value::Null);
            assert_eq!(made["dropin_after"], planned["dropin_after"]);
            let text = fs::read_to_string(DROPIN).unwrap();
            assert_eq!(made["dropin_after"], text.as_str());
            let again = apply(&rules, &[&["--yes"], &json[..]].concat())
                .exits(0)
                .json();
            assert_eq!(again["outcome"], "nothing_to_do");
            let back = tcptune(["rollback", "--format", "json"]).exits(0).json();
            assert_eq!(back["outcome"], "rolled_back");
            assert_eq!(back["dropin_before"], text.as_str());
            assert_eq!(back["dropin_after"], Value::Null);
            valid("apply", &back);
            valid(
                "history",
                &tcptune(["history", "--format", "json"]).exits(0).json(),
            );
        },
    );
}

#[test]
fn a_runbook_s_recipe_is_applied_but_for_what_this_kernel_does_not_have() {
    on_stage(
        "cycle::a_runbook_s_recipe_is_applied_but_for_what_this_kernel_does_not_have",
        || {
            let recipe = [
                ("net.ipv4.tcp_syncookies", "1"),
                ("net.ipv4.tcp_tw_reuse", "1"),
                ("net.ipv4.tcp_tw_recycle", "1"),
                ("net.ipv4.tcp_fin_timeout", "duration('30s')"),
                ("net.ipv4.tcp_keepalive_time", "duration('60s')"),
                ("net.ipv4.tcp_keepalive_intvl", "duration('20s')"),
                ("net.ipv4.tcp_keepalive_probes", "3"),
            ];
            if fs::exists(crate::program::file_of("net.ipv4.tcp_tw_recycle")).unwrap() {
                return crate::stage::skip("this kernel still has tcp_tw_recycle");
            }
            set("net.ipv4.tcp_syncookies", "0");
            let all = || {
                let there = recipe.iter().filter(|(key, _)| !key.ends_with("recycle"));
                there.map(|(key, _)| live(key)).collect::<Vec<_>>()
            };
            let start = (all(), fs::read(DROPIN).ok());
            let rules = rule("setting", "site-recipe", &recipe);
            apply(&rules, &["--yes"])
                .exits(0)
                .says("6 changes made and read back")
                .says("not done net.ipv4.tcp_tw_recycle -> 1")
                .says("removed in Linux 4.12");
            assert_eq!(all(), ["1", "1", "30", "60", "20", "3"]);
            apply(&rules, &["--yes"]).exits(0).says("Nothing to do");
            tcptune(["rollback"]).exits(0);
            assert_eq!((all(), fs::read(DROPIN).ok()), start);
        },
    );
}

#[test]
fn two_thresholds_that_bound_each_other_fall_together_and_rise_again() {
    on_stage(
        "cycle::two_thresholds_that_bound_each_other_fall_together_and_rise_again",
        || {
            let keys = ["net.ipv4.ipfrag_high_thresh", "net.ipv4.ipfrag_low_thresh"];
            let now = || keys.map(live);
            let start = now();
            for (id, high, low) in [
                ("fall", "2097152", "1048576"),
                ("rise", "16777216", "8388608"),
            ] {
                let rules = rule("setting", id, &[(keys[0], high), (keys[1], low)]);
                apply(&rules, &["--yes"]).exits(0).says("over reboots");
                assert_eq!(now(), [high, low]);
                tcptune(["rollback"]).exits(0);
                assert_eq!(now(), start);
            }
        },
    );
}
