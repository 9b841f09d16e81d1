//! Plans as files: applied as reviewed, or not at all.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::program::{
    DROPIN, FIN, PROGRAM, RETRIES, apply, fin, live, rule, run, set, state, tcptune, two_keys,
};
use crate::stage::on_stage;

const PLAN: &str = "/run/stage/plan.json";

fn write_plan() {
    apply(&two_keys(), &["--plan-out", PLAN])
        .exits(0)
        .says(PLAN);
}

fn edit(change: impl FnOnce(&mut Value)) {
    let mut plan: Value = serde_json::from_slice(&fs::read(PLAN).unwrap()).unwrap();
    change(&mut plan);
    fs::write(PLAN, plan.to_string()).unwrap();
}

#[test]
fn a_reviewed_plan_is_applied_as_it_is() {
    on_stage("plan_files::a_reviewed_plan_is_applied_as_it_is", || {
        let start = state();
        write_plan();
        assert_eq!(state(), start);
        assert_eq!(
            fs::metadata(PLAN).unwrap().permissions().mode() & 0o7777,
            0o600
        );
        apply(&two_keys(), &["--dry-run", "--plan-out", PLAN]).exits(1);
        tcptune(["apply", "--plan", PLAN, "--dry-run"]).exits(1);
        tcptune(["apply", "--plan", PLAN]).exits(0).says("apply 1");
        assert_eq!((live(FIN).as_str(), live(RETRIES).as_str()), ("40", "5"));
        // Whoever runs it again, as configuration management does, is told so.
        let made = state();
        tcptune(["apply", "--plan", PLAN])
            .exits(0)
            .says("every change of the plan is made already");
        assert_eq!(state(), made);
        set(RETRIES, "4");
        tcptune(["apply", "--plan", PLAN])
            .exits(3)
            .complains("`net.ipv4.tcp_fin_timeout` was 60 and is 40 now");
        set(RETRIES, "5");
        tcptune(["rollback"]).exits(0);
        assert_eq!(state(), start);
        // A symptom's change was seen by whoever reviewed it.
        let rules = rule("symptom", "site-symptom", &[(FIN, "duration('30s')")]);
        let spaced = "/run/stage/my plan.json";
        apply(&rules, &["--plan-out", spaced, "--live-only"])
            .exits(0)
            .says("tcptune apply --plan '/run/stage/my plan.json'")
            .says("tcptune rollback gives every key back what it had");
        apply(&rules, &["--plan-out", PLAN, "--live-only"]).exits(0);
        tcptune(["apply", "--plan", PLAN])
            .exits(0)
            .says("until the next boot");
        assert_eq!(live(FIN), "30");
    });
}

#[test]
fn a_plan_is_refused_when_anything_it_rests_on_has_changed() {
    on_stage(
        "plan_files::a_plan_is_refused_when_anything_it_rests_on_has_changed",
        || {
            fs::write("/etc/sysctl.d/10-a.conf", "# a\n").unwrap();
            fs::write("/etc/sysctl.d/20-b.conf", "# b\n").unwrap();
            let start = state();
            let stale = |parts: &[&str]| {
                let mut ran = tcptune(["apply", "--plan", PLAN])
                    .exits(3)
                    .complains("out of date");
                for part in parts {
                    ran = ran.complains(part);
                }
            };
            write_plan();
            fs::write("/etc/sysctl.d/10-a.conf", "# other\n").unwrap();
            fs::remove_file("/etc/sysctl.d/20-b.conf").unwrap();
            fs::write("/etc/sysctl.d/30-c.conf", "# c\n").unwrap();
            set(FIN, "55");
            stale(&[
                "/etc/sysctl.d/10-a.conf has changed",
                "/etc/sysctl.d/20-b.conf is gone",
                "/etc/sysctl.d/30-c.conf is new",
                "`net.ipv4.tcp_fin_timeout` was 60 and is 55 now",
            ]);
            set(FIN, &start.0);
            write_plan();
            fs::write("/etc/sysctl.d/99-z.conf", "net.ipv4.tcp_fin_timeout = 9\n").unwrap();
            stale(&["/etc/sysctl.d/99-z.conf is new", "wins over"]);
            fs::remove_file("/etc/sysctl.d/99-z.conf").unwrap();
            write_plan();
            edit(|plan| plan["boot_id"] = "another".into());
            stale(&["in another boot"]);
            write_plan();
            edit(|plan| plan["netns"] = 7.into());
            stale(&["in another network namespace"]);
            write_plan();
            edit(|plan| plan["dropin"]["path"] = "/etc/sysctl.d/00-a.conf".into());
            stale(&["it names /etc/sysctl.d/00-a.conf"]);
            write_plan();
            apply(&fin("site-fin", 50), &["--yes"]).exits(0);
            set(FIN, &start.0);
            stale(&["60-tcptune.conf has changed"]);
            fs::write(DROPIN, "x = 1\n").unwrap();
            stale(&["60-tcptune.conf has changed"]);
        },
    );
}

#[test]
fn an_edited_plan_gets_nothing_past_the_catalogue() {
    on_stage(
        "plan_files::an_edited_plan_gets_nothing_past_the_catalogue",
        || {
            let start = state();
            let refused = |change: fn(&mut Value), part: &str| {
                write_plan();
                edit(change);
                tcptune(["apply", "--plan", PLAN]).exits(2).complains(part);
            };
            refused(|plan| plan["changes"][1]["after"] = "200".into(), "outside");
            refused(
                |plan| plan["changes"][0]["after"] = "many".into(),
                "whole number",
            );
            refused(
                |plan| plan["changes"][0]["key"] = "net.ipv4.ip_forward".into(),
                "never written",
            );
            refused(
                |plan| plan["changes"][0]["key"] = "net.ipv4.tcp_fastopen_key".into(),
                "secret",
            );
            refused(
                |plan| plan["changes"][0]["key"] = "net.made.up".into(),
                "does not know",
            );
            refused(
                |plan| plan["changes"][0]["key"] = plan["changes"][1]["key"].clone(),
                "twice",
            );
            refused(
                |plan| plan["changes"][0]["rules"] = vec!["a\nvm.x = 1"].into(),
                "no rule",
            );
            refused(
                |plan| plan["changes"] = Value::Array(Vec::new()),
                "no change",
            );
            refused(
                |plan| plan["schema"] = "tcptune.plan/9".into(),
                "has the format",
            );
            refused(|plan| plan["more"] = 1.into(), "is no plan");
            write_plan();
            edit(|plan| plan["dropin"]["after"] = "vm.x = 1\n".into());
            tcptune(["apply", "--plan", PLAN])
                .exits(3)
                .complains("does not hold its changes");
            assert_eq!(state(), start);
        },
    );
}

#[test]
fn a_plan_takes_no_port_from_a_service() {
    on_stage("plan_files::a_plan_takes_no_port_from_a_service", || {
        let range = "net.ipv4.ip_local_port_range";
        let rules = rule("setting", "site-range", &[(range, "[20000, 60999]")]);
        let start = live(range);
        apply(&rules, &["--live-only", "--plan-out", PLAN]).exits(0);
        // Since it was written, somebody has begun to listen.
        let listener = TcpListener::bind("127.0.0.1:25000").unwrap();
        tcptune(["apply", "--plan", PLAN])
            .exits(3)
            .complains("cannot be applied here")
            .complains("services listen on ports that would become part of the range");
        drop(listener);
        edit(|plan| plan["changes"][0]["after"] = "1100 60999".into());
        tcptune(["apply", "--plan", PLAN])
            .exits(3)
            .complains("ports below 16384 are given to services by custom");
        assert_eq!(live(range), start);
        edit(|plan| plan["changes"][0]["after"] = "20000 60999".into());
        tcptune(["apply", "--plan", PLAN]).exits(0);
        tcptune(["apply", "--plan", PLAN])
            .exits(0)
            .says("every change of the plan is made already");
    });
}

#[test]
fn a_plan_goes_through_a_link_and_replaces_an_older_one_by_none() {
    on_stage(
        "plan_files::a_plan_goes_through_a_link_and_replaces_an_older_one_by_none",
        || {
            let behind = "/run/stage/behind.json";
            fs::write(behind, "").unwrap();
            std::os::unix::fs::symlink(behind, PLAN).unwrap();
            write_plan();
            assert!(fs::symlink_metadata(PLAN).unwrap().is_symlink());
            apply(&two_keys(), &["--yes"]).exits(0);
            apply(&two_keys(), &["--plan-out", PLAN])
                .exits(0)
                .says("nothing to do: no open change is proposed")
                .says("holds none");
            let plan: Value = serde_json::from_slice(&fs::read(behind).unwrap()).unwrap();
            assert_eq!(plan["changes"], Value::Array(Vec::new()));
            tcptune(["apply", "--plan", PLAN])
                .exits(2)
                .complains("holds no change");
        },
    );
}

#[test]
fn a_plan_that_others_can_write_is_not_trusted() {
    on_stage(
        "plan_files::a_plan_that_others_can_write_is_not_trusted",
        || {
            write_plan();
            fs::set_permissions(PLAN, fs::Permissions::from_mode(0o622)).unwrap();
            tcptune(["apply", "--plan", PLAN])
                .exits(2)
                .complains("not trusted");
            fs::set_permissions(PLAN, fs::Permissions::from_mode(0o600)).unwrap();
            std::os::unix::fs::chown(PLAN, Some(65534), None).unwrap();
            tcptune(["apply", "--plan", PLAN])
                .exits(2)
                .complains("not trusted");
        },
    );
}

#[test]
fn a_plan_of_another_namespace_does_not_fit_this_one() {
    on_stage(
        "plan_files::a_plan_of_another_namespace_does_not_fit_this_one",
        || {
            write_plan();
            let mut elsewhere = Command::new("unshare");
            elsewhere.args(["--net", PROGRAM, "apply", "--plan", PLAN]);
            run(&mut elsewhere)
                .exits(3)
                .complains("in another network namespace");
        },
    );
}
