//! The facts of one line of a text that sets a key, judged for the kernels that were asked for.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{self, Bounds, KeyScope, KeySpec, Release, Stored, Write};
use crate::fact::assigned::{Assigned, Assignments, Target};
use crate::fact::{Reading, Value};
use crate::rule::expr::{Lookup, Missing, Why};

use super::definition::is_below;
use super::duplicate::{Duplicate, LastLines};

/// A line, and what stands around it.
#[derive(Clone, Copy, Debug)]
pub struct AssignmentView<'a> {
    /// The line.
    pub one: &'a Assigned,
    /// The entry of its key in the catalogue.
    spec: Option<&'static KeySpec>,
    /// The family of a key that has no entry.
    family: Option<&'static str>,
    /// No later line sets the same key.
    is_last: bool,
    /// A later line that counts in place of it.
    duplicate: Option<Duplicate<'a>>,
    /// The key of the catalogue that a name of no key comes near to.
    near: Option<&'static str>,
    /// The key is written with slashes in the wrong places.
    slashed: bool,
    all: &'a Assignments,
}

/// Every line, in the order in which they act.
pub(super) fn assignments(all: &Assignments) -> Vec<AssignmentView<'_>> {
    let last = LastLines::of(all);
    // To look for what comes near is dear, and many lines may set the same key.
    let mut known: BTreeMap<&str, Known> = BTreeMap::new();
    let lines = all.lines.iter().enumerate();
    lines
        .map(|(at, one)| {
            let known = known.entry(&one.key).or_insert_with(|| of(one));
            AssignmentView {
                one,
                spec: known.spec,
                family: known.family,
                near: known.near,
                slashed: known.slashed,
                is_last: last.is_last(at, one),
                duplicate: last.duplicate(at, one),
                all,
            }
        })
        .collect()
}

/// What the catalogue knows of a key.
#[derive(Clone, Copy)]
struct Known {
    spec: Option<&'static KeySpec>,
    family: Option<&'static str>,
    near: Option<&'static str>,
    slashed: bool,
}

fn of(one: &Assigned) -> Known {
    let spec = catalog::find(&one.key);
    // A loader of Linux sets nothing by such a name; any other text may speak of another system.
    let foreign = !one.loaded && catalog::is_of_bsd(&one.key);
    let family = catalog::family(&one.key).or_else(|| foreign.then_some("BSD"));
    let is_named = family.is_some() || spec.is_some_and(|spec| !spec.unlisted);
    Known {
        spec,
        family,
        slashed: !is_named && catalog::slashed(&one.key).is_some(),
        near: (!is_named).then(|| catalog::nearest(&one.key)).flatten(),
    }
}

/// What the lines set in the end, as `sysctl.KEY`. A key is left out where that cannot be told: the line
/// holds a variable or no value of the key's type, or prose speaks of several values, or branches of a template.
pub fn settings_of(all: &Assignments) -> BTreeMap<String, Reading<Value>> {
    let mut found: BTreeMap<&str, Option<Value>> = BTreeMap::new();
    for one in all.lines.iter().filter(|one| !one.commented) {
        let spec = catalog::find(&one.key).filter(|spec| !spec.unlisted);
        let value = spec
            .zip(one.sets())
            .and_then(|(spec, written)| spec.parse(written).ok());
        match found.get_mut(one.key.as_str()) {
            Some(before) if (one.syntax == "prose" || one.branch.is_some()) && *before != value => {
                *before = None;
            }
            Some(before) => *before = value,
            None => {
                found.insert(&one.key, value);
            }
        }
    }
    let known = found.into_iter().filter_map(|(key, value)| {
        let value = Reading::Known(value?);
        Some((format!("sysctl.{key}"), value))
    });
    known.collect()
}

/// The keys that lines set, to whatever value.
pub(super) fn keys_of(all: &Assignments) -> BTreeSet<&str> {
    let lines = all.lines.iter().filter(|one| !one.commented);
    lines.map(|one| one.key.as_str()).collect()
}

/// Why texts give a setting no value: no line sets it, or what a line sets cannot be told.
pub(super) fn unset(set: &BTreeSet<&str>, fact: &str, key: &str) -> Lookup {
    let why = if set.contains(key) {
        Why::NotCollected("the text does not tell the value".to_owned())
    } else {
        Why::Absent
    };
    Lookup::Missing(Missing::new(fact, why))
}

/// The names of the kernels of which something is true; those of a range as one name.
pub fn named(targets: &[Target], is_true: impl Fn(&Target) -> bool) -> Vec<String> {
    let plain = |one: &Target| one.name == one.kernel.release;
    let mut names: Vec<String> = Vec::new();
    for run in
        targets.chunk_by(|one, next| is_true(one) && is_true(next) && plain(one) && plain(next))
    {
        let ends = run.first().zip(run.last());
        let Some((first, last)) = ends.filter(|(first, _)| is_true(first)) else {
            continue;
        };
        match run.len() {
            1 | 2 => names.extend(run.iter().map(|one| one.name.clone())),
            _ => names.push(format!("{} to {}", first.name, last.name)),
        }
    }
    names
}

impl AssignmentView<'_> {
    /// The value, unless it is a secret.
    pub fn shown(&self) -> Option<String> {
        let secret = self.spec.is_some_and(|spec| spec.secret);
        let value = self.one.value.as_deref().filter(|_| !secret)?;
        Some(value.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// A fact of the line.
    pub(super) fn value(&self, fact: &str) -> Lookup {
        let one = self.one;
        let absent = || Lookup::Missing(Missing::new(fact, Why::Absent));
        let text = |text: String| Lookup::Value(Value::Text(text));
        let optional = |found: Option<String>| found.map_or_else(absent, text);
        let flag = |on: bool| Lookup::Value(Value::Bool(on));
        let release = |found: Option<Release>| optional(found.map(|found| found.to_string()));
        match fact.strip_prefix("assignment.").unwrap_or_default() {
            "key" => text(one.key.clone()),
            "value" => optional(self.shown()),
            "number" => match self.number() {
                Some(number) => Lookup::Value(Value::Int(number)),
                None => absent(),
            },
            "place" => text(one.place()),
            "file" => text(one.file.clone()),
            "syntax" => text(one.syntax.to_owned()),
            "flaw" => optional(one.flaw.map(str::to_owned)),
            "dynamic" => flag(one.dynamic),
            "commented" => flag(one.commented),
            "known" => flag(self.is_known()),
            "family" => optional(self.family.map(str::to_owned)),
            "nearest" => optional(self.nearest()),
            "nearest_gone" => optional(self.nearest_gone()),
            "corrected" => optional(self.corrected()),
            "removed" => flag(self.on_every(&|target| self.is_removed(target))),
            "removed_in" => release(self.spec.and_then(|spec| spec.removed_in)),
            "removed_on" | "absent_on" | "no_op_on" | "below_default_on" | "outdated_on" => {
                optional(self.kernels(fact).map(|names| self.listed(&names)))
            }
            "replacement" => optional(self.spec.and_then(|spec| spec.replacement).map(|instead| {
                // Where nothing took its place, what to do stands behind that word.
                instead.strip_prefix("none: ").unwrap_or(instead).to_owned()
            })),
            "renamed" => optional(self.renamed()),
            "no_op" => flag(
                self.on_every(&|target| self.is_no_op(target) || self.is_removed(target))
                    && self.all.targets.iter().any(|target| self.is_no_op(target)),
            ),
            "no_op_since" => release(self.spec.and_then(|spec| spec.noop_since)),
            "ineffective" => optional(self.ineffective()),
            "refused" => optional(self.refused()),
            "default" => optional(self.default().map(|value| value.to_string())),
            "is_default" => flag(self.is_default()),
            "below_default" => flag(self.on_every(&|target| self.is_below(target))),
            "stated_default" => optional(self.stated().map(|value| value.to_string())),
            "pod" => flag(one.pod),
            "pod_unsafe" => flag(one.pod && !self.is_safe()),
            "pod_safe_since" => {
                let since = self.spec.and_then(|spec| spec.kubernetes_safe_since);
                optional(since.map(str::to_owned))
            }
            "host_wide" => flag(self.is_host_wide()),
            "never_written" => flag(self.spec.is_some_and(|spec| spec.write != Write::Allowed)),
            "last" => flag(self.is_last),
            "duplicate_of" => optional(self.duplicate.map(|later| later.line.place())),
            "duplicate_by_loader" => flag(self.duplicate.is_some_and(|later| later.by_loader)),
            "duplicate_value" => {
                let secret = self.spec.is_some_and(|spec| spec.secret);
                let later = self.duplicate.filter(|_| !secret);
                optional(later.and_then(|later| later.line.value.clone()))
            }
            _ => absent(),
        }
    }

    /// The names of the kernels of a fact that ends in `_on`; `None` where it is true of no kernel.
    pub fn kernels(&self, fact: &str) -> Option<Vec<String>> {
        let targets = &self.all.targets;
        let names = match fact.strip_prefix("assignment.")? {
            "removed_on" => named(targets, |target| self.is_removed(target)),
            "absent_on" => named(targets, |target| self.is_absent(target)),
            "no_op_on" => named(targets, |target| self.is_no_op(target)),
            "below_default_on" => named(targets, |target| self.is_below(target)),
            "outdated_on" => named(targets, |target| self.is_outdated(target)),
            _ => return None,
        };
        (!names.is_empty()).then_some(names)
    }

    /// Names of kernels as a part of a sentence.
    fn listed(&self, names: &[String]) -> String {
        let targets = &self.all.targets;
        if targets.len() > 2 && named(targets, |_| true) == names {
            "every kernel asked for".to_owned()
        } else {
            names.join(", ")
        }
    }

    fn on_every(&self, is_true: &dyn Fn(&Target) -> bool) -> bool {
        !self.all.targets.is_empty() && self.all.targets.iter().all(is_true)
    }

    /// The text of a value that is known.
    fn written(&self) -> Option<&str> {
        let known = !self.one.dynamic && self.one.flaw != Some("blanks");
        self.one.value.as_deref().filter(|_| known)
    }

    fn number(&self) -> Option<i64> {
        let mut words = self.written()?.split_whitespace();
        let number = words.next()?.parse().ok()?;
        let alone = words.next().is_none_or(|word| word.starts_with(['#', ';']));
        alone.then_some(number)
    }

    /// The entry, where it says more than the family.
    fn entry(&self) -> Option<&'static KeySpec> {
        self.spec.filter(|spec| !spec.unlisted)
    }

    fn is_known(&self) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-./*@+:".contains(c);
        self.entry().is_some() || (self.one.dynamic && !self.one.key.chars().all(plain))
    }

    fn nearest(&self) -> Option<String> {
        let key = &self.one.key;
        if self.is_known() || self.family.is_some() {
            return None;
        }
        let slashed = self.slashed.then(|| catalog::slashed(key)).flatten();
        slashed.or_else(|| filled(self.near?, key))
    }

    /// The entry of the key that was meant, where that one sets nothing either, or not for long.
    fn gone(&self) -> Option<&'static KeySpec> {
        let spec = catalog::find(&self.nearest()?)?;
        let noop = |target: &Target| {
            spec.noop_since
                .is_some_and(|since| since.is_in(&target.kernel))
        };
        (spec.removed_in.is_some() || self.on_every(&noop)).then_some(spec)
    }

    /// What became of the key that was meant.
    fn nearest_gone(&self) -> Option<String> {
        let spec = self.gone()?;
        match (spec.removed_in, spec.noop_since) {
            (Some(removed), _) => Some(format!("Linux {removed} removed it")),
            (None, since) => Some(format!("Linux has ignored it since {}", since?)),
        }
    }

    /// The assignment without its slips.
    fn corrected(&self) -> Option<String> {
        if let Some(gone) = self.gone() {
            return self.renamed_from(gone);
        }
        let nearest = self.nearest();
        let named = self.is_known() || self.family.is_some();
        let flawed = named && self.one.flaw.is_some();
        if (nearest.is_none() && !flawed) || self.is_secret() {
            return None;
        }
        let value = self.one.value.as_deref()?;
        let value = match self.one.flaw {
            Some("quotes") => value.trim_matches(['"', '\'', '\u{201c}', '\u{201d}', ' ']),
            Some("trailing-comment") => value.split(['#', ';']).next().unwrap_or_default(),
            _ => value,
        };
        let key = nearest.as_deref().unwrap_or(&self.one.key);
        // What the kernel would not take as it is written either is no help.
        let spec = catalog::find(key).filter(|_| flawed && !self.one.dynamic);
        if spec.is_some_and(|spec| spec.ineffective(value.trim()).is_some()) {
            return None;
        }
        Some(self.spelled(key, value.trim()))
    }

    /// An assignment in the manner of the line.
    fn spelled(&self, key: &str, value: &str) -> String {
        let stray = matches!(self.one.flaw, Some("command-in-conf" | "no-assignment"));
        match (self.one.syntax, value.contains(char::is_whitespace)) {
            _ if stray => format!("{key} = {value}"),
            ("command", true) => format!("sysctl -w {key}=\"{value}\""),
            ("command", false) => format!("sysctl -w {key}={value}"),
            _ => format!("{key} = {value}"),
        }
    }

    fn renamed(&self) -> Option<String> {
        self.renamed_from(self.spec?)
    }

    /// The assignment under the key that took the place of another one.
    fn renamed_from(&self, own: &KeySpec) -> Option<String> {
        let new = catalog::find(own.replacement?)?;
        let value = self.one.value.as_deref().filter(|_| !self.is_secret())?;
        (new.kind == own.kind).then(|| self.spelled(new.key, value))
    }

    fn is_secret(&self) -> bool {
        self.spec.is_some_and(|spec| spec.secret)
    }

    fn is_removed(&self, target: &Target) -> bool {
        let removed = self.spec.and_then(|spec| spec.removed_in);
        removed.is_some_and(|release| release.is_in(&target.kernel))
    }

    /// A vendor's kernel below the release that brought the key may have it.
    fn is_absent(&self, target: &Target) -> bool {
        let since = self.entry().and_then(|spec| spec.since);
        let early = since.is_some_and(|release| !release.is_in(&target.kernel));
        self.is_removed(target) || (early && !target.kernel.is_vendor())
    }

    fn is_no_op(&self, target: &Target) -> bool {
        let since = self.spec.and_then(|spec| spec.noop_since);
        since.is_some_and(|release| release.is_in(&target.kernel)) && !self.is_removed(target)
    }

    fn ineffective(&self) -> Option<String> {
        let spec = self.spec.filter(|spec| !spec.secret)?;
        let written = self.written()?;
        let known = self.bounds(spec);
        self.outside(spec, &known).or_else(|| {
            let newest = known.first().map(|(bounds, _)| bounds);
            spec.ineffective_within(written, newest)
        })
    }

    /// Why a kernel asked for refuses a number, where what it takes is known.
    fn outside(&self, spec: &KeySpec, known: &[(Bounds, String)]) -> Option<String> {
        let written = self.written()?;
        let mut known = known.iter();
        known.find_map(|(bounds, on)| spec.outside(written, bounds, on))
    }

    /// What the kernels asked for take, the newest first, each as far as it is known; and as a phrase, of which
    /// kernels that is said, empty for all of them.
    fn bounds(&self, spec: &KeySpec) -> Vec<(Bounds, String)> {
        let targets = &self.all.targets;
        let each = targets.iter().rev();
        let each: Vec<_> = each.map(|one| spec.bounds_in(&one.kernel)).collect();
        let mut known: Vec<Bounds> = each.iter().flatten().copied().collect();
        if targets.is_empty() {
            known.extend(spec.bounds());
        }
        known.dedup();
        let same = known.len() == 1 && each.iter().all(Option::is_some);
        let all = known.into_iter().filter_map(|bounds| {
            let on = match (same, bounds.since, bounds.before) {
                (true, ..) => String::new(),
                (_, Some(since), None) => format!(" from Linux {since} on"),
                (_, Some(since), Some(before)) => {
                    format!(" from Linux {since} on and before {before}")
                }
                (_, None, _) => {
                    let names = named(targets, |one| spec.bounds_in(&one.kernel) == Some(bounds));
                    format!(" on {}", names.join(", "))
                }
            };
            Some((self.raised(spec, bounds)?, on))
        });
        all.collect()
    }

    /// The bounds where another key is the upper one, and a line before this one sets it; `None` where that line
    /// does not tell to what.
    fn raised(&self, spec: &KeySpec, bounds: Bounds) -> Option<Bounds> {
        let Some(key) = spec.max_key else {
            return Some(bounds);
        };
        let lines = self.all.lines.iter();
        let before = lines.take_while(|other| !std::ptr::eq(*other, self.one));
        let set = before.filter(|other| other.key == key && !other.commented);
        match set.last() {
            Some(line) => {
                let max = line.sets()?.trim().parse().ok()?;
                Some(Bounds { max, ..bounds })
            }
            None => Some(bounds),
        }
    }

    fn refused(&self) -> Option<String> {
        if self.spec.is_some_and(|spec| spec.write == Write::ReadOnly) {
            return Some("the key is read-only".to_owned());
        }
        let spec = self.spec.filter(|spec| !spec.secret)?;
        let outside = self.outside(spec, &self.bounds(spec));
        if outside.is_some() {
            return outside;
        }
        let why = self.ineffective()?;
        let stored = spec.store(None, self.written()?.as_bytes());
        matches!(stored, Stored::Refused { .. }).then_some(why)
    }

    fn default(&self) -> Option<Value> {
        let spec = self.entry()?;
        let mut kernels: Vec<_> = self.all.targets.iter().map(|one| &one.kernel).collect();
        kernels.sort_by_key(|one| (one.major, one.minor, one.patch));
        let mut newest_first = kernels.into_iter().rev();
        newest_first.find_map(|kernel| spec.default_for(kernel))
    }

    /// What the line calls the default, where the key can have that value.
    fn stated(&self) -> Option<Value> {
        let stated = self.one.stated_default.as_deref();
        let (spec, stated) = self.entry().filter(|spec| !spec.secret).zip(stated)?;
        spec.parse(stated).ok()
    }

    /// Whether a kernel has the newest default that is known, and the line states another.
    fn is_outdated(&self, target: &Target) -> bool {
        let Some((stated, newest)) = self.stated().zip(self.default()) else {
            return false;
        };
        let own = self
            .entry()
            .and_then(|spec| spec.default_for(&target.kernel));
        stated != newest && own.as_ref() == Some(&newest)
    }

    fn is_default(&self) -> bool {
        let value = self
            .entry()
            .zip(self.written())
            .and_then(|(spec, written)| Some((spec, spec.parse(written).ok()?)));
        let Some((spec, value)) = value else {
            return false;
        };
        self.on_every(&|target| spec.default_for(&target.kernel).as_ref() == Some(&value))
    }

    fn is_below(&self, target: &Target) -> bool {
        let Some((spec, written)) = self.entry().zip(self.written()) else {
            return false;
        };
        let default = || {
            let default = spec.default_for(&target.kernel);
            let unknown = || Lookup::Missing(Missing::new("", Why::Absent));
            default.map_or_else(unknown, Lookup::Value)
        };
        spec.parse(written)
            .is_ok_and(|value| is_below(spec, &value, default))
    }

    /// Whether the Kubernetes release lets every pod set the key.
    fn is_safe(&self) -> bool {
        let since = self.spec.and_then(|spec| spec.kubernetes_safe_since);
        let Some((major, minor)) = since.and_then(|since| since.split_once('.')) else {
            // Whether a name with a variable is safe cannot be told.
            return self.spec.is_none() && self.is_known();
        };
        let since = (major.parse().unwrap_or(0), minor.parse().unwrap_or(0));
        self.all.kubernetes.is_none_or(|release| release >= since)
    }

    /// Whether some kernel asked for has the key for the machine only.
    fn is_host_wide(&self) -> bool {
        let Some(spec) = self.entry() else {
            return false;
        };
        let mut targets = self.all.targets.iter();
        let of_machine = |one: &Target| {
            let scope = spec.scope_in(&one.kernel);
            scope.is_some_and(|scope| scope != KeyScope::Netns)
        };
        spec.scope != KeyScope::Netns || targets.any(of_machine)
    }
}

/// A pattern with the names of a key in place of its stars.
fn filled(pattern: &str, key: &str) -> Option<String> {
    if !pattern.contains('*') {
        return Some(pattern.to_owned());
    }
    if pattern.split('.').count() != key.split('.').count() {
        return None;
    }
    let segments = pattern.split('.').zip(key.split('.'));
    let segments = segments.map(|(wanted, own)| if wanted == "*" { own } else { wanted });
    Some(segments.collect::<Vec<_>>().join("."))
}

#[cfg(test)]
#[path = "assignment_tests.rs"]
mod tests;
