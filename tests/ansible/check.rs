//! The module that looks.

use crate::host::{Host, three};
use crate::play::Control;
use crate::stage::on_stage;

const LOOK: &str = "
- name: look
  tcptune.tcptune.tcptune_check:
    interval: 0
    profile: server
";

#[test]
fn a_check_returns_the_report_and_never_changes_anything() {
    let name = "check::a_check_returns_the_report_and_never_changes_anything";
    on_stage(name, || {
        let hosts = three();
        let [bad, good, _] = &hosts;
        bad.set("net.ipv4.tcp_syncookies", "0");
        let control = Control::of(&hosts);
        for words in [&[][..], &["--check"]] {
            let played = control.tasks(LOOK, words).exits(0);
            assert!(played.changed_nothing(), "{played}");
            let result = played.result(bad, "look");
            assert_eq!(result["report"]["schema"], "tcptune.report/1");
            assert_eq!(result["report"]["host"]["name"], "web-1");
            assert_eq!(result["summary"], result["report"]["summary"]);
            assert_eq!(result["exit_code"], 0);
            let findings = result["findings"].as_array().unwrap();
            assert!(findings.iter().any(|one| one["rule"] == "syncookies-off"));
            let fine = played.result(good, "look")["findings"].as_array().unwrap();
            assert!(fine.iter().all(|one| one["rule"] != "syncookies-off"));
            assert!(!played.result(good, "look")["wanted"].is_null());
        }
        assert!(hosts.iter().all(Host::is_untouched));
    });
}

#[test]
fn a_severity_or_the_task_itself_decides_what_fails() {
    let name = "check::a_severity_or_the_task_itself_decides_what_fails";
    on_stage(name, || {
        let hosts = three();
        let [bad, good, other] = &hosts;
        bad.set("net.ipv4.tcp_syncookies", "0");
        let control = Control::of(&hosts);
        let tasks = "
- name: low
  tcptune.tcptune.tcptune_check:
    interval: 0
    select: [syncookies-off, abort-on-overflow]
    fail_on: low
  ignore_errors: true
- name: ignored
  tcptune.tcptune.tcptune_check:
    interval: 0
    ignore: [syncookies-off]
    fail_on: medium
- name: own
  tcptune.tcptune.tcptune_check:
    interval: 0
  register: audit
  failed_when: \"'syncookies-off' in (audit.findings | map(attribute='rule'))\"
  ignore_errors: true
- name: mistyped
  tcptune.tcptune.tcptune_check:
    profile: sever
";
        let played = control.tasks(tasks, &[]).exits(2);
        let why = played.message(bad, "low");
        assert!(
            why.contains("findings at or above low: syncookies-off (medium)"),
            "{why}"
        );
        assert_eq!(played.result(bad, "low")["exit_code"], 1);
        assert_eq!(played.ended(bad, "ignored"), Some("ok"), "{played}");
        assert_eq!(played.ended(bad, "own"), Some("failed"), "{played}");
        for host in [good, other] {
            for task in ["low", "own"] {
                assert_eq!(played.ended(host, task), Some("ok"), "{played}");
            }
            let why = played.message(host, "mistyped");
            assert!(why.contains("no profile `sever`"), "{why}");
            assert!(why.contains("did you mean `server`?"), "{why}");
        }
    });
}
