//! Hosts made by hand: a snapshot with the boot configuration somebody left behind.

use std::collections::BTreeMap;

use tcptune::fact::boot::{
    Boot, BootSetting, Definition, Engine, Fate, Forecast, Outcome, Place, Writer,
};
use tcptune::fact::{KernelVersion, Reading, Sample, Snapshot, Value};

pub(crate) const FIN: &str = "net.ipv4.tcp_fin_timeout";
pub(crate) const RECYCLE: &str = "net.ipv4.tcp_tw_recycle";
pub(crate) const REUSE: &str = "net.ipv4.tcp_tw_reuse";
pub(crate) const SOMAXCONN: &str = "net.core.somaxconn";
const SECRET: &str = "net.ipv4.tcp_fastopen_key";

const LIB: &str = "/usr/lib/sysctl.d/50-vendor-defaults.conf";
const NET: &str = "/etc/sysctl.d/50-net.conf";
const LATE: &str = "/etc/sysctl.d/90-late.conf";
const CONF: &str = "/etc/sysctl.conf";

pub(crate) struct Host;

impl Host {
    /// Nobody touched anything.
    pub(crate) fn untouched() -> Snapshot {
        host(boot(&[], &[]))
    }

    /// Four lines set one key, and live somebody set it by hand.
    pub(crate) fn edited() -> Snapshot {
        let mut snapshot = host(with_files());
        set(&mut snapshot, FIN, 25);
        set(&mut snapshot, REUSE, 1);
        snapshot
    }

    /// The same files, and no kernel.
    pub(crate) fn files_only() -> Snapshot {
        let now = Sample {
            boot: Some(with_files()),
            ..Sample::default()
        };
        Snapshot::new(None, now)
    }
}

/// Gives a key another value.
pub(crate) fn set(snapshot: &mut Snapshot, key: &str, value: i64) {
    let kind = tcptune::catalog::find(key).and_then(|spec| spec.parse(&value.to_string()).ok());
    let value = kind.unwrap_or(Value::Int(value));
    let reading = Reading::Known(value);
    snapshot
        .now
        .readings
        .insert(format!("sysctl.{key}"), reading);
}

fn host(boot: Boot) -> Snapshot {
    let mut now = Sample {
        uptime_seconds: Some(86_400.0),
        boot: Some(boot),
        ..Sample::default()
    };
    now.host.kernel = KernelVersion::parse("6.12.1");
    let initial = Reading::Known(Value::Bool(true));
    now.readings
        .insert("host.initial_netns".to_owned(), initial);
    let mut snapshot = Snapshot::new(None, now);
    for (key, value) in [(FIN, 60), (REUSE, 2), (SOMAXCONN, 4096)] {
        set(&mut snapshot, key, value);
    }
    let absent = format!("sysctl.{RECYCLE}");
    snapshot.now.readings.insert(absent, Reading::Absent);
    let secret = Reading::Denied("secret, never read".to_owned());
    snapshot
        .now
        .readings
        .insert(format!("sysctl.{SECRET}"), secret);
    snapshot
}

fn place(file: &str, line: u32) -> Place {
    Place {
        file: file.to_owned(),
        line: Some(line),
    }
}

fn outcome(fate: Fate, by: Option<Place>, why: Option<&str>) -> Outcome {
    Outcome {
        fate,
        by,
        why: why.map(str::to_owned),
    }
}

fn with_files() -> Boot {
    let removed = "no such key on this kernel: removed in 4.12";
    let lines = [
        (
            LIB,
            3,
            FIN,
            "50",
            outcome(Fate::Masked, Some(place(NET, 1)), None),
        ),
        (
            NET,
            7,
            FIN,
            "20 # soon",
            outcome(Fate::Shadowed, Some(place(LATE, 2)), None),
        ),
        (LATE, 2, FIN, "30", outcome(Fate::Wins, None, None)),
        (
            LATE,
            5,
            RECYCLE,
            "1",
            outcome(Fate::Ignored, None, Some(removed)),
        ),
        (LATE, 6, SECRET, "1-2-3-4", outcome(Fate::Wins, None, None)),
        (
            CONF,
            1,
            FIN,
            "40",
            outcome(
                Fate::Ignored,
                None,
                Some("systemd-sysctl does not read this file"),
            ),
        ),
    ];
    let untouched = Forecast::Untouched;
    boot(
        &lines,
        &[
            (
                FIN,
                Forecast::Value(Value::Int(30)),
                Some(2),
                Forecast::Value(Value::Int(40)),
                Some(5),
            ),
            (RECYCLE, untouched.clone(), None, untouched, None),
            (SECRET, text("1-2-3-4"), Some(4), text("1-2-3-4"), Some(4)),
        ],
    )
}

fn text(text: &str) -> Forecast {
    Forecast::Value(Value::Text(text.to_owned()))
}

type Line<'a> = (&'a str, u32, &'a str, &'a str, Outcome);
type Setting<'a> = (&'a str, Forecast, Option<usize>, Forecast, Option<usize>);

fn boot(lines: &[Line<'_>], settings: &[Setting<'_>]) -> Boot {
    let definition = |(file, line, key, value, outcome): &Line<'_>| Definition {
        place: place(file, *line),
        key: (*key).to_owned(),
        value: Some((*value).to_owned()),
        lenient: false,
        outcome: outcome.clone(),
        unread: *file == CONF,
    };
    let claims = |key: &str| {
        let named = lines.iter().enumerate().filter(|(_, line)| line.2 == key);
        named.map(|(at, line)| (at, line.4.clone())).collect()
    };
    let setting = |(key, next_boot, set_by, system_now, system_by): &Setting<'_>| {
        let setting = BootSetting {
            next_boot: next_boot.clone(),
            set_by: *set_by,
            system_now: system_now.clone(),
            system_by: *system_by,
            claims: claims(key),
        };
        ((*key).to_owned(), setting)
    };
    Boot {
        engine: Engine::Systemd,
        decided: "/run/systemd/system exists".to_owned(),
        definitions: lines.iter().map(definition).collect(),
        settings: settings.iter().map(setting).collect(),
        writers: vec![Writer {
            name: "tuned profile network-latency".to_owned(),
            place: place("/usr/lib/tuned/network-latency/tuned.conf", 18),
            sets: BTreeMap::from([(SOMAXCONN.to_owned(), Some(">2048".to_owned()))]),
        }],
        notes: vec!["/etc/sysctl.d/70-broken.conf: EACCES".to_owned()],
    }
}
