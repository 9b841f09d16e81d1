//! What the forecast says of `sysctl --system` against a kernel that gets the same writes: random lines in a
//! network namespace made for it, over keys that reach each other.
//!
//! `TCPTUNE_SEED` repeats a run; the seed is printed.

mod netns;
#[path = "netns/random.rs"]
mod random;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use netns::{file, in_new_netns, kernel, note, present, write};
use random::{Random, seed};
use tcptune::bootconf::{Entry, Keys, Request, Tree, read};
use tcptune::catalog::{canonical, find};
use tcptune::fact::Value;
use tcptune::fact::boot::{Engine, Forecast};

const FILE: &str = "sysctl.conf";

/// One file, `/etc/sysctl.conf`.
struct OneFile(String);

impl Tree for OneFile {
    fn list(&self, directory: &str) -> Result<Vec<Vec<u8>>, String> {
        let names = (directory == "/etc").then(|| FILE.as_bytes().to_vec());
        Ok(names.into_iter().collect())
    }

    fn entry(&self, directory: &str, name: &[u8]) -> Option<Entry> {
        (directory == "/etc" && name == FILE.as_bytes()).then_some(Entry::File)
    }

    fn target(&self, _directory: &str, _name: &[u8]) -> Option<String> {
        None
    }

    fn read(&self, _: &str, _: &[u8], _: usize) -> Result<(Rc<[u8]>, bool), String> {
        Ok((self.0.as_bytes().into(), false))
    }
}

/// The keys of this namespace.
struct Here;

impl Keys for Here {
    fn children(&self, folder: &str) -> Vec<(String, bool)> {
        let entries = fs::read_dir(Path::new("/proc/sys").join(folder));
        let child = |entry: fs::DirEntry| {
            let name = entry.file_name().into_string().ok()?;
            Some((name, entry.path().is_dir()))
        };
        entries
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(child)
            .collect()
    }

    fn exists(&self, path: &str) -> Option<bool> {
        Some(Path::new("/proc/sys").join(path).exists())
    }
}

type Values = BTreeMap<String, Value>;

fn values() -> Values {
    let value = |key: String| {
        let spec = find(&key).filter(|spec| !spec.secret && !spec.unlisted)?;
        let value = spec.parse(&fs::read_to_string(file(&key)).ok()?).ok()?;
        Some((key, value))
    };
    present().into_keys().filter_map(value).collect()
}

const PLACES: [&str; 4] = ["all", "default", "lo", "dummy.5"];

const OF_IPV4: [&str; 5] = [
    "forwarding",
    "accept_redirects",
    "rp_filter",
    "promote_secondaries",
    "log_martians",
];

const OF_IPV6: [&str; 6] = [
    "addr_gen_mode",
    "forwarding",
    "accept_ra",
    "force_forwarding",
    "ignore_routes_with_linkdown",
    "disable_ipv6",
];

const SINGLE: [&str; 12] = [
    "net/ipv4/ip_forward",
    "net/ipv4/ip_forward",
    "net/ipv4/ip_local_port_range",
    "net/ipv4/ip_unprivileged_port_start",
    "net/ipv4/tcp_rmem",
    "net/ipv4/tcp_fin_timeout",
    "net/ipv4/tcp_reordering",
    "net/ipv4/tcp_max_reordering",
    "net/ipv4/ipfrag_high_thresh",
    "net/ipv4/ipfrag_low_thresh",
    "net/ipv4/neigh/lo/retrans_time",
    "net/ipv4/neigh/lo/retrans_time_ms",
];

const TEXTS: [&str; 16] = [
    "0",
    "1",
    "1",
    "0",
    "2",
    "20",
    "1000 2000",
    "5000",
    "500 65535",
    "80",
    "5000 abc",
    "x",
    "-1",
    "4096 131072 6291456",
    "300",
    "40000 50000 # c",
];

fn path(random: &mut Random) -> String {
    match random.below(3) {
        0 => random.of(&SINGLE).to_owned(),
        1 => format!(
            "net/ipv4/conf/{}/{}",
            random.of(&PLACES),
            random.of(&OF_IPV4)
        ),
        _ => format!(
            "net/ipv6/conf/{}/{}",
            random.of(&PLACES),
            random.of(&OF_IPV6)
        ),
    }
}

/// The keys whose value is another one than the forecast says, and how many it told.
fn differences(lines: &[(String, &str)], before: &Values, after: &Values) -> (usize, Vec<String>) {
    let written = |(path, text): &(String, &str)| [path.as_str(), " = ", text, "\n"].concat();
    let text: String = lines.iter().map(written).collect();
    let live = |key: &str| before.get(key).cloned();
    let boot = read(
        &OneFile(text),
        &Here,
        &Request {
            engine: Engine::Systemd,
            decided: String::new(),
            cmdline: None,
            kernel: Some(kernel()),
            live: &live,
            default: &|_| None,
            available: &|_, _| None,
            builtin: &|_| Some(true),
            opaque: None,
        },
    );
    let mut told = 0;
    let mut wrong = Vec::new();
    for (key, is) in after {
        let setting = boot.settings.get(key);
        let expected = match setting.map(|setting| &setting.system_now) {
            Some(Forecast::Value(value)) => Some(value),
            Some(Forecast::Unknown(_)) => continue,
            Some(Forecast::Untouched) | None => before.get(key),
        };
        told += usize::from(setting.is_some());
        if expected != Some(is) {
            wrong.push(format!("{key} is {is}, not {expected:?}, after {lines:?}"));
        }
    }
    for (path, _) in lines {
        if !boot.settings.contains_key(canonical(path).as_ref()) {
            wrong.push(format!("{path} is not in the boot configuration"));
        }
    }
    (told, wrong)
}

#[test]
fn the_kernel_has_what_the_forecast_says() {
    in_new_netns("the_kernel_has_what_the_forecast_says", || {
        if (kernel().major, kernel().minor) != (6, 18) {
            note("the model is that of 6.18");
            return;
        }
        // With a second interface where one can be made.
        for kind in [&["veth"][..], &["dummy"][..]] {
            let _ = Command::new("ip")
                .args(["link", "add", "dummy.5", "type"])
                .args(kind)
                .output();
        }
        let seed = seed();
        note(&format!("TCPTUNE_SEED={seed}"));
        let mut random = Random::new(seed);
        let (mut told, mut wrong) = (0, Vec::new());
        for _ in 0..60 {
            let count = 1 + random.below(6);
            let lines: Vec<(String, &str)> = (0..count)
                .map(|_| (path(&mut random), random.of(&TEXTS)))
                // Of a switch the model knows on and off, and to the kernel 2 after 1 is a change.
                .filter(|(path, text)| !path.contains("forward") || ["0", "1", "x"].contains(text))
                .filter(|(path, _)| Path::new("/proc/sys").join(path).exists())
                .collect();
            let before = values();
            for (path, text) in &lines {
                let _ = write(&Path::new("/proc/sys").join(path), &format!("{text}\n"));
            }
            let (known, differ) = differences(&lines, &before, &values());
            told += known;
            wrong.extend(differ);
        }
        note(&format!("{told} values told"));
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(told > 80, "only {told} values were told");
    });
}
