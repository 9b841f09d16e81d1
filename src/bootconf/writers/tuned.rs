//! tuned: the active profile and those it includes, as its loader merges them
//! (`tuned/profiles/{loader,locator,merger}.py`).

use std::collections::BTreeMap;

use super::{Tree, Writer, entry, line, text};
use crate::bootconf::Entry;
use crate::catalog;

/// Where profiles are looked for, the place that wins first. Up to 2.22 they lay beside the
/// configuration, from 2.23 on in `profiles`; tuned-adm(8) of either.
const FOLDERS: [&str; 4] = [
    "/etc/tuned/profiles",
    "/etc/tuned",
    "/usr/lib/tuned/profiles",
    "/usr/lib/tuned",
];

/// A profile that includes more than this is no profile anybody wrote.
const MOST_FILES: usize = 32;

/// A setting of a profile: profile, file, line and value.
type Setting = (String, String, usize, Option<String>);

/// The settings of one `[section]`: by dotted key.
type Section = BTreeMap<String, Setting>;

/// The lines of the active profile that set keys, apart from those a later profile replaces.
pub(super) fn writers(tree: &dyn Tree) -> Vec<Writer> {
    let Some(active) = text(tree, "/etc/tuned/active_profile") else {
        return Vec::new();
    };
    let mut merge = Merge {
        tree,
        seen: Vec::new(),
        sections: BTreeMap::new(),
    };
    merge.profiles(active.split_whitespace());
    let mut all: Vec<_> = merge
        .sections
        .into_values()
        .flat_map(Section::into_iter)
        .collect();
    all.sort_unstable_by(|(_, one), (_, other)| (&one.1, one.2).cmp(&(&other.1, other.2)));
    all.into_iter()
        .map(|(key, (profile, file, number, value))| {
            let name = format!("tuned profile {profile}");
            line(&name, &file, number, &key, value.as_deref())
        })
        .collect()
}

struct Merge<'a> {
    tree: &'a dyn Tree,
    seen: Vec<String>,
    sections: BTreeMap<String, Section>,
}

impl Merge<'_> {
    /// Lays profiles over what is there, each behind those it includes.
    fn profiles<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        for name in names.filter(|name| is_safe(name)) {
            let Some((file, text)) = self.find(name) else {
                continue;
            };
            self.seen.push(file.clone());
            let options = options(&text);
            let included = options
                .iter()
                .find(|one| one.section == "main" && one.key == "include");
            if let Some(included) = included {
                self.profiles(included.value.split([',', ';']).map(str::trim));
            }
            self.lay(name, &file, &options);
        }
    }

    /// The first file of a profile that was not taken yet: so a profile may include the one it
    /// replaces.
    fn find(&self, name: &str) -> Option<(String, String)> {
        if self.seen.len() >= MOST_FILES {
            return None;
        }
        FOLDERS.iter().find_map(|folder| {
            let file = format!("{folder}/{name}/tuned.conf");
            let new = !self.seen.contains(&file) && entry(self.tree, &file) == Some(Entry::File);
            let text = new.then(|| text(self.tree, &file)).flatten()?;
            Some((file, text))
        })
    }

    fn lay(&mut self, profile: &str, file: &str, options: &[Line<'_>]) {
        let of = |section: &str, key: &str| {
            options
                .iter()
                .rfind(|one| one.section == section && one.key == key)
                .map(|one| one.value)
        };
        for one in options {
            let kind = of(one.section, "type").unwrap_or(one.section);
            // Every key has a dot; the options that all sections have do not.
            if kind != "sysctl" || !one.key.contains(['.', '/']) {
                continue;
            }
            let section = self.sections.entry(one.section.to_owned()).or_default();
            let replaces = of(one.section, "replace").is_some_and(|on| matches!(on, "1" | "true"));
            if replaces {
                section.retain(|_, setting| setting.1 == file);
            }
            let value = one.value.trim_matches('"');
            // A variable or a function is worked out when tuned runs.
            let value = (!value.contains("${")).then(|| value.to_owned());
            let key = catalog::canonical(one.key).into_owned();
            let setting = (profile.to_owned(), file.to_owned(), one.number, value);
            section.insert(key, setting);
        }
    }
}

/// The names tuned takes (`Loader.safe_name`).
fn is_safe(name: &str) -> bool {
    let tame = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    !name.is_empty() && name.chars().all(tame) && !name.chars().all(|c| c == '.')
}

/// One `key = value` of a section.
struct Line<'a> {
    number: usize,
    section: &'a str,
    key: &'a str,
    value: &'a str,
}

/// The options of a file as Python's `ConfigParser` takes them with `=` alone between key and value: `#`
/// and `;` begin a comment at the start of a line, a `#` behind a blank anywhere.
fn options(text: &str) -> Vec<Line<'_>> {
    let mut section = "";
    let mut found = Vec::new();
    for (at, whole) in text.lines().enumerate() {
        let line = without_comment(whole);
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            section = name;
        } else if let Some((key, value)) = line.split_once('=') {
            // An indented line goes on with the value above it.
            if !whole.starts_with([' ', '\t']) {
                found.push(Line {
                    number: at + 1,
                    section,
                    key: key.trim(),
                    value: value.trim(),
                });
            }
        }
    }
    found
}

fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return "";
    }
    let comment = line.match_indices('#').find(|(at, _)| {
        line.get(..*at)
            .is_some_and(|before| before.ends_with(char::is_whitespace))
    });
    comment
        .and_then(|(at, _)| line.get(..at))
        .unwrap_or(line)
        .trim_end()
}
