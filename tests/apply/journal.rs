//! What earlier runs left behind: crashes, other boots, records that cannot be read.

use std::fs;

use crate::program::{
    DROPIN, FIN, JOURNAL, RETRIES, apply, edit, fin, live, recorded, set, state, tcptune, two_keys,
};
use crate::stage::on_stage;

#[test]
fn a_run_that_ended_half_way_is_told_and_taken_back() {
    on_stage(
        "journal::a_run_that_ended_half_way_is_told_and_taken_back",
        || {
            let start = state();
            apply(&two_keys(), &["--yes"]).exits(0);
            edit(1, |record| record["state"] = "applying".into());
            set(RETRIES, &start.1);
            for args in [
                &["check", "--interval", "0"][..],
                &["facts", "host.cpus"],
                &["history"],
                &["why", FIN, "--interval", "0"],
            ] {
                tcptune(args)
                    .complains("warning: apply 1 (")
                    .complains("ended half-way")
                    .complains("net.ipv4.tcp_fin_timeout is as the apply wants it")
                    .complains("net.ipv4.tcp_syn_retries is as it was before")
                    .complains("help: sudo tcptune rollback 1");
            }
            let before = state();
            apply(&two_keys(), &["--yes"])
                .exits(3)
                .complains("apply 1 ended half-way");
            assert_eq!(state(), before);
            let closed_by = || {
                let list = tcptune(["history", "--format", "json"]).exits(0).json();
                list["applies"][0]["closed_by"].clone()
            };
            assert_eq!(closed_by(), "rollback");
            tcptune(["rollback", "1"])
                .exits(0)
                .says("apply 1: taken back");
            assert_eq!(state(), start);
            assert!(closed_by().is_null());
            tcptune(["check", "--interval", "0"]).quiet();
        },
    );
}

#[test]
fn after_a_reboot_a_rollback_follows_the_files() {
    on_stage(
        "journal::after_a_reboot_a_rollback_follows_the_files",
        || {
            fs::write(
                "/etc/sysctl.d/10-site.conf",
                "net.ipv4.tcp_fin_timeout = 50\n",
            )
            .unwrap();
            let start = state();
            apply(&two_keys(), &["--yes"]).exits(0);
            edit(1, |record| record["boot_id"] = "an earlier one".into());
            tcptune(["history"]).exits(0).says("in an earlier boot");
            tcptune(["rollback"])
                .exits(0)
                .says("the host was started anew since")
                .says("of net.ipv4.tcp_syn_retries: what is there now stays");
            assert_eq!(live(FIN), "50", "as the files tell, not as it was");
            assert_eq!(
                (live(RETRIES).as_str(), start.2),
                ("5", fs::read(DROPIN).ok())
            );
        },
    );
}

#[test]
fn a_live_change_of_an_earlier_boot_is_closed_and_nothing_written() {
    on_stage(
        "journal::a_live_change_of_an_earlier_boot_is_closed_and_nothing_written",
        || {
            apply(&two_keys(), &["--yes", "--live-only"]).exits(0);
            edit(1, |record| record["boot_id"] = "an earlier one".into());
            let before = state();
            tcptune(["rollback"]).exits(0).says("nothing to take back");
            tcptune(["rollback", "1"]).exits(0).says("which ended it");
            assert_eq!((state(), recorded(1).as_str()), (before, "rolled_back"));
        },
    );
}

#[test]
fn a_reboot_while_it_waited_was_a_rollback() {
    on_stage("journal::a_reboot_while_it_waited_was_a_rollback", || {
        apply(&two_keys(), &["--yes"]).exits(0);
        tcptune(["rollback"]).exits(0);
        edit(1, |record| {
            record["state"] = "waiting".into();
            record["boot_id"] = "an earlier one".into();
        });
        apply(&fin("site-fin", 50), &["--yes"])
            .exits(0)
            .complains("which took it back");
        assert_eq!(recorded(1), "rolled_back");
    });
}

#[test]
fn a_record_that_cannot_be_read_stops_an_apply_and_not_a_rollback() {
    on_stage(
        "journal::a_record_that_cannot_be_read_stops_an_apply_and_not_a_rollback",
        || {
            let start = state();
            apply(&two_keys(), &["--yes"]).exits(0);
            fs::write(format!("{JOURNAL}/9.json"), "{").unwrap();
            apply(&fin("site-fin", 50), &["--yes"])
                .exits(2)
                .complains("9.json");
            tcptune(["history"]).exits(2).says("apply 1").says("9.json");
            tcptune(["check", "--interval", "0"]).complains("9.json");
            tcptune(["rollback", "1"]).exits(0).complains("9.json");
            assert_eq!(state(), start);
        },
    );
}
