//! What systemd-sysctl does with what it has read: one map with an order (`parse_file` and `apply_all`,
//! `src/sysctl/sysctl.c`).

use super::gather::{Gathered, Said};
use super::key::Target;
use super::plan::{EXCLUDES_NOTHING, Plan, Verdict};

/// What the map holds for a name.
#[derive(Clone, Copy)]
struct Slot {
    /// Its place in the order.
    order: usize,
    /// What was said of it last. The same value said again keeps the place, and is what decides: to
    /// change the outcome, this is the line to change.
    said: usize,
    lenient: bool,
    /// An assignment went before an exclusion.
    removed: bool,
}

/// Fills the plan.
pub(super) fn plan(plan: &mut Plan<'_>) {
    let gathered = plan.gathered;
    let mut slots: Vec<Option<Slot>> = vec![None; gathered.names.len()];
    let mut order: Vec<usize> = Vec::new();
    for (at, said, name) in plan.heard() {
        let Some(slot) = slots.get_mut(name) else {
            continue;
        };
        match slot {
            Some(slot) if is_same(gathered, slot.said, said) => {
                slot.said = at;
                slot.lenient |= said.lenient;
            }
            slot => {
                *slot = Some(Slot {
                    order: order.len(),
                    said: at,
                    lenient: said.lenient,
                    removed: said.value.is_none() && slot.is_some(),
                });
                order.push(name);
            }
        }
    }
    let decided = |text: &[u8]| {
        let slot = (*slots.get(*gathered.by_text.get(text)?)?)?;
        Some(if is_exclusion(gathered, slot.said) {
            Verdict::Excluded(slot.said)
        } else {
            Verdict::Shadowed(slot.said)
        })
    };
    for (position, name) in order.iter().enumerate() {
        let slot = slots.get(*name).copied().flatten();
        if let Some(slot) = slot.filter(|slot| slot.order == position) {
            apply(plan, *name, slot, decided);
        }
    }
    for (at, said, name) in plan.heard() {
        let Some(slot) = slots.get(name).copied().flatten() else {
            continue;
        };
        if slot.said != at {
            let verdict = if said.value.is_some() && is_exclusion(gathered, slot.said) {
                Verdict::Excluded(slot.said)
            } else {
                Verdict::Shadowed(slot.said)
            };
            plan.claim_unless(at, &verdict, decided);
        }
    }
}

/// One entry of the map in its turn.
fn apply(plan: &mut Plan<'_>, name: usize, slot: Slot, decided: impl Fn(&[u8]) -> Option<Verdict>) {
    let gathered = plan.gathered;
    let is_pattern = gathered
        .names
        .get(name)
        .is_some_and(|name| name.target == Target::Pattern);
    match (is_exclusion(gathered, slot.said), is_pattern) {
        (false, false) => plan.single(slot.said, slot.lenient),
        (false, true) => plan.pattern(slot.said, slot.lenient, decided),
        (true, true) if !slot.removed => {
            plan.claim(slot.said, &Verdict::Ignored(EXCLUDES_NOTHING, None));
        }
        (true, _) => plan.claim(slot.said, &Verdict::Stands),
    }
}

fn is_exclusion(gathered: &Gathered, said: usize) -> bool {
    gathered
        .said
        .get(said)
        .is_some_and(|said| said.value.is_none())
}

fn is_same(gathered: &Gathered, before: usize, said: &Said) -> bool {
    let before = gathered
        .said
        .get(before)
        .and_then(|said| said.value.as_ref());
    match (before, &said.value) {
        (Some(before), Some(value)) => gathered.bytes(before) == gathered.bytes(value),
        (None, None) => true,
        _ => false,
    }
}
