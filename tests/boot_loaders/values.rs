//! The values after a loader ran, against those foretold.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use tcptune::bootconf::{Request, Tree, read};
use tcptune::catalog::{canonical, find};
use tcptune::fact::boot::{Engine, Forecast};
use tcptune::fact::{KernelVersion, Value};

use crate::loader::Loader;

/// How many values were foretold, and of how many it was said that they cannot be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told {
    /// Other than before.
    pub(crate) values: usize,
    /// As before.
    pub(crate) untouched: usize,
    pub(crate) unknown: usize,
}

/// Every value that is not as foretold, and the count of those that are.
pub(crate) fn wrong(
    loader: &Loader,
    tree: &dyn Tree,
    after: &BTreeMap<String, Vec<u8>>,
) -> (Told, Option<String>) {
    let parsed = |values: &BTreeMap<String, Vec<u8>>, path: &str| {
        let text = String::from_utf8_lossy(values.get(path)?).into_owned();
        find(&canonical(path))?.parse(&text).ok()
    };
    let before = |key: &str| -> Option<Value> {
        let path = tcptune::catalog::path(key)?;
        if loader.before.contains_key(&path) {
            return parsed(&loader.before, &path);
        }
        // Not watched, and not written by anybody: the stage has what each namespace starts with.
        let text = fs::read_to_string(Path::new("/proc/sys").join(path)).ok()?;
        find(key)?.parse(&text).ok()
    };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // Of those that the kernel has, a namespace may take those that everybody may take.
    let offered = fs::read_to_string("/proc/sys/net/ipv4/tcp_allowed_congestion_control");
    let offered = offered.unwrap_or_default();
    let boot = read(
        tree,
        &loader.keys,
        &Request {
            engine: loader.engine,
            decided: "the test says so".to_owned(),
            cmdline: None,
            kernel: KernelVersion::parse(&release),
            live: &before,
            default: &before,
            available: &|_, name| Some(offered.split_whitespace().any(|offered| offered == name)),
            builtin: &|_| Some(true),
            opaque: None,
        },
    );
    let (mut told, mut wrong) = (Told::default(), String::new());
    for (path, now) in after {
        let key = canonical(path);
        let setting = boot.settings.get(&*key);
        let forecast = setting.map_or(&Forecast::Untouched, |setting| match loader.engine {
            Engine::Systemd => &setting.next_boot,
            Engine::Procps => &setting.system_now,
        });
        let value = parsed(after, path);
        let right = match forecast {
            Forecast::Value(foretold) => {
                told.values += 1;
                value.as_ref() == Some(foretold)
            }
            Forecast::Untouched => {
                told.untouched += 1;
                // A switch that is 2 is on, as it is when it is 1.
                value == parsed(&loader.before, path)
            }
            Forecast::Unknown(_) => {
                told.unknown += 1;
                true
            }
        };
        if !right {
            let now = now.escape_ascii();
            let _ = writeln!(wrong, "{key} is {now}, foretold {forecast:?}");
        }
    }
    (told, (!wrong.is_empty()).then_some(wrong))
}
