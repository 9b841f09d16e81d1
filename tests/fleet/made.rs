//! Snapshots of hosts that are no more than one recorded host with other names and values.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{Ran, Tcptune, tree};

/// The snapshot they are made of, as the program took it.
pub(crate) fn recorded() -> Value {
    static TAKEN: OnceLock<Value> = OnceLock::new();
    let take = || {
        let host = tree("hand-edited-6.1");
        let root = format!("{host}/root");
        let args = ["snapshot", "--proc", &host, "--root", &root, "-o", "-"];
        Tcptune::new().args(args).run().exits(0).quiet().json()
    };
    TAKEN.get_or_init(take).clone()
}

/// The snapshot of a host of this name.
pub(crate) fn host(name: &str) -> Value {
    let mut snapshot = recorded();
    snapshot["now"]["host"]["name"] = json!(name);
    snapshot
}

/// Gives a setting a value.
pub(crate) fn set(snapshot: &mut Value, key: &str, value: &Value) {
    snapshot["now"]["readings"][format!("sysctl.{key}")] = json!({ "known": value });
}

/// A fault that the recorded host does not have.
pub(crate) fn without_cookies(snapshot: &mut Value) {
    set(snapshot, "net.ipv4.tcp_syncookies", &json!({ "int": 0 }));
}

/// A folder of snapshots, and a place beside it.
pub(crate) struct Hosts {
    folder: TempDir,
}

impl Hosts {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("hosts")).unwrap();
        Self { folder }
    }

    /// Hosts of these names, every second one with a fault of its own.
    pub(crate) fn of(names: impl IntoIterator<Item = String>) -> Self {
        let hosts = Self::new();
        for (at, name) in names.into_iter().enumerate() {
            let mut snapshot = host(&name);
            if at % 2 == 1 {
                without_cookies(&mut snapshot);
            }
            hosts.put(&format!("{name}.json"), &snapshot);
        }
        hosts
    }

    /// The folder beside which results are written.
    pub(crate) fn around(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("hosts").join(name)
    }

    pub(crate) fn put(&self, name: &str, snapshot: &Value) {
        self.write(name, &snapshot.to_string());
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Judges, from beside the folder `hosts`.
    pub(crate) fn check(&self, args: &[&str]) -> Ran {
        let program = Tcptune::new().args(["check"]).args(args);
        program.within(self.around()).run()
    }
}

/// The records of a run.
pub(crate) fn records(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Those of one kind.
pub(crate) fn of_kind<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let records = records.iter();
    records.filter(|record| record["record"] == kind).collect()
}
