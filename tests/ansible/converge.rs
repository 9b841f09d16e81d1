//! From what hosts have to what their role wants, and back.

use crate::host::{DROPIN, FIN, Host, RETRIES, three, until};
use crate::play::{Control, Played};
use crate::stage::on_stage;

/// The role, with a profile, a rule and a waiver of the site.
const ROLE: &str = "
- hosts: web
  gather_facts: false
  roles:
    - role: tcptune.tcptune.tune
      vars:
        tcptune_profiles:
          edge:
            want: { net.ipv4.tcp_fin_timeout: 40, net.ipv4.tcp_syn_retries: 5 }
        tcptune_rules_dir: /run/room/rules
        tcptune_waivers:
          - { rule: abort-on-overflow, reason: tried, owner: edge team, until: '2099-03-31' }
        tcptune_profile: edge
        tcptune_fail_on: high
";

/// What the role takes from the control node.
fn rules() {
    std::fs::create_dir_all("/run/room/rules").unwrap();
    let text = "id: no-op-key\ndisabled: true\nreason: one file for all\n";
    std::fs::write("/run/room/rules/no-op-key.yaml", text).unwrap();
}

const MAKE: &str = "Make the settings";

fn assert_as_wanted(hosts: &[Host], played: &Played) {
    for host in hosts {
        let [fin, retries, dropin] = host.state();
        assert_eq!((fin.as_str(), retries.as_str()), ("40", "5"), "{played}");
        for line in [
            "net.ipv4.tcp_fin_timeout = 40",
            "net.ipv4.tcp_syn_retries = 5",
        ] {
            assert!(dropin.contains(line), "{dropin}");
        }
    }
}

#[test]
fn three_hosts_converge_stay_and_are_brought_back_when_somebody_drifts() {
    let name = "converge::three_hosts_converge_stay_and_are_brought_back_when_somebody_drifts";
    on_stage(name, || {
        let hosts = three();
        let [first, second, third] = &hosts;
        let control = Control::of(&hosts);
        rules();
        first.set("net.ipv4.tcp_abort_on_overflow", "1");
        let start: Vec<_> = hosts.iter().map(Host::state).collect();

        // The profile is not there yet: nothing can be said of what it would change.
        let played = control.play(ROLE, &["--check"]).exits(0);
        assert_eq!(played.ended(first, MAKE), Some("skipped"), "{played}");
        assert!(played.changed(first, "Write the profiles"), "{played}");
        assert!(hosts.iter().all(Host::is_untouched));

        let played = control.play(ROLE, &[]).exits(0);
        assert!(hosts.iter().all(|host| played.changed(host, MAKE)));
        assert_as_wanted(&hosts, &played);
        // Accepted by the site: seen, and left alone.
        let report = &played.result(first, "Audit the host")["report"];
        assert_eq!(report["summary"]["waived"], 1, "{report}");
        assert_eq!(first.live("net.ipv4.tcp_abort_on_overflow"), "1");
        let notes = report["notes"].as_array().unwrap();
        let told = |note: &serde_json::Value| note.as_str().unwrap().contains("no-op-key");
        assert!(notes.iter().any(told), "{report}");

        let before: Vec<_> = hosts.iter().map(Host::state).collect();
        let played = control.play(ROLE, &[]).exits(0);
        assert!(played.changed_nothing(), "{played}");
        assert_eq!(played.result(first, MAKE)["outcome"], "nothing_to_do");
        let now: Vec<_> = hosts.iter().map(Host::state).collect();
        assert_eq!(now, before);

        // What was accepted holds until the list says otherwise, and an empty list says so.
        let waived = "Write the waivers";
        let (start_of, end_of) = (
            "        tcptune_waivers:\n",
            "        tcptune_profile: edge",
        );
        let (head, rest) = ROLE.split_once(start_of).unwrap();
        let (_, tail) = rest.split_once(end_of).unwrap();
        for (list, writes) in [
            ("", false),
            ("        tcptune_waivers: null\n", false),
            ("        tcptune_waivers: []\n", true),
        ] {
            let role = format!("{head}{list}{end_of}{tail}");
            let played = control.play(&role, &["--check"]).exits(0);
            assert_eq!(played.changed(first, waived), writes, "{list}: {played}");
        }

        // Somebody changes one host by hand. That is seen without a change, and taken back by one.
        second.set(FIN, "17");
        let played = control.play(ROLE, &["--check", "--diff"]).exits(0);
        let says = played.says("-net.ipv4.tcp_fin_timeout = 17");
        let played = says.says("+net.ipv4.tcp_fin_timeout = 40");
        assert!(played.changed(second, MAKE), "{played}");
        assert_eq!(second.live(FIN), "17");
        let played = control.play(ROLE, &[]).exits(0);
        assert!(played.changed(second, MAKE), "{played}");
        for host in [first, third] {
            assert!(!played.changed(host, MAKE), "{played}");
        }
        assert_as_wanted(&hosts, &played);

        // The way back: the repair, then the apply itself.
        let back = "
- name: back
  tcptune.tcptune.tcptune_apply: { state: rolled_back, id: 1 }
";
        let played = control.tasks(back, &["--check", "--diff"]).exits(0);
        assert!(played.changed(first, "back"), "{played}");
        assert_as_wanted(&hosts, &played);
        let latest = "
- name: latest
  tcptune.tcptune.tcptune_apply: { state: rolled_back, id: 2 }
";
        let limit = ["--limit", "web-2"];
        let played = control.tasks(latest, &limit).exits(0);
        assert!(played.changed(second, "latest"), "{played}");
        let played = control.tasks(back, &["--diff"]).exits(2);
        let played = played.says("-net.ipv4.tcp_syn_retries = 5");
        for (host, start) in [first, third].into_iter().zip([&start[0], &start[2]]) {
            assert!(played.changed(host, "back"), "{played}");
            assert_eq!(host.state(), *start, "{played}");
        }
        // Before the repair there was what a hand had set. It is not ours: it stays, and is named.
        let why = played.message(second, "back");
        assert!(
            why.contains("net.ipv4.tcp_fin_timeout is 17: somebody else"),
            "{why}"
        );
        assert_eq!(second.live(FIN), "17");
        assert_eq!(second.live(RETRIES), start[1][1]);
        assert!(!second.has(DROPIN));
        let played = control.tasks(back, &["--limit", "web-1,web-3"]).exits(0);
        assert!(played.changed_nothing(), "{played}");
    });
}

const TASK: &str = "
- name: make
  tcptune.tcptune.tcptune_apply:
    profile: /run/room/edge.yaml
    interval: 0
";

fn edge() {
    let text =
        "profile: edge\nwant: { net.ipv4.tcp_fin_timeout: 40, net.ipv4.tcp_syn_retries: 5 }\n";
    std::fs::write("/run/room/edge.yaml", text).unwrap();
}

#[test]
fn check_mode_foretells_the_drop_in_and_the_live_values() {
    let name = "converge::check_mode_foretells_the_drop_in_and_the_live_values";
    on_stage(name, || {
        let hosts = three();
        let control = Control::of(&hosts);
        edge();
        let foretold = control.tasks(TASK, &["--check", "--diff"]).exits(0);
        assert!(hosts.iter().all(Host::is_untouched));
        let made = control.tasks(TASK, &["--diff"]).exits(0);
        for host in &hosts {
            assert!(foretold.changed(host, "make"), "{foretold}");
            let [would, did] = [&foretold, &made].map(|one| &one.result(host, "make")["diff"]);
            assert_eq!(would, did);
            assert_eq!(did[0]["after_header"], DROPIN);
            assert_eq!(did[0]["before"], "");
            assert_eq!(did[0]["after"].as_str().unwrap().trim(), host.state()[2]);
            let live = "net.ipv4.tcp_fin_timeout = 40\nnet.ipv4.tcp_syn_retries = 5\n";
            assert_eq!(did[1]["after_header"], "live values");
            assert_eq!(did[1]["after"], live);
            assert_eq!(made.result(host, "make")["undo"], "sudo tcptune rollback 1");
        }
    });
}

#[test]
fn a_user_becomes_root_where_nothing_can_be_executed_from_the_temporary_folder() {
    let name =
        "converge::a_user_becomes_root_where_nothing_can_be_executed_from_the_temporary_folder";
    on_stage(name, || {
        let hosts = three();
        edge();
        let as_user = ["--user", "deploy", "--become", "-e", "ansible_user=deploy"];
        for (pipelining, changes) in [("0", true), ("1", false)] {
            let control = Control::of(&hosts).with("ANSIBLE_PIPELINING", pipelining);
            let played = control.tasks(TASK, &as_user).exits(0);
            for host in &hosts {
                assert_eq!(played.changed(host, "make"), changes, "{played}");
            }
            assert_as_wanted(&hosts, &played);
        }
        // The journal is root's, and names who asked.
        let history = hosts[0].run("tcptune history --format json");
        let history: serde_json::Value = serde_json::from_str(&history).unwrap();
        assert_eq!(history["applies"][0]["user"], "deploy");
    });
}

#[test]
fn a_reviewed_plan_is_made_once() {
    on_stage("converge::a_reviewed_plan_is_made_once", || {
        let hosts = three();
        let [first, second, third] = &hosts;
        let control = Control::of(&hosts);
        edge();
        for host in &hosts {
            host.run(
                "tcptune apply --interval 0 --profile /run/room/edge.yaml --plan-out /root/plan",
            );
        }
        third.set(RETRIES, "4");
        let tasks = "
- name: plan
  tcptune.tcptune.tcptune_apply: { plan: /root/plan }
";
        let played = control.tasks(tasks, &["--check"]).exits(2);
        assert!(played.changed(first, "plan"), "{played}");
        assert!(hosts.iter().all(Host::is_untouched));
        let played = control.tasks(tasks, &[]).exits(2);
        for host in [first, second] {
            assert!(played.changed(host, "plan"), "{played}");
        }
        let why = played.message(third, "plan");
        assert!(why.contains("out of date"), "{why}");
        assert!(
            why.contains("`net.ipv4.tcp_syn_retries` was 6 and is 4 now"),
            "{why}"
        );
        assert!(third.is_untouched());
        assert_as_wanted(&hosts[..2], &played);
        let played = control.tasks(tasks, &["--limit", "web-1,web-2"]).exits(0);
        assert!(played.changed_nothing(), "{played}");
        let both = tasks.replace("/root/plan", "/root/plan, profile: server");
        let played = control.tasks(&both, &["--limit", "web-1"]).exits(2);
        let why = played.message(first, "plan");
        assert!(why.contains("leave out profile"), "{why}");
    });
}

#[test]
fn a_host_that_nobody_confirms_repairs_itself() {
    on_stage(
        "converge::a_host_that_nobody_confirms_repairs_itself",
        || {
            let hosts = three();
            let [first, ..] = &hosts;
            let control = Control::of(&hosts);
            edge();
            let start = first.state();
            let waits = TASK.replace("interval: 0", "interval: 0\n    confirm: 2");
            let played = control.tasks(&waits, &["--limit", "web-1"]).exits(0);
            assert_eq!(played.result(first, "make")["outcome"], "waiting");
            until("it is taken back", || first.state() == start);
            let confirm = "
- name: keep
  tcptune.tcptune.tcptune_apply: { state: confirmed, id: 1 }
";
            let played = control.tasks(confirm, &["--limit", "web-1"]).exits(2);
            let why = played.message(first, "keep");
            assert!(why.contains("apply 1 was not confirmed in time"), "{why}");

            rules();
            // The role confirms over a connection of its own.
            let role = ROLE.replace(
                "        tcptune_fail_on: high\n",
                "        tcptune_confirm: 300\n",
            );
            let played = control.play(&role, &[]).exits(0);
            assert!(
                hosts
                    .iter()
                    .all(|host| played.changed(host, "Keep the settings"))
            );
            assert_as_wanted(&hosts, &played);
            let played = control.play(&role, &[]).exits(0);
            assert!(played.changed_nothing(), "{played}");
        },
    );
}
