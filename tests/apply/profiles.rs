//! A profile is what makes the hosts of a role alike, whatever their counters say.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;

use crate::program::{DROPIN, Ran, live, set, tcptune};
use crate::stage::on_stage;

/// Another host: a network namespace that lasts as long as this value.
struct Another {
    holder: Child,
}

impl Another {
    fn open() -> Self {
        let mut holder = Command::new("unshare")
            .args([
                "--net",
                "sh",
                "-c",
                "ip link set lo up && echo up && exec cat",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(holder.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "up\n");
        Self { holder }
    }

    /// Does something inside.
    fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/proc/{}/ns/net", self.holder.id())).unwrap();
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                let network = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(namespace.as_fd(), network).unwrap();
                work()
            });
            inside.join().unwrap()
        })
    }

    fn set(&self, key: &str, value: &str) {
        self.enter(|| set(key, value));
    }

    fn live(&self, key: &str) -> String {
        self.enter(|| live(key))
    }

    /// Every writable setting.
    fn settings(&self) -> BTreeMap<PathBuf, String> {
        fn below(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    below(&entry.path(), found);
                } else if let Ok(text) = fs::read_to_string(entry.path()) {
                    found.insert(entry.path(), text);
                }
            }
        }
        self.enter(|| {
            let mut found = BTreeMap::new();
            for part in ["core", "ipv4"] {
                below(&Path::new("/proc/sys/net").join(part), &mut found);
            }
            assert!(found.len() > 100, "{}", found.len());
            found
        })
    }

    fn tcptune(&self, args: &[&str]) -> Ran {
        let pid = self.holder.id().to_string();
        tcptune(args.iter().copied().chain(["--pid", &pid]))
    }
}

impl Drop for Another {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

const BUCKETS: &str = "net.ipv4.tcp_max_tw_buckets";

/// Closes connections without an end, each of which would leave a `TIME_WAIT`.
fn closes(until: &AtomicBool) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    while !until.load(Ordering::Relaxed) {
        let client = TcpStream::connect(address).unwrap();
        let (server, _) = listener.accept().unwrap();
        // The client's end keeps the entry: its port is the one that is used once.
        drop(client);
        drop(server);
    }
}

#[test]
fn two_hosts_with_different_traffic_come_to_the_same_settings() {
    on_stage(
        "profiles::two_hosts_with_different_traffic_come_to_the_same_settings",
        || {
            let [busy, idle] = [Another::open(), Another::open()];
            busy.set("net.core.somaxconn", "128");
            busy.set("net.ipv4.tcp_syncookies", "0");
            busy.set(BUCKETS, "20");
            idle.set("net.ipv4.tcp_sack", "0");
            idle.set("net.ipv4.tcp_abort_on_overflow", "1");
            idle.set(BUCKETS, "20");
            assert_ne!(busy.settings(), idle.settings());

            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| busy.enter(|| closes(&done)));
                // The traffic makes a difference to what is found.
                let found = busy.tcptune(&["check", "--format", "json", "--exit-zero"]);
                let idle_found = idle.tcptune(&["check", "--format", "json", "--exit-zero"]);
                assert!(fires(&found.json(), "time-wait-overflow"), "{found}");
                assert!(
                    !fires(&idle_found.json(), "time-wait-overflow"),
                    "{idle_found}"
                );
                // And none to what is made.
                let apply = ["apply", "--yes", "--profile", "server"];
                busy.tcptune(&apply).exits(0);
                idle.tcptune(&apply).exits(0);
                done.store(true, Ordering::Relaxed);
            });

            assert_eq!(busy.settings(), idle.settings());
            assert_eq!(busy.live(BUCKETS), "20", "no symptom was treated");
            assert_eq!(busy.live("net.core.somaxconn"), "4096");
            let again = ["apply", "--yes", "--profile", "server", "--interval", "0"];
            busy.tcptune(&again).exits(0).says("Nothing");
        },
    );
}

fn fires(report: &Value, rule: &str) -> bool {
    let findings = report["findings"].as_array().unwrap();
    findings
        .iter()
        .any(|one| one["rule"] == rule && one["period"] == "now")
}

#[test]
fn a_profile_lasts_and_is_taken_back() {
    on_stage("profiles::a_profile_lasts_and_is_taken_back", || {
        let file = "/run/stage/edge.yaml";
        let text =
            "profile: edge\nwant:\n  net.ipv4.tcp_fin_timeout: 30\n  net.core.somaxconn: 8192\n";
        fs::write(file, text).unwrap();
        let before = live("net.core.somaxconn");
        let with = |more: &[&'static str]| {
            let mut words = vec!["apply", "--interval", "0", "--profile", file];
            words.extend(more);
            tcptune(words)
        };
        with(&["--dry-run"])
            .exits(1)
            .says("profile edge wants 8192");
        let plan = "/run/stage/edge.plan";
        with(&["--plan-out", plan]).exits(0);
        tcptune(["apply", "--plan", plan]).exits(0);
        tcptune(["rollback"]).exits(0);
        assert_eq!(live("net.core.somaxconn"), before);
        with(&["--yes"]).exits(0);
        assert_eq!(live("net.core.somaxconn"), "8192");
        assert_eq!(live("net.ipv4.tcp_fin_timeout"), "30");
        let dropin = fs::read_to_string(DROPIN).unwrap();
        assert!(dropin.contains("profile:edge"), "{dropin}");
        with(&["--yes"]).exits(0);
        tcptune(["rollback"]).exits(0);
        assert_eq!(live("net.core.somaxconn"), before);
        assert!(!Path::new(DROPIN).exists());
    });
}

#[test]
fn a_wish_that_was_met_until_the_next_boot_only_is_made_to_last() {
    let name = "profiles::a_wish_that_was_met_until_the_next_boot_only_is_made_to_last";
    on_stage(name, || {
        let file = "/run/stage/edge.yaml";
        fs::write(file, "profile: edge\nwant: { net.core.somaxconn: 8192 }\n").unwrap();
        let with = |command: &[&'static str], more: &[&'static str]| {
            let mut words = command.to_vec();
            words.extend(["--interval", "0", "--profile", file]);
            words.extend(more);
            tcptune(words)
        };
        with(&["apply"], &["--yes", "--live-only"]).exits(0);
        assert!(!Path::new(DROPIN).exists());
        with(&["check"], &["--exit-zero"])
            .exits(0)
            .says("net.core.somaxconn   8192, to stay after the next boot")
            .says("next boot: 4096")
            .says("sudo tcptune check --apply");
        with(&["apply"], &["--dry-run"])
            .exits(1)
            .says("edge wants 8192, after the next boot too");
        with(&["apply"], &["--yes"])
            .exits(0)
            .says("net.core.somaxconn   8192, made to last");
        let dropin = fs::read_to_string(DROPIN).unwrap();
        assert!(dropin.contains("net.core.somaxconn = 8192"), "{dropin}");
        with(&["apply"], &["--yes"]).exits(0).says("Nothing to do");
        tcptune(["rollback"]).exits(0);
        assert_eq!(live("net.core.somaxconn"), "8192");
        assert!(!Path::new(DROPIN).exists());
    });
}

#[test]
fn a_profile_gives_up_no_reserved_port() {
    on_stage("profiles::a_profile_gives_up_no_reserved_port", || {
        let file = "/run/stage/edge.yaml";
        let key = "net.ipv4.ip_local_reserved_ports";
        set(key, "7000-7010");
        let apply = |ports: &str| {
            fs::write(file, format!("profile: edge\nwant: {{ {key}: {ports} }}\n")).unwrap();
            tcptune(["apply", "--interval", "0", "--profile", file, "--yes"])
        };
        apply("[8080]")
            .exits(0)
            .says("7000-7010 would no longer be reserved");
        assert_eq!(live(key), "7000-7010");
        apply("[7000-7010, 8080]").exits(0);
        assert_eq!(live(key), "7000-7010,8080");
    });
}
