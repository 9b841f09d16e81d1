//! What a run may change: values, the drop-in, the journal. All of it can be looked at and laid anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::{apply, run};
use crate::site::{EARLIER, EARLIER_FOLDER, SITE, SITE_FOLDER, lay_out};

pub(crate) const DROPIN: &str = "/etc/sysctl.d/60-tcptune.conf";
pub(crate) const JOURNAL: &str = "/var/lib/tcptune/journal";

/// Values to begin with, in an order the kernel takes from anywhere.
const ORIGIN: [(&str, &str); 8] = [
    ("net.ipv4.ip_unprivileged_port_start", "1024"),
    ("net.ipv4.ip_local_port_range", "20000 60999"),
    ("net.ipv4.ip_local_reserved_ports", "30000-30010,40000"),
    ("net.ipv4.tcp_rmem", "4096 131072 33554432"),
    ("net.ipv4.tcp_sack", "1"),
    ("net.ipv4.tcp_fin_timeout", "60"),
    ("net.core.somaxconn", "4096"),
    ("net.ipv4.tcp_keepalive_probes", "9"),
];

/// What is to be as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// The values of the watched keys, tokens apart by one space.
    pub(crate) values: BTreeMap<&'static str, String>,
    /// Bytes and mode of the drop-in.
    pub(crate) dropin: Option<(String, u32)>,
    /// Everything beside the drop-in.
    pub(crate) beside: BTreeSet<PathBuf>,
}

impl State {
    /// How things are.
    pub(crate) fn now() -> Self {
        let dropin = fs::metadata(DROPIN).ok().map(|stat| {
            let bytes = fs::read(DROPIN).expect("the drop-in can be read");
            let text = String::from_utf8(bytes).expect("the drop-in is text");
            (text, stat.mode() & 0o7777)
        });
        let beside = fs::read_dir("/etc/sysctl.d").expect("the folder is there");
        Self {
            values: ORIGIN.map(|(key, _)| (key, read(key))).into(),
            dropin,
            beside: beside.flatten().map(|entry| entry.path()).collect(),
        }
    }
}

/// A situation an apply begins in, laid anew for each run.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) state: State,
    /// The files of the journal.
    journal: BTreeMap<PathBuf, Vec<u8>>,
    /// The number of the apply to come.
    pub(crate) id: u32,
}

impl Beginning {
    /// Nothing was ever applied.
    pub(crate) fn fresh() -> Self {
        lay_out(SITE_FOLDER, &SITE);
        let _ = fs::remove_dir_all("/var/lib/tcptune");
        let _ = fs::remove_dir_all("/run/tcptune");
        let _ = fs::remove_file(DROPIN);
        for (key, value) in ORIGIN {
            write(key, value);
        }
        Self::as_it_is(1)
    }

    /// One apply was made, and its drop-in has a mode of its own.
    pub(crate) fn on_top() -> Self {
        let _ = Self::fresh();
        lay_out(EARLIER_FOLDER, &EARLIER);
        let ran = run(&apply(EARLIER_FOLDER));
        assert_eq!(ran.code, Some(0), "{}", ran.said);
        fs::set_permissions(DROPIN, fs::Permissions::from_mode(0o640)).expect("it is ours");
        Self::as_it_is(2)
    }

    /// The situation as it is now; the next apply has this number.
    pub(crate) fn as_it_is(id: u32) -> Self {
        let files = fs::read_dir(JOURNAL).into_iter().flatten().flatten();
        let files = files.map(|entry| entry.path());
        Self {
            state: State::now(),
            journal: files
                .map(|path| (path.clone(), fs::read(path).expect("it can be read")))
                .collect(),
            id,
        }
    }

    /// Makes things as they were at the beginning.
    pub(crate) fn lay(&self) {
        let _ = fs::remove_dir_all("/var/lib/tcptune");
        let _ = fs::remove_dir_all("/run/tcptune");
        if !self.journal.is_empty() {
            fs::create_dir_all(JOURNAL).expect("/var/lib is writable");
        }
        for (path, bytes) in &self.journal {
            fs::write(path, bytes).expect("the journal is writable");
        }
        for entry in fs::read_dir("/etc/sysctl.d")
            .expect("it is there")
            .flatten()
        {
            let path = entry.path();
            assert!(path.is_file(), "{} was left there", path.display());
            fs::remove_file(path).expect("it is ours");
        }
        if let Some((text, mode)) = &self.state.dropin {
            fs::write(DROPIN, text).expect("the folder is writable");
            fs::set_permissions(DROPIN, fs::Permissions::from_mode(*mode)).expect("it is ours");
        }
        write("net.ipv4.ip_unprivileged_port_start", "1024");
        for (key, _) in ORIGIN {
            if let Some(value) = self.state.values.get(key) {
                write(key, value);
            }
        }
        assert_eq!(
            State::now(),
            self.state,
            "the beginning cannot be laid anew"
        );
    }

    /// The record of the apply in question.
    pub(crate) fn record(&self) -> Option<Value> {
        record(self.id)
    }
}

/// The record of this number.
pub(crate) fn record(id: u32) -> Option<Value> {
    let bytes = fs::read(Path::new(JOURNAL).join(format!("{id}.json"))).ok()?;
    Some(serde_json::from_slice(&bytes).expect("a record is whole or not there"))
}

fn path(key: &str) -> PathBuf {
    Path::new("/proc/sys").join(key.replace('.', "/"))
}

/// A value, its tokens apart by one space.
pub(crate) fn read(key: &str) -> String {
    let text = fs::read_to_string(path(key)).unwrap_or_else(|error| panic!("{key}: {error}"));
    tokens(&text)
}

pub(crate) fn tokens(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Sets a value, as somebody else would.
pub(crate) fn write(key: &str, value: &str) {
    fs::write(path(key), value).unwrap_or_else(|error| panic!("{key} = {value}: {error}"));
}
