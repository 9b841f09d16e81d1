//! What may be written can be taken back: every key that a rule or a profile may set is changed and given
//! its old text again, in a network namespace, and then *every* setting of the network must be what it was.
//!
//! Some keys write through to others (`conf.all` to every interface). Giving such a key its old value does
//! not give the others theirs, so the catalogue has to forbid it; this test finds those it forgot.

mod netns;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use netns::{file, in_new_netns, kernel, note, present, write};
use tcptune::catalog::{KeyScope, KeySpec, Write, find};
use tcptune::fact::Value;

/// Interfaces of both families, so that a write-through has something to reach.
const LINKS: &str = "
link set lo up
link add one type veth peer name two
address add 192.0.2.1/24 dev one
link set one up
link set two up
address add 2001:db8::1/64 dev one nodad
link add three type bridge
";

/// Every readable setting of the network, apart from what moves by itself.
fn settings() -> BTreeMap<String, String> {
    present()
        .into_iter()
        .filter(|(key, _)| !key.ends_with("_count"))
        .filter_map(|(key, path)| Some((key, fs::read_to_string(path).ok()?)))
        .collect()
}

/// Values unlike the one in force, the mildest first.
fn others(spec: &KeySpec, live: &Value) -> Vec<Value> {
    let candidates = match live {
        Value::Bool(on) => vec![Value::Bool(!on)],
        Value::Int(now) => [now + 1, now - 1, 1, 0, 2, now / 2, now * 2]
            .map(Value::Int)
            .to_vec(),
        Value::Triple([min, default, max]) => vec![
            Value::Triple([*min, *default, max + 4096]),
            Value::Triple([min + 1, default + 1, max + 1]),
        ],
        Value::Range([low, high]) => vec![
            Value::Range([low + 2, high - 2]),
            Value::Range([low + 1, *high]),
            Value::Range([0, 100]),
        ],
        Value::Ports(_) => vec![Value::Ports(vec![(8080, 8090)]), Value::Ports(Vec::new())],
        Value::Words(_) | Value::Text(_) => vec![
            Value::Words(vec!["reno".to_owned()]),
            Value::Text("reno".to_owned()),
        ],
    };
    let fits = |one: &Value| one != live && spec.accepts(one).is_ok();
    candidates.into_iter().filter(fits).collect()
}

#[test]
fn every_writable_key_can_be_taken_back_alone() {
    in_new_netns("every_writable_key_can_be_taken_back_alone", || {
        let made = Command::new("sh")
            .args(["-c", &format!("ip -batch - <<'end'\n{LINKS}\nend")])
            .status();
        assert!(made.is_ok_and(|made| made.success()), "no interfaces");
        let start = settings();
        let (mut tried, mut same) = (0, Vec::new());
        let mut faults = Vec::new();
        for (key, before) in &start {
            let Some(spec) = find(key) else { continue };
            let ours = spec.scope == KeyScope::Netns && spec.write == Write::Allowed;
            if !ours || spec.secret {
                continue;
            }
            let path = file(key);
            let Ok(live) = spec.parse(before.trim()) else {
                continue;
            };
            let changed = others(spec, &live).into_iter().any(|value| {
                let written = write(&path, &value.to_string()).is_ok();
                written && fs::read_to_string(&path).is_ok_and(|now| now != *before)
            });
            if !changed {
                same.push(key.clone());
            }
            tried += 1;
            // With its newline: without a byte an empty list would stay as it is.
            if let Err(error) = write(&path, before) {
                faults.push(format!("{key}: {before:?} is refused: {error}"));
            }
            let after = settings();
            for (other, was) in &start {
                if after.get(other) != Some(was) {
                    faults.push(format!(
                        "{key} leaves {other}: {was:?} -> {:?}",
                        after.get(other)
                    ));
                    // One fault is told once.
                    let _ = write(&file(other), was);
                }
            }
        }
        assert!(
            faults.is_empty(),
            "{} faults\n{}",
            faults.len(),
            faults.join("\n")
        );
        note(&format!(
            "{tried} keys changed and taken back on {}, {} took no other value",
            kernel().release,
            same.len()
        ));
        assert!(tried > 400, "only {tried} keys tried");
        assert!(same.len() * 10 < tried, "{same:?}");
    });
}
