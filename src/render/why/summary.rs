//! What there is to say of a key in one line.

use super::key::{Known, shown};
use crate::fact::boot::Fate;
use crate::plan::{Future, Origin};

/// The line above everything else.
pub(super) fn summary(known: &Known<'_>) -> String {
    if known.is_removed() {
        return removed(known);
    }
    if known.exists == Some(false) {
        return missing(known);
    }
    let mut line = boot(known);
    if let Some(next) = differs_now(known) {
        line = format!("{line}; {next}");
    }
    match ignored(known) {
        Some(ignored) => format!("{ignored}; {line}"),
        None => line,
    }
}

/// Of a key that newer kernels ignore: whether this one does.
fn ignored(known: &Known<'_>) -> Option<String> {
    let spec = known.spec?;
    let release = spec.noop_since?;
    let kernel = known.inquiry.snapshot.now.host.kernel.as_ref();
    Some(match kernel.map(|kernel| spec.is_ignored_by(kernel)) {
        Some(Some(true)) => format!("does nothing since Linux {release}"),
        Some(None) => format!(
            "does nothing from Linux {release} on, and a vendor's kernel may ignore it earlier"
        ),
        Some(Some(false)) => format!("works here, and does nothing from Linux {release} on"),
        None => format!("does nothing from Linux {release} on"),
    })
}

/// A key of former days. A line that still sets it is named, and what to do about it.
fn removed(known: &Known<'_>) -> String {
    let release = known.spec.and_then(|spec| spec.removed_in);
    let release = release.map_or_else(String::new, |release| release.to_string());
    let lines: Vec<String> = known
        .setters()
        .map(|one| match one.line {
            Some(line) => format!("{}:{line}", one.file),
            None => one.file.clone(),
        })
        .collect();
    // Of files alone it is known only where they say so which kernel will read them, and that one may
    // be older.
    let wins = Fate::Wins.word();
    let open = known.inquiry.files_only && known.setters().any(|one| one.fate == wins);
    match lines.as_slice() {
        [] => format!("removed in Linux {release}; nothing sets it here"),
        [one] if open => {
            format!("removed in Linux {release}: from there on {one} does nothing")
        }
        [first, rest @ ..] if open => format!(
            "removed in Linux {release}: from there on {first} and {} more do nothing",
            rest.len()
        ),
        [one] => format!("removed in Linux {release}; {one} does nothing: delete the line"),
        [first, rest @ ..] => format!(
            "removed in Linux {release}; {first} and {} more do nothing: delete the lines",
            rest.len()
        ),
    }
}

fn missing(known: &Known<'_>) -> String {
    let sets = if known.setters().next().is_some() {
        "; what sets it does nothing"
    } else {
        ""
    };
    let kernel = known.inquiry.snapshot.now.host.kernel.as_ref();
    let since = known.spec.and_then(|spec| spec.since);
    match (since, kernel) {
        (Some(since), Some(kernel)) if !since.is_in(kernel) => {
            format!("not on this kernel: it came with Linux {since}{sets}")
        }
        _ => format!("not on this kernel or not in this namespace{sets}"),
    }
}

/// What holds now and what the next boot makes of it.
fn boot(known: &Known<'_>) -> String {
    let standing = &known.standing;
    let live = known.live();
    let named = match &standing.origin {
        Some(Origin::KernelDefault) => Some("the kernel's default"),
        _ => None,
    };
    let Some(next) = &standing.next_boot else {
        return match (live, named) {
            (Some(live), Some(named)) => format!("{live}: {named}"),
            (Some(live), None) => match &standing.default {
                Some(default) => format!("{live}; the kernel's default is {default}"),
                None => live,
            },
            (None, _) => "its value cannot be read".to_owned(),
        };
    };
    let unknown = match next {
        Future::Unknown(why) => Some(why.as_str()),
        _ => None,
    };
    let by = next.by().map_or_else(
        || ": nothing sets it at boot".to_owned(),
        |place| format!(" by {place}"),
    );
    match (live, next.value().map(|value| shown(known.spec, value))) {
        _ if unknown.is_some() => {
            let why = unknown.unwrap_or_default();
            format!("what the next boot brings cannot be told: {why}")
        }
        (Some(live), Some(next_value)) if standing.live.value() != next.value() => {
            format!("the next boot changes it: {live} -> {next_value}{by}")
        }
        (Some(live), Some(_)) => match (next.by(), named) {
            (Some(place), _) => {
                format!("{live}: {place} sets it; the next boot changes nothing")
            }
            (None, Some(named)) => format!("{live}: {named}; the next boot changes nothing"),
            (None, None) => format!("{live}; the next boot changes nothing"),
        },
        (Some(live), None) => {
            format!("{live} now; nothing sets it at boot, and the kernel's default is not known")
        }
        (None, Some(value)) => match next.by() {
            Some(place) => format!("the next boot sets {value}: {place}"),
            None => format!("nothing sets it at boot: the kernel's default {value}"),
        },
        (None, None) => "nothing sets it at boot: the kernel's default".to_owned(),
    }
}

/// What `sysctl --system` would change now.
fn differs_now(known: &Known<'_>) -> Option<String> {
    let live = known.standing.live.value()?;
    let Some(Future::Set(value, by)) = &known.standing.system_now else {
        return None;
    };
    let next = known.standing.next_boot.as_ref().and_then(Future::value);
    if value == live || Some(value) == next {
        return None;
    }
    let by = by
        .as_ref()
        .map_or_else(String::new, |by| format!(" ({by})"));
    let value = shown(known.spec, value);
    Some(format!("`sysctl --system` would make it {value}{by}"))
}
