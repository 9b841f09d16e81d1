//! Somebody else writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::program::{ROLLBACK, apply, run};
use crate::site::SITE_FOLDER;
use crate::stage::on_stage;
use crate::world::{Beginning, State, read, record, write};

const KEY: &str = "net.ipv4.tcp_fin_timeout";

#[test]
fn a_plan_does_not_fit_when_somebody_wrote_in_between() {
    on_stage(
        "foreign::a_plan_does_not_fit_when_somebody_wrote_in_between",
        || {
            let beginning = Beginning::fresh();
            let mut words = vec!["apply", "--interval", "0", "--boot-engine", "systemd"];
            words.extend(["--rules", SITE_FOLDER, "--plan-out", "/run/plan.json"]);
            let ran = run(&words);
            assert_eq!(ran.code, Some(0), "{}", ran.said);
            let plan = [
                "apply",
                "--boot-engine",
                "systemd",
                "--plan",
                "/run/plan.json",
            ];
            write(KEY, "77");
            let ran = run(&plan);
            assert_eq!(ran.code, Some(3), "{}", ran.said);
            assert!(
                ran.said.contains(KEY) && ran.said.contains("77"),
                "{}",
                ran.said
            );
            assert_eq!(read(KEY), "77");
            write(KEY, &beginning.state.values[KEY]);
            assert_eq!(State::now(), beginning.state);
            let ran = run(&plan);
            assert_eq!(ran.code, Some(0), "{}", ran.said);
            // What somebody else sets afterwards is theirs, and the way back leaves it and says so.
            write(KEY, "78");
            let ran = run(&ROLLBACK);
            assert_eq!(ran.code, Some(5), "{}", ran.said);
            assert!(
                ran.said.contains(KEY) && ran.said.contains("78"),
                "{}",
                ran.said
            );
            let mut wanted = beginning.state.clone();
            wanted.values.insert(KEY, "78".to_owned());
            assert_eq!(State::now(), wanted);
        },
    );
}

#[test]
fn a_value_that_somebody_writes_while_an_apply_runs_stands_or_the_apply_does() {
    on_stage(
        "foreign::a_value_that_somebody_writes_while_an_apply_runs_stands_or_the_apply_does",
        || {
            let beginning = Beginning::fresh();
            let words = apply(SITE_FOLDER);
            let mut codes = std::collections::BTreeMap::new();
            for round in 0..20_u32 {
                beginning.lay();
                let stop = AtomicBool::new(false);
                // Each value once: one that was overwritten unnoticed would be gone for good.
                let (ran, last) = thread::scope(|scope| {
                    let writer = scope.spawn(|| {
                        let mut value = 1000;
                        while !stop.load(Ordering::Relaxed) {
                            value += 1;
                            write(KEY, &value.to_string());
                            thread::sleep(std::time::Duration::from_micros(u64::from(round) * 500));
                        }
                        value.to_string()
                    });
                    let ran = run(&words);
                    stop.store(true, Ordering::Relaxed);
                    (ran, writer.join().expect("it writes"))
                });
                *codes.entry(ran.code).or_insert(0) += 1;
                let case = format!("round {round}: {}", ran.said);
                let now = read(KEY);
                assert!(
                    now == last || now == "120",
                    "{now} is neither {last} nor ours, {case}"
                );
                match ran.code {
                    // It came to an end before or after the other's writes, and its record is whole.
                    Some(0) => assert_eq!(record(1).unwrap_or_default()["state"], "committed"),
                    Some(3..=5) => {
                        assert!(ran.said.contains(KEY), "{case}");
                        let mut state = State::now();
                        state
                            .values
                            .insert(KEY, beginning.state.values[KEY].clone());
                        assert_eq!(state, beginning.state, "{case}");
                    }
                    code => panic!("{code:?}: {case}"),
                }
            }
            assert!(
                codes.keys().any(|code| *code != Some(0)),
                "nobody was in the way: {codes:?}"
            );
        },
    );
}
