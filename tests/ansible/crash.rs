//! A host that dies in the middle of a play.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::host::{FIN, JOURNAL, RETRIES, three};
use crate::play::Control;
use crate::stage::{ROOM, on_stage};

/// Kills the program, `kill -9`, where it is about to write the second setting; then the connection goes, as it
/// does with the host.
const DIES: &str = r#"#!/bin/sh
[ "$1" = apply ] || exec tcptune "$@"
strace -f -qq -o /run/strace.log -P /proc/sys/net/ipv4/tcp_syn_retries -e trace=write \
    -e inject=write:signal=SIGKILL:when=1 tcptune "$@"
listener=$(cat /run/sshd.pid) session=$$
while parent=$(sed -n 's/^PPid:\t//p' /proc/$session/status) && [ "$parent" != "$listener" ]; do
    session=$parent
done
kill -9 "$session"
"#;

#[test]
fn a_host_that_dies_mid_play_is_repaired_by_the_next_run() {
    let name = "crash::a_host_that_dies_mid_play_is_repaired_by_the_next_run";
    on_stage(name, || {
        let hosts = three();
        let [first, second, third] = &hosts;
        let text =
            "profile: edge\nwant: { net.ipv4.tcp_fin_timeout: 40, net.ipv4.tcp_syn_retries: 5 }\n";
        fs::write(format!("{ROOM}/edge.yaml"), text).unwrap();
        fs::write(format!("{ROOM}/dies"), DIES).unwrap();
        fs::set_permissions(format!("{ROOM}/dies"), fs::Permissions::from_mode(0o755)).unwrap();
        let play = |program: &str, repair: bool| {
            format!(
                "
- hosts: web
  gather_facts: false
  serial: 1
  max_fail_percentage: 0
  tasks:
    - name: make
      tcptune.tcptune.tcptune_apply:
        program: \"{{{{ '{program}' if inventory_hostname == 'web-2' else 'tcptune' }}}}\"
        profile: /run/room/edge.yaml
        interval: 0
        repair: {repair}
"
            )
        };
        let start = second.state();
        let control = Control::of(&hosts);
        let played = control.play(&play("/run/room/dies", true), &[]).exits(4);
        assert!(played.changed(first, "make"), "{played}");
        assert_eq!(
            played.ended(second, "make"),
            Some("unreachable"),
            "{played}"
        );
        assert_eq!(played.ended(third, "make"), None, "{played}");
        // Half done, and the journal knows.
        assert_eq!(second.live(FIN), "40");
        assert_eq!(second.live(RETRIES), start[1]);
        assert!(second.has(&format!("{JOURNAL}/1.json")));
        assert!(third.is_untouched());

        // Foretold, and refused where nobody wants it repaired.
        let played = control.play(&play("tcptune", true), &["--check"]).exits(0);
        assert_eq!(played.result(second, "make")["repaired"][0], 1);
        assert_eq!(second.live(RETRIES), start[1]);
        let played = control.play(&play("tcptune", false), &[]).exits(2);
        let why = played.message(second, "make");
        assert!(why.contains("apply 1 ended half-way"), "{why}");
        assert!(why.contains("sudo tcptune rollback 1"), "{why}");

        let played = control.play(&play("tcptune", true), &[]).exits(0);
        let result = played.result(second, "make");
        assert_eq!(result["repaired"][0], 1, "{result}");
        assert_eq!(result["id"], 2, "{result}");
        assert!(played.changed(second, "make") && played.changed(third, "make"));
        assert!(!played.changed(first, "make"), "{played}");
        for host in &hosts {
            assert_eq!(host.live(FIN), "40");
            assert_eq!(host.live(RETRIES), "5");
        }
        // What the second apply found is what was there before the first.
        let before = &result["changes"][0]["before"];
        assert_eq!(before.as_str(), Some(start[0].as_str()));
        // The same with a reboot after it: the drop-in is of the half of an apply, the values are the kernel's.
        first.run(
            "sed -i -e 's/\"state\": *\"committed\"/\"state\":\"applying\"/' \
                -e 's/\"boot_id\": *\"[^\"]*\"/\"boot_id\":\"an earlier one\"/' \
                /var/lib/tcptune/journal/1.json",
        );
        first.set(FIN, "60");
        let played = control.play(&play("tcptune", true), &[]).exits(0);
        assert_eq!(played.result(first, "make")["repaired"][0], 1, "{played}");
        assert_eq!(first.live(FIN), "40");
        let played = control.play(&play("tcptune", true), &[]).exits(0);
        assert!(played.changed_nothing(), "{played}");
    });
}
