//! The phrase beside each value.

use super::Reasons;
use super::key::Known;
use crate::catalog::KeySpec;
use crate::fact::boot::Place;
use crate::fact::{KernelVersion, Reading};
use crate::plan::{Future, Origin};
use crate::render::from::origin;
use crate::render::reach::reach;
use crate::render::report::Verdict;

/// Why no value of the kernel is told.
const FILES_ONLY: &str = "not looked at: these are the files of another system";

/// The reason of every value.
pub(super) fn reasons(known: &Known<'_>) -> Reasons {
    Reasons {
        live: live(known),
        next_boot: next_boot(known),
        system_now: system_now(known),
        recommended: recommended(known),
        default: default(known),
        scope: scope(known),
    }
}

fn scope(known: &Known<'_>) -> String {
    let kernel = known.inquiry.snapshot.now.host.kernel.as_ref();
    known
        .spec
        .map_or_else(String::new, |spec| reach(spec, kernel))
}

fn live(known: &Known<'_>) -> String {
    if known.inquiry.files_only {
        return FILES_ONLY.to_owned();
    }
    let reading = &known.standing.live;
    match &known.standing.origin {
        Some(Origin::NotKnown) if known.standing.default.is_some() => {
            "not the kernel's default".to_owned()
        }
        Some(from) => {
            origin(from).unwrap_or_else(|| "no default is known, so nobody can be named".to_owned())
        }
        None if *reading == Reading::Absent => "this kernel does not have it".to_owned(),
        None => reading.reason().unwrap_or_default(),
    }
}

fn next_boot(known: &Known<'_>) -> String {
    if let Some(gone) = gone(known) {
        return gone;
    }
    match &known.standing.next_boot {
        None => no_files(known),
        Some(Future::Set(_, by)) => by.as_ref().map_or_else(String::new, Place::to_string),
        Some(Future::Untouched(Some(_))) => "kernel default: nothing sets it at boot".to_owned(),
        Some(Future::Untouched(None)) => {
            "kernel default (not known): nothing sets it at boot".to_owned()
        }
        Some(Future::Unknown(why)) => why.clone(),
    }
}

fn system_now(known: &Known<'_>) -> String {
    if let Some(gone) = gone(known) {
        return gone;
    }
    match &known.standing.system_now {
        None => no_files(known),
        Some(Future::Set(_, by)) => by.as_ref().map_or_else(String::new, Place::to_string),
        Some(Future::Untouched(_)) => "no change: no file that it reads sets it".to_owned(),
        Some(Future::Unknown(why)) => why.clone(),
    }
}

/// Why a line that sets a removed key leads to no value.
fn gone(known: &Known<'_>) -> Option<String> {
    let release = known.spec.and_then(|spec| spec.removed_in)?;
    let gone = || format!("no kernel from Linux {release} on has it");
    known.is_removed().then(gone)
}

fn no_files(known: &Known<'_>) -> String {
    let why = known.inquiry.no_files.map(str::to_owned);
    why.unwrap_or_else(|| "no boot configuration was read".to_owned())
}

fn recommended(known: &Known<'_>) -> String {
    if known.inquiry.files_only {
        return "not judged: no kernel was looked at".to_owned();
    }
    if let Some(change) = known.inquiry.plan.changes.get(known.key) {
        let because = change.because.join(", ");
        return match &change.blocked {
            Some(why) => format!("{because}; blocked: {why}"),
            None => because,
        };
    }
    let open: Vec<&str> = known
        .rules
        .iter()
        .filter(|rule| rule.sets && rule.verdict == Some(Verdict::Unknown))
        .map(|rule| rule.rule.as_str())
        .collect();
    if open.is_empty() {
        "no rule asks for a change".to_owned()
    } else {
        format!("no rule asks for a change; unknown: {}", open.join(", "))
    }
}

fn default(known: &Known<'_>) -> String {
    let Some(spec) = known.spec else {
        return "not in the catalogue".to_owned();
    };
    let now = &known.inquiry.snapshot.now;
    let told = now.readings.contains_key(&format!("default.{}", known.key));
    let listed = now.host.kernel.as_ref().and_then(|kernel| {
        let value = spec.default_for(kernel);
        let same = value.is_some() && value == known.standing.default;
        same.then(|| since(spec, kernel)).flatten()
    });
    match (told, listed) {
        (true, Some(since)) => format!("{since}; a new network namespace has it"),
        (true, None) => "as a new network namespace of this kernel has it".to_owned(),
        (false, Some(since)) => since,
        (false, None) if known.standing.default.is_some() => "by the catalogue".to_owned(),
        (false, None) => match spec.scaled {
            Some(how) => format!("depends on the machine: {how}"),
            None if spec.secret => "a secret".to_owned(),
            None => "not known".to_owned(),
        },
    }
}

/// From which release on the default of this kernel has been what it is. The lists begin with the oldest
/// kernel that was looked at, which need not be the one that brought the value.
fn since(spec: &KeySpec, kernel: &KernelVersion) -> Option<String> {
    if kernel.is_vendor() {
        return None;
    }
    let past = spec.defaults.iter();
    let past: Vec<_> = past.take_while(|one| one.since.is_in(kernel)).collect();
    match past.as_slice() {
        [] => None,
        [only] if spec.since == Some(only.since) => {
            Some(format!("since Linux {}, which brought the key", only.since))
        }
        [only] => Some(format!("since Linux {} or earlier", only.since)),
        [.., before, last] => Some(match before.value {
            Some(value) => format!("since Linux {}; before that {value}", last.since),
            None => format!("since Linux {}", last.since),
        }),
    }
}

/// When a program sets its keys, seen from the boot files; from the sources that
/// `bootconf::writers` names.
pub(super) fn when(writer: &str) -> &'static str {
    match writer.split(' ').next().unwrap_or_default() {
        "tuned" => {
            "when tuned runs, behind /usr/lib; /run, /etc/sysctl.d and /etc/sysctl.conf beat it again"
        }
        "ufw" => "when ufw starts, behind every boot file",
        "docker" | "kubelet" => "when it starts, behind every boot file",
        "kube-proxy" => "when it starts, if it runs here; it raises the value and never lowers it",
        "NetworkManager" => "for the interfaces it manages, whenever it sets them up",
        "tcptune" => "one of the boot files: the one tcptune writes",
        _ => "behind the boot files",
    }
}
