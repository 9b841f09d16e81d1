//! Running the program on plans of a test's own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A change of a plan: key, value, rule.
pub(crate) type Change = (&'static str, &'static str, &'static str);

/// The changes of a plan that shows every shape of a value; all of them can be made in a network namespace.
pub(crate) const CHANGES: [Change; 7] = [
    (
        "net.ipv4.ip_local_reserved_ports",
        "9000-9002,20000",
        "listener-in-port-range",
    ),
    ("net.core.somaxconn", "8192", "accept-queue-overflow"),
    ("net.ipv4.conf.all.rp_filter", "2", "rp-filter-max-rule"),
    (
        "net.ipv4.tcp_congestion_control",
        "reno",
        "congestion-control-not-allowed",
    ),
    (
        "net.ipv4.tcp_keepalive_time",
        "600",
        "keepalive-slow-detection",
    ),
    (
        "net.ipv4.tcp_rmem",
        "4096 131072 8388608",
        "receive-buffer-cap",
    ),
    (
        "net.ipv4.ip_local_port_range",
        "16384 60999",
        "ports-exhausted",
    ),
];

/// A change of the whole machine.
pub(crate) const OF_THE_MACHINE: Change = ("net.core.netdev_max_backlog", "4096", "softnet-drops");

/// A folder with a plan in it.
pub(crate) struct Plan {
    pub(crate) folder: tempfile::TempDir,
}

impl Plan {
    pub(crate) fn of(changes: &[Change]) -> Self {
        let changes: Vec<serde_json::Value> = changes
            .iter()
            .map(|(key, after, rule)| {
                serde_json::json!({ "key": key, "before": "1", "after": after, "rules": [rule] })
            })
            .collect();
        let plan = serde_json::json!({
            "schema": "tcptune.plan/1", "tool": "0.1.0", "host": "web-07", "at": 1_795_000_000,
            "boot_id": "b", "netns": 1, "live_only": null, "changes": changes, "not_done": [],
            "dropin": null, "files": {},
        });
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        fs::write(&file, plan.to_string()).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        Self { folder }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("plan.json")
    }

    /// Exports it.
    pub(crate) fn export(&self, to: &str, more: &[&str]) -> Ran {
        let file = self.file();
        let mut args = vec!["export", "--to", to, "--plan", file.to_str().unwrap()];
        args.extend(more);
        tcptune(&args)
    }

    /// Exports it into a file beside it.
    pub(crate) fn export_as(&self, to: &str, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        self.export(to, &["-o", path.to_str().unwrap()])
            .exits(0)
            .says("");
        path
    }
}

/// Runs the program.
pub(crate) fn tcptune(args: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_tcptune"))
        .args(args)
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A run that ended.
#[derive(Debug)]
pub(crate) struct Ran {
    code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }

    /// All of standard output.
    pub(crate) fn says(self, text: &str) -> Self {
        assert_eq!(self.out, text, "{}", self.err);
        self
    }

    pub(crate) fn complains(self, part: &str) -> Self {
        assert!(self.err.contains(part), "no `{part}` in\n{}", self.err);
        self
    }
}

/// A file of this folder of tests.
pub(crate) fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/export/golden")
        .join(name)
}
