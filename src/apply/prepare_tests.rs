//! What is prepared, what is left, and what stops everything.

use std::collections::BTreeMap;

use super::*;
use crate::fact::Value;
use crate::fact::boot::{BootSetting, Definition, Engine, Fate, Outcome};
use crate::plan::{Change, Future, Standing};

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const PORTS: &str = "net.ipv4.ip_local_reserved_ports";

struct Kernel(BTreeMap<&'static str, Reading<String>>);

impl Sysctls for Kernel {
    fn read(&mut self, key: &str) -> Reading<String> {
        self.0.get(key).cloned().unwrap_or(Reading::Absent)
    }

    fn write(&mut self, key: &str, _: &str) -> Result<(), String> {
        panic!("{key} was written while a plan was prepared");
    }
}

fn change(key: &str, wanted: Value) -> Change {
    let live = Reading::Known(wanted.clone());
    let standing = Standing {
        live: live.clone(),
        default: None,
        next_boot: None,
        system_now: None,
        origin: None,
    };
    Change {
        key: key.to_owned(),
        scope: KeyScope::Netns,
        live,
        recommended: wanted,
        because: vec!["a-rule".to_owned()],
        by_setting: true,
        blocked: None,
        out_of_reach: false,
        conflict: false,
        guards: Vec::new(),
        costs: Vec::new(),
        messages: Vec::new(),
        standing,
    }
}

fn prepared(change: Change, now: Reading<String>, accept: Accept, lasting: bool) -> Prepared {
    let key = catalog::find(&change.key).map_or("net.made.up", |spec| spec.key);
    let plan = Plan {
        changes: [(change.key.clone(), change)].into(),
    };
    prepare(&plan, accept, lasting, &mut Kernel([(key, now)].into()))
}

fn known(text: &str) -> Reading<String> {
    Reading::Known(text.to_owned())
}

#[test]
fn a_value_that_is_there_is_made_to_last_where_the_next_boot_would_lose_it() {
    let mut wanted = change(FIN, Value::Int(30));
    let step = |wanted: &Change, lasting| {
        let made = prepared(wanted.clone(), known("30"), Accept::Setting, lasting);
        made.steps.into_iter().next()
    };
    assert_eq!(step(&wanted, true), None, "no boot files");
    wanted.standing.next_boot = Some(Future::Untouched(Some(Value::Int(60))));
    let made = step(&wanted, true).unwrap();
    assert_eq!((made.before.as_str(), made.after.as_str()), ("30", "30"));
    assert_eq!(step(&wanted, false), None, "live values only");
    wanted.standing.next_boot = Some(Future::Untouched(Some(Value::Int(30))));
    assert_eq!(step(&wanted, true), None);
}

#[test]
fn a_step_goes_back_to_the_exact_text_and_an_equal_value_is_no_step() {
    let rmem = "net.ipv4.tcp_rmem";
    let wanted = change(rmem, Value::Triple([4096, 131_072, 7_000_000]));
    let now = "4096\t131072\t6291456";
    let made = prepared(wanted.clone(), known(now), Accept::Setting, true);
    assert_eq!(made.steps[0].before, now);
    assert_eq!(made.steps[0].after, "4096 131072 7000000");
    let now = known("4096\t131072\t7000000");
    let none = prepared(wanted, now, Accept::Setting, true);
    assert_eq!(none, Prepared::default());
}

#[test]
fn what_rests_on_a_symptom_is_left_unless_all_is_accepted() {
    let mut wanted = change(FIN, Value::Int(30));
    wanted.by_setting = false;
    let left = prepared(wanted.clone(), known("60"), Accept::Setting, true);
    assert!(left.steps.is_empty() && left.left[0].why.contains("symptom"));
    let made = prepared(wanted, known("60"), Accept::All, true);
    assert_eq!(made.steps.len(), 1);
}

#[test]
fn a_key_out_of_reach_stops_everything_and_a_blocked_one_is_left() {
    let read_only = Reading::ReadOnly("60".to_owned());
    let stopped = prepared(change(FIN, Value::Int(30)), read_only, Accept::All, true);
    assert!(stopped.steps.is_empty() && !stopped.refused.is_empty());
    let mut blocked = change(FIN, Value::Int(30));
    blocked.blocked = Some("a guard".to_owned());
    let left = prepared(blocked.clone(), known("60"), Accept::All, true);
    assert_eq!(
        (left.refused.len(), left.left[0].why.as_str()),
        (0, "a guard")
    );
    blocked.out_of_reach = true;
    let stopped = prepared(blocked.clone(), known("60"), Accept::All, true);
    assert_eq!(stopped.refused.len(), 1);
    // A setting of the machine is only listed: it is to be changed on the host.
    blocked.scope = KeyScope::HostReadonly;
    let left = prepared(blocked, known("60"), Accept::All, true);
    assert_eq!((left.refused.len(), left.left.len()), (0, 1));
}

#[test]
fn an_empty_list_stands_in_no_file() {
    let empty = change(PORTS, Value::Ports(Vec::new()));
    let left = prepared(empty.clone(), known("8080"), Accept::All, true);
    assert!(left.left[0].why.contains("--live-only"), "{left:?}");
    let made = prepared(empty, known("8080"), Accept::All, false);
    assert_eq!(made.steps[0].after, "");
}

#[test]
fn the_catalogue_has_the_last_word_on_every_value() {
    for (key, wanted, part) in [
        ("net.ipv4.ip_forward", "1", "never written"),
        ("net.ipv4.tcp_fastopen_key", "1", "secret"),
        ("net.ipv4.tcp_syn_retries", "200", "outside"),
        ("net.ipv4.tcp_rmem", "3 2 1", "ascend"),
        ("net.ipv4.tcp_rmem", "3", "three numbers"),
        ("net.made.up", "1", "does not know"),
        ("net.ipv4.conf.eth0.made_up", "1", "does not know"),
    ] {
        let why = forbidden(key, wanted).unwrap();
        assert!(why.contains(part), "{key}: {why}");
    }
    assert_eq!(forbidden(FIN, "30"), None);
    for key in [
        "net.ipv4.conf.*.rp_filter",
        "-net.x",
        "net.a b",
        "net.x=1",
        "net.x\n",
    ] {
        assert!(unfit_for_a_file(key, "1").is_some(), "{key:?}");
    }
    assert_eq!(
        unfit_for_a_file("net.ipv4.conf.eth0/100.rp_filter", "1"),
        None
    );
}

#[test]
fn new_entries_join_those_of_earlier_applies() {
    let entry = |value: &str| Entry {
        value: value.to_owned(),
        comment: "older".to_owned(),
    };
    let there = dropin::Dropin {
        entries: [
            (FIN.to_owned(), entry("20")),
            ("net.x".to_owned(), entry("1")),
        ]
        .into(),
    };
    let image = FileImage {
        bytes: there.render().into_bytes(),
        mode: 0o640,
    };
    let steps = [step(
        FIN,
        "20".to_owned(),
        "30".to_owned(),
        vec!["a-rule".to_owned()],
    )];
    let change = dropin_change(&steps, Some(image.clone()), 7, 1_767_225_600).unwrap();
    assert_eq!((change.before, change.after.mode), (Some(image), 0o640));
    let after = dropin::parse(&change.after.bytes).unwrap().entries;
    assert_eq!(
        (after[FIN].value.as_str(), after["net.x"].value.as_str()),
        ("30", "1")
    );
    assert_eq!(after[FIN].comment, "a-rule, 2026-01-01, apply 7");
    let foreign = FileImage {
        bytes: b"net.x = 1\n".to_vec(),
        mode: 0o644,
    };
    assert!(dropin_change(&steps, Some(foreign), 7, 0).is_err());
}

#[test]
fn a_line_that_wins_over_the_drop_in_is_named() {
    let outcome = Outcome {
        fate: Fate::Wins,
        by: None,
        why: None,
    };
    let boot = |file: &str, forecast: Forecast| Boot {
        engine: Engine::Systemd,
        decided: String::new(),
        definitions: vec![Definition {
            place: Place {
                file: file.to_owned(),
                line: Some(3),
            },
            key: FIN.to_owned(),
            value: None,
            lenient: false,
            outcome: outcome.clone(),
            unread: false,
        }],
        settings: [(
            FIN.to_owned(),
            BootSetting {
                next_boot: forecast,
                set_by: Some(0),
                system_now: Forecast::Untouched,
                system_by: None,
                claims: Vec::new(),
            },
        )]
        .into(),
        writers: Vec::new(),
        notes: Vec::new(),
    };
    let steps = [step(FIN, "60".to_owned(), "30".to_owned(), Vec::new())];
    let value = |number| Forecast::Value(Value::Int(number));
    assert_eq!(obstacles(&steps, &boot(DROPIN, value(30))), []);
    let lost = obstacles(&steps, &boot("/etc/sysctl.d/99-x.conf", value(9)));
    let by = lost[0].by.as_ref().unwrap();
    assert_eq!(
        (by.to_string().as_str(), lost[0].why.as_str()),
        ("/etc/sysctl.d/99-x.conf:3", "it sets 9")
    );
    let unknown = obstacles(&steps, &boot(DROPIN, Forecast::Unknown("why".to_owned())));
    assert_eq!(
        (unknown[0].by.clone(), unknown[0].why.as_str()),
        (None, "why")
    );
}
