//! Laws of the transaction, over random plans, faults, crashes and foreign writes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::record::{Record, Undone};
use super::stack::Stack;
use super::transaction::{Applied, apply, commit};
use super::value::same;
use super::world::{Mishap, World};
use super::{State, roll_back};

const KEYS: [(&str, &str); 4] = [
    ("net.core.somaxconn", "4096"),
    ("net.ipv4.ip_local_port_range", "32768 60999"),
    ("net.ipv4.tcp_fin_timeout", "60"),
    ("net.ipv4.tcp_rmem", "4096 131072 6291456"),
];

/// A value for a key that differs from each value any other number makes.
fn value(key: &str, number: u32) -> String {
    match key {
        "net.ipv4.ip_local_port_range" => format!("{} {}", 16_384 + number, 61_000 + number),
        "net.ipv4.tcp_rmem" => format!(
            "{} {} {}",
            8192 + number,
            262_144 + number,
            9_000_000 + number
        ),
        _ => (100 + number).to_string(),
    }
}

fn plans() -> impl Strategy<Value = Vec<(String, String)>> {
    let keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    (prop::sample::subsequence(keys, 1..=4), 0_u32..50).prop_map(|(keys, number)| {
        keys.into_iter()
            .map(|key| (key.to_owned(), value(key, number)))
            .collect()
    })
}

fn mishaps() -> impl Strategy<Value = BTreeMap<usize, Mishap>> {
    let one = prop_oneof![Just(Mishap::Fails), Just(Mishap::FailsHalfway)];
    prop::collection::btree_map(0_usize..60, one, 0..4)
}

fn foreign_writes() -> impl Strategy<Value = BTreeMap<usize, Mishap>> {
    let write = (0_usize..4, 900_u32..950).prop_map(|(at, number)| {
        let key = KEYS[at].0;
        Mishap::Foreign(key.to_owned(), value(key, number))
    });
    let one = prop_oneof![3 => write, 1 => Just(Mishap::Fails), 1 => Just(Mishap::FailsHalfway)];
    prop::collection::btree_map(0_usize..60, one, 1..4)
}

/// The host is as it was, but for what the record names.
fn assert_as_before(start: &World, end: &World, record: Option<&Record>) {
    for (key, before) in &start.keys {
        let now = &end.keys[key];
        let named = record.is_some_and(|record| {
            record.steps.iter().any(|step| {
                step.key == *key && step.undone.as_ref().is_some_and(Undone::needs_a_person)
            })
        });
        // Somebody else's value stands, whether or not it was ours to notice.
        let theirs = end.foreign.contains_key(key);
        assert!(
            same(key, before, now) || named || theirs,
            "{key}: {before} -> {now}, {record:?}"
        );
    }
    let file_named = record.is_some_and(|record| record.state == State::Diverged);
    assert!(start.dropin == end.dropin || file_named, "{record:?}");
}

fn assert_done(end: &World, record: &Record) {
    for step in &record.steps {
        let now = &end.keys[&step.key];
        let theirs = end.foreign.contains_key(&step.key);
        assert!(
            same(&step.key, now, &step.after) || theirs,
            "{}: {now}",
            step.key
        );
    }
    assert_eq!(
        end.dropin.as_ref(),
        record.dropin.as_ref().map(|change| &change.after)
    );
    assert_eq!(end.journal[&record.id].state, State::Committed);
}

fn assert_told_truly(start: &World, end: &World, applied: &Applied) {
    assert!(end.trampled.is_empty(), "{:?}, {applied:?}", end.trampled);
    match applied {
        Applied::Committed(record) => assert_done(end, record),
        Applied::Waiting(_) => panic!("nobody asked to wait"),
        Applied::Stale(_) | Applied::NotBegun(_) => assert_as_before(start, end, None),
        Applied::RolledBack(record) => {
            assert!(
                record
                    .steps
                    .iter()
                    .all(|step| { !step.undone.as_ref().is_some_and(Undone::needs_a_person) })
            );
            assert_as_before(start, end, None);
        }
        Applied::Diverged(record) => assert_as_before(start, end, Some(record)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_fails_the_host_is_as_wanted_or_as_before_or_named(plan in plans(), mishaps in mishaps()) {
        let start = World::new(&KEYS);
        let mut world = World { mishaps, ..start.clone() };
        let record = world.record(1, &plan);
        let applied = world.with(|ports| apply(record, &Stack::default(), ports));
        assert_told_truly(&start, &world, &applied);
        // Nobody else was there: what a failed write left behind is ours, and is known as ours.
        if let Applied::Diverged(record) = &applied {
            let foreign = |step: &super::Step| matches!(step.undone, Some(Undone::Foreign(_)));
            prop_assert!(!record.steps.iter().any(foreign), "{:?}", record);
        }
    }

    #[test]
    fn a_value_of_somebody_else_is_never_lost(plan in plans(), mishaps in foreign_writes()) {
        let start = World::new(&KEYS);
        let mut world = World { mishaps, ..start.clone() };
        let record = world.record(1, &plan);
        let applied = world.with(|ports| apply(record, &Stack::default(), ports));
        assert_told_truly(&start, &world, &applied);
    }

    #[test]
    fn a_crash_at_any_point_is_taken_back_from_the_journal(plan in plans(), at in 0_usize..60) {
        let start = World::new(&KEYS);
        let mut world = World { mishaps: [(at, Mishap::Crash)].into(), ..start.clone() };
        let record = world.record(1, &plan);
        let applied = world.with(|ports| apply(record, &Stack::default(), ports));
        world.recover();
        match world.journal.get(&1).cloned() {
            // The crash came before anything was written, or after everything was.
            None => assert_as_before(&start, &world, None),
            Some(record) if record.state == State::Committed => {
                // An error may be told although the last save reached the disk; then rollback is asked for.
                if let Applied::Committed(record) = &applied { assert_done(&world, record); }
            }
            Some(record) => {
                let back = world.with(|ports| roll_back(record, &Stack::default(), ports));
                prop_assert!(back.is_complete(), "{:?}", back);
                assert_as_before(&start, &world, None);
                prop_assert_eq!(world.journal[&1].state, State::RolledBack);
            }
        }
    }

    #[test]
    fn the_newest_apply_that_stands_has_the_say(
        plans in prop::collection::vec(plans(), 1..5),
        order in prop::collection::vec((any::<bool>(), 0_usize..5), 1..14),
    ) {
        let start = World::new(&KEYS);
        let mut world = start.clone();
        let mut waiting = plans.into_iter().enumerate();
        let everything = order.into_iter().chain((0..5).map(|at| (false, at))).chain((0..5).map(|_| (true, 0)))
            .chain((0..5).map(|at| (false, at)));
        for (forward, at) in everything {
            let stack = Stack::new(world.journal.values().cloned().collect());
            if forward {
                let Some((number, plan)) = waiting.next() else { continue };
                let id = u32::try_from(number).unwrap() + 1;
                let offset = |(key, text): (String, String)| {
                    let digits: u32 = text.split(' ').next().unwrap().parse().unwrap();
                    let text = value(&key, digits % 50 + 50 * id);
                    (key, text)
                };
                let plan: Vec<_> = plan.into_iter().map(offset).collect();
                let record = world.record(id, &plan);
                let applied = world.with(|ports| apply(record, &stack, ports));
                prop_assert!(matches!(applied, Applied::Committed(_)), "{:?}", applied);
            } else if let Some(record) = stack.records().get(at) {
                let back = world.with(|ports| roll_back(record.clone(), &stack, ports));
                prop_assert!(back.is_complete(), "{:?}", back);
            }
            let standing: Vec<&Record> = world.journal.values().filter(|one| one.state.stands()).collect();
            let entries = world.entries().entries;
            for (key, before) in KEYS {
                let top = standing.iter().rev().find_map(|one| one.steps.iter().find(|step| step.key == key));
                let wanted = top.map_or(before, |step| step.after.as_str());
                prop_assert!(same(key, &world.keys[key], wanted), "{}: {} is not {}", key, world.keys[key], wanted);
                prop_assert_eq!(entries.get(key).map(|entry| entry.value.as_str()), top.map(|step| step.after.as_str()));
            }
            if standing.is_empty() {
                prop_assert_eq!(&world.dropin, &start.dropin);
            }
        }
    }
}

#[test]
fn a_value_that_somebody_writes_is_lost_only_between_the_last_look_and_the_write() {
    let key = "net.ipv4.tcp_fin_timeout";
    let lost = |at: &usize| {
        let theirs = Mishap::Foreign(key.to_owned(), "77".to_owned());
        let mut world = World::new(&KEYS);
        world.mishaps = [(*at, theirs)].into();
        let record = world.record(1, &[(key.to_owned(), "30".to_owned())]);
        world.with(|ports| apply(record, &Stack::default(), ports));
        world.operations > *at && world.keys[key] != "77"
    };
    // The journal is written in between, which takes long: that must not be where nobody looks.
    let lost: Vec<usize> = (0..60).filter(lost).collect();
    assert!(lost.len() <= 1, "lost before operations {lost:?}");
}

#[test]
fn a_second_rollback_changes_nothing() {
    let mut world = World::new(&KEYS);
    let plan = [("net.ipv4.tcp_fin_timeout".to_owned(), "30".to_owned())];
    let record = world.record(1, &plan);
    let applied = world.with(|ports| apply(record, &Stack::default(), ports));
    let Applied::Committed(record) = applied else {
        panic!("{applied:?}")
    };
    let back = world.with(|ports| roll_back(record, &Stack::default(), ports));
    let after_one = world.clone();
    let again = world.with(|ports| roll_back(back.record, &Stack::default(), ports));
    assert!(again.is_complete());
    assert_eq!(world.keys, after_one.keys);
    assert_eq!(world.dropin, after_one.dropin);
}

#[test]
fn a_journal_that_points_at_itself_ends() {
    let mut world = World::new(&KEYS);
    let plan = [("net.ipv4.tcp_fin_timeout".to_owned(), "30".to_owned())];
    let mut record = world.record(1, &plan);
    for step in &mut record.steps {
        (step.attempted, step.undone) = (true, Some(Undone::Kept));
        (step.on, step.entry_on) = (Some(1), Some(1));
    }
    record.state = State::Committed;
    let stack = Stack::new(vec![record.clone()]);
    let back = world.with(|ports| roll_back(record, &stack, ports));
    assert!(back.is_complete(), "{back:?}");
}

#[test]
fn a_key_that_is_gone_is_nobody_s_work() {
    let mut world = World::new(&KEYS);
    let plan = [("net.ipv4.tcp_fin_timeout".to_owned(), "30".to_owned())];
    let record = world.record(1, &plan);
    let applied = world.with(|ports| apply(record, &Stack::default(), ports));
    let Applied::Committed(record) = applied else {
        panic!("{applied:?}")
    };
    world.keys.remove("net.ipv4.tcp_fin_timeout");
    let back = world.with(|ports| roll_back(record, &Stack::default(), ports));
    assert!(back.is_complete(), "{back:?}");
    assert!(matches!(
        back.record.steps[0].undone,
        Some(Undone::NotTold(_))
    ));
    assert_eq!(world.dropin, None);
}

#[test]
fn after_a_boot_live_values_alone_are_nobody_s_work() {
    let mut world = World::new(&KEYS);
    let plan = [("net.ipv4.tcp_fin_timeout".to_owned(), "30".to_owned())];
    let mut record = world.record(1, &plan);
    record.boot_id = Some("an earlier one".to_owned());
    record.dropin = None;
    record.state = State::Committed;
    record.steps[0].attempted = true;
    let theirs = world
        .keys
        .insert("net.ipv4.tcp_fin_timeout".to_owned(), "45".to_owned());
    assert!(theirs.is_some());
    let back = world.with(|ports| roll_back(record, &Stack::default(), ports));
    assert!(back.is_complete(), "{back:?}");
    assert_eq!(world.keys["net.ipv4.tcp_fin_timeout"], "45");
}

#[test]
fn an_apply_that_waits_holds_no_line_of_an_older_one() {
    let start = World::new(&KEYS);
    let mut world = start.clone();
    let plan = |value: &str| [("net.ipv4.tcp_fin_timeout".to_owned(), value.to_owned())];
    let old = world.record(1, &plan("30"));
    let Applied::Committed(old) = world.with(|ports| apply(old, &Stack::default(), ports)) else {
        panic!("the first apply is made");
    };
    let mut new = world.record(2, &plan("20"));
    new.confirm = Some(super::Confirmation {
        until_uptime: 0.0,
        seconds: 60,
    });
    let stack = Stack::new(vec![old.clone()]);
    let Applied::Waiting(new) = world.with(|ports| apply(new, &stack, ports)) else {
        panic!("the second one waits");
    };
    let stack = Stack::new(vec![old.clone(), new.clone()]);
    let back = world.with(|ports| roll_back(old, &stack, ports));
    assert!(back.is_complete(), "{back:?}");
    assert_eq!(world.dropin, None, "the next boot must not bring it back");
    let stack = Stack::new(vec![back.record, new.clone()]);
    let back = world.with(|ports| roll_back(new, &stack, ports));
    assert!(back.is_complete(), "{back:?}");
    assert_eq!(world.keys, start.keys);
    assert_eq!(world.dropin, start.dropin);
}

#[test]
fn a_confirmation_that_was_slower_than_the_guard_writes_no_file() {
    let start = World::new(&KEYS);
    let mut world = start.clone();
    let plan = [("net.ipv4.tcp_fin_timeout".to_owned(), "30".to_owned())];
    let mut record = world.record(1, &plan);
    record.confirm = Some(super::Confirmation {
        until_uptime: 0.0,
        seconds: 60,
    });
    let stack = Stack::default();
    let Applied::Waiting(record) = world.with(|ports| apply(record, &stack, ports)) else {
        panic!("it waits");
    };
    world.keys.clone_from(&start.keys);
    let confirmed = world.with(|ports| commit(record, &stack, ports));
    assert!(matches!(confirmed, Applied::RolledBack(_)), "{confirmed:?}");
    assert_eq!((&world.keys, &world.dropin), (&start.keys, &start.dropin));
}
