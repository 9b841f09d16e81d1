//! Every call fails once, with each error, and what the program then says is true.

use crate::points::{CHANGING, Reference, all, at_every};
use crate::program::{Mishap, ROLLBACK, Ran, apply, run};
use crate::site::SITE_FOLDER;
use crate::stage::{on_stage, say};
use crate::verdict::{takes_back, tells_the_truth};
use crate::world::{Beginning, State};

/// What disks and kernels answer.
const ERRORS: [&str; 4] = ["EIO", "ENOSPC", "EROFS", "EINVAL"];

/// Fails every call a run makes from the lock on. Each point fails with one of the errors, in turn, and
/// with `TCPTUNE_FAULTS=all` with each of them; `each` says that every point does anyway.
fn at_every_call(
    words: &[&str],
    each: bool,
    lay: impl Fn(),
    mut judge: impl FnMut(&str, Ran),
) -> usize {
    lay();
    let reference = Reference::of(words);
    let mut faults = 0;
    for call in CHANGING.into_iter().chain(["openat"]) {
        let from = reference.first(call);
        if all() || (each && call != "openat") {
            for error in ERRORS {
                let fail = |when| Mishap::Fail(call, when, error);
                faults += at_every(from, 1, fail, words, &lay, &mut judge);
            }
        } else {
            let fail = |when: usize| Mishap::Fail(call, when, ERRORS[when % ERRORS.len()]);
            faults += at_every(from, 1, fail, words, &lay, &mut judge);
        }
    }
    faults
}

#[test]
fn an_apply_that_meets_an_error_tells_the_truth_and_can_be_taken_back() {
    on_stage(
        "fault::an_apply_that_meets_an_error_tells_the_truth_and_can_be_taken_back",
        || {
            let words = apply(SITE_FOLDER);
            let beginning = Beginning::fresh();
            let faults = at_every_call(
                &words,
                true,
                || beginning.lay(),
                |case, ran| {
                    tells_the_truth(&beginning, &ran, case);
                    takes_back(&beginning, case);
                },
            );
            say(&format!("{faults} faults of a first apply, all survived"));
        },
    );
}

#[test]
fn an_apply_on_top_of_another_that_meets_an_error_tells_the_truth_and_can_be_taken_back() {
    let name = "fault::an_apply_on_top_of_another_that_meets_an_error_tells_the_truth_and_can_be_taken_back";
    on_stage(name, || {
        let words = apply(SITE_FOLDER);
        let beginning = Beginning::on_top();
        let faults = at_every_call(
            &words,
            false,
            || beginning.lay(),
            |case, ran| {
                tells_the_truth(&beginning, &ran, case);
                takes_back(&beginning, case);
            },
        );
        say(&format!("{faults} faults of a second apply, all survived"));
    });
}

#[test]
fn a_rollback_that_meets_an_error_tells_the_truth_and_the_next_one_ends_it() {
    on_stage(
        "fault::a_rollback_that_meets_an_error_tells_the_truth_and_the_next_one_ends_it",
        || {
            let mut faults = 0;
            for beginning in [Beginning::fresh, Beginning::on_top] {
                let start = beginning();
                let ran = run(&apply(SITE_FOLDER));
                assert_eq!(ran.code, Some(0), "{}", ran.said);
                let applied = Beginning::as_it_is(start.id + 1);
                faults += at_every_call(
                    &ROLLBACK,
                    false,
                    || applied.lay(),
                    |case, ran| {
                        if ran.code == Some(0) {
                            assert_eq!(State::now(), start.state, "{case}: {}", ran.said);
                        }
                        takes_back(&start, case);
                    },
                );
            }
            say(&format!("{faults} faults of a rollback, all survived"));
        },
    );
}
