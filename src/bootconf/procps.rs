//! What `sysctl --system` does with what it has read: a list, from its head to its end
//! (`write_setting_list`, `src/sysctl.c` of procps-ng 4).

use super::key::Target;
use super::plan::{EXCLUDES_NOTHING, Plan, Verdict};

const NAMED_ELSEWHERE: &str = "an exclusion only keeps patterns away, and the key is set by name";

/// Fills the plan.
pub(super) fn plan(plan: &mut Plan<'_>) {
    let gathered = plan.gathered;
    // By name: the last assignment, and the first exclusion.
    let mut assigned: Vec<Option<usize>> = vec![None; gathered.names.len()];
    let mut excluded = assigned.clone();
    for (at, said, name) in plan.heard() {
        if said.value.is_some() {
            if let Some(place) = assigned.get_mut(name) {
                *place = Some(at);
            }
        } else if let Some(place) = excluded.get_mut(name) {
            place.get_or_insert(at);
        }
    }
    let by_name = |name: usize| assigned.get(name).copied().flatten();
    // `settinglist_findpath`: an entry whose path is spelled alike keeps patterns away.
    let decided = |text: &[u8]| {
        let name = *gathered.by_text.get(text)?;
        let exclusion = || excluded.get(name).copied().flatten().map(Verdict::Excluded);
        by_name(name).map(Verdict::Shadowed).or_else(exclusion)
    };
    for (at, said, name) in plan.heard() {
        let is_pattern = gathered
            .names
            .get(name)
            .is_some_and(|name| name.target == Target::Pattern);
        match (said.value.is_some(), is_pattern) {
            (true, true) => plan.pattern(at, said.lenient, decided),
            (true, false) => plan.single(at, said.lenient),
            (false, true) => plan.claim(at, &Verdict::Ignored(EXCLUDES_NOTHING, None)),
            (false, false) => match by_name(name) {
                Some(by) => plan.claim(at, &Verdict::Ignored(NAMED_ELSEWHERE, Some(by))),
                None => plan.claim(at, &Verdict::Stands),
            },
        }
    }
}
