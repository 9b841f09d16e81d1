//! The values afterwards: the files through the loader and the kernel's answers, against what was seen.

use std::collections::BTreeSet;

use tcptune::bootconf::{Request, read};
use tcptune::catalog::find;
use tcptune::fact::boot::{Boot, Engine, Fate, Forecast};
use tcptune::fact::{KernelVersion, Value};

use super::{Case, ENGINES, cases};

/// What is left open, and rightly so: whether the template reaches an interface, and what an order leaves.
const OPEN: [(&str, &str); 3] = [
    (
        "a key keeps patterns away even with a value that the kernel refuses",
        "net.ipv4.conf.eth9.rp_filter",
    ),
    (
        "a key that is set, then matched, then excluded",
        "net.ipv4.conf.eth9.rp_filter",
    ),
    ("a key that nobody may read", "net.ipv4.route.flush"),
];

/// What the keys had before, on the machine the cases were observed on.
fn before(key: &str) -> Option<Value> {
    let spec = find(key)?;
    if key == "net.ipv4.tcp_rmem" {
        return spec.parse("4096 131072 33554432").ok();
    }
    spec.default_for(&KernelVersion::parse("6.18.0")?)
}

fn boot(case: &Case, engine: Engine) -> Boot {
    let request = Request {
        engine,
        decided: "told".to_owned(),
        cmdline: None,
        kernel: KernelVersion::parse("6.18.0"),
        live: &before,
        default: &before,
        available: &|_, name| Some(["reno", "cubic", "bbr"].contains(&name)),
        builtin: &|_| Some(true),
        opaque: None,
    };
    read(&case.tree(), &case.keys(), &request)
}

/// The keys with another value than was seen: one word for each.
fn differences(
    case: &Case,
    engine: Engine,
    told: impl Fn(&str) -> Option<Forecast>,
) -> Vec<String> {
    let after = &case.expected(engine).after;
    let boot = boot(case, engine);
    let keys: BTreeSet<&String> = after.keys().chain(boot.settings.keys()).collect();
    let mut wrong = Vec::new();
    for key in keys {
        let seen = match after.get(key) {
            Some(text) => find(key).and_then(|spec| spec.parse(text).ok()),
            None => before(key),
        };
        let told = match told(key) {
            Some(Forecast::Value(value)) => Some(value),
            Some(Forecast::Untouched) | None => before(key),
            Some(Forecast::Unknown(_)) if OPEN.contains(&(case.name.as_str(), key)) => continue,
            Some(Forecast::Unknown(why)) => {
                wrong.push(format!("{}: {key}: {why}", case.name));
                continue;
            }
        };
        if told != seen {
            wrong.push(format!("{}: {key} is {seen:?}, not {told:?}", case.name));
        }
    }
    wrong
}

#[test]
fn after_a_boot_every_key_has_the_value_that_was_seen() {
    let mut wrong = Vec::new();
    for case in cases() {
        for engine in ENGINES {
            let boot = boot(&case, engine);
            let next = |key: &str| Some(boot.settings.get(key)?.next_boot.clone());
            wrong.extend(differences(&case, engine, next));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn now_every_key_has_the_value_procps_was_seen_to_leave() {
    let mut wrong = Vec::new();
    for case in cases() {
        for engine in ENGINES {
            let boot = boot(&case, engine);
            let now = |key: &str| Some(boot.settings.get(key)?.system_now.clone());
            wrong.extend(differences(&case, Engine::Procps, now));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_value_comes_from_a_definition_that_wins_or_was_refused_in_part() {
    for case in cases() {
        for engine in ENGINES {
            let boot = boot(&case, engine);
            for (key, setting) in &boot.settings {
                let winners: Vec<usize> = setting
                    .claims
                    .iter()
                    .filter(|(_, outcome)| outcome.fate == Fate::Wins)
                    .map(|(at, _)| *at)
                    .collect();
                assert!(winners.len() <= 1, "{}: {key}: {winners:?}", case.name);
                let Some(by) = setting.set_by else {
                    let kept = matches!(setting.next_boot, Forecast::Untouched);
                    assert!(kept, "{}: {key}: {:?}", case.name, setting.next_boot);
                    continue;
                };
                assert!(by < boot.definitions.len());
                let own = setting.claims.iter().find(|(at, _)| *at == by);
                if let (Some((_, outcome)), Forecast::Value(_)) = (own, &setting.next_boot) {
                    let fits = matches!(outcome.fate, Fate::Wins | Fate::Invalid);
                    assert!(fits, "{}: {key}: {outcome:?}", case.name);
                }
            }
            for setting in boot.settings.values() {
                assert!(
                    setting
                        .system_by
                        .is_none_or(|by| by < boot.definitions.len())
                );
            }
        }
    }
}
