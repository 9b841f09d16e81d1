//! The role of the host: the profile that was named, or a guess.

use std::collections::BTreeSet;
use std::path::Path;

use crate::fact::{Reading, Snapshot, Value, nearest};
use crate::host::{Trust, read_rule_file, read_rule_files};
use crate::plan::needs_of;
use crate::rule::{Profile, Rulebook};

use super::site::Config;
use crate::cli::args::{Role, RuleFiles};
use crate::cli::error::Error;

/// The profile that was named; `None` when none was.
pub(super) fn named(role: &Role, files: &RuleFiles) -> Result<Option<Profile>, Error> {
    let Some(name) = &role.profile else {
        return Ok(None);
    };
    let is_file = name.contains('/')
        || [".yaml", ".yml"]
            .iter()
            .any(|ending| name.ends_with(ending));
    if is_file {
        let file = read_rule_file(Path::new(name), Trust::of_user())
            .map_err(|problem| Error::Profiles(vec![problem]))?;
        return Profile::parse(&file).map(Some).map_err(Error::Profiles);
    }
    let mut all = Profile::built_in().map_err(Error::Profiles)?;
    let config = Config::of(&files.site)?;
    if let Some(folder) = config.part("profiles.d") {
        let found = read_rule_files(&folder, Trust::of_user());
        let mut problems = config.problems();
        problems.extend(found.problems);
        if let Err(broken) = Profile::overlay(&mut all, &found.rules) {
            problems.extend(broken);
        }
        if !problems.is_empty() {
            return Err(Error::Profiles(problems));
        }
    }
    if let Some(profile) = all.remove(name) {
        return Ok(Some(profile));
    }
    let near = nearest(name, all.keys().map(String::as_str)).map(str::to_owned);
    let all = all.into_keys().collect();
    Err(Error::NoProfile(name.clone(), near, all))
}

/// The facts a run needs: those of the rules and of the profile.
pub(super) fn facts(book: &Rulebook, profile: Option<&Profile>) -> BTreeSet<String> {
    let mut facts = book.facts();
    facts.extend(profile.iter().copied().flat_map(needs_of));
    facts
}

/// Puts the parameters of a profile among the facts.
pub(super) fn inform(snapshot: &mut Snapshot, profile: Option<&Profile>) {
    let Some(profile) = profile else { return };
    for sample in std::iter::once(&mut snapshot.now).chain(&mut snapshot.earlier) {
        for (name, value) in &profile.params {
            let reading = Reading::Known(Value::Int(*value));
            sample.readings.insert(name.clone(), reading);
        }
    }
}
