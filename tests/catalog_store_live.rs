//! The model of the kernel's write path against the kernel: every key of a new network namespace gets odd
//! texts and random ones, and the model must tell the answer and the value afterwards.
//!
//! `TCPTUNE_SEED` repeats a run; the seed is printed.

mod netns;
#[path = "netns/random.rs"]
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io;

use netns::{file, in_new_netns, kernel, note, present, write};
use random::{Random, seed};
use tcptune::catalog::{Beside, KeyScope, KeySpec, Kind, Stored, find};
use tcptune::fact::{KernelVersion, Value};

/// Texts every key gets.
const ODD: [&str; 78] = [
    "",
    " ",
    "\t",
    "0",
    "1",
    "2",
    "3",
    "7",
    "21",
    "255",
    "256",
    "1024",
    "65535",
    "65536",
    "-1",
    "-0",
    "-5",
    "--1",
    "- 1",
    "-",
    "+21",
    "21k",
    "21K",
    "21.5",
    "1e3",
    "\"21\"",
    "'21'",
    "yes",
    "no",
    "on",
    "true",
    "21 # comment",
    "21# comment",
    "21;comment",
    "21 ; comment",
    "21 22",
    "21,22",
    "21\t22",
    " 21",
    "21 ",
    "\x0b21",
    "21\x0b",
    "21\r",
    "0x15",
    "0X15",
    "0x",
    "0xg",
    "025",
    "08",
    "00",
    "0b101",
    "2147483",
    "2147484",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999",
    "00000000000000000021",
    "000000000000000000021",
    "4096 131072 6291456",
    "6291456 131072 4096",
    "5000 abc 600000",
    "5000",
    "5000 6000 7000 8000",
    "5000,6000,7000",
    "1024 65535",
    "60000 1024",
    "8080,9148-9150",
    "9000-8000",
    "8080,",
    "reno",
];

/// More, for keys of text; written to all.
const WORDS: [&str; 7] = [
    "RENO",
    "reno # comment",
    "reno x",
    "nosuch",
    "a-name-of-more-than-sixteen-bytes",
    "8080, 9090",
    "1,,2",
];

/// The only keys nothing is told of: secrets, the device's limit, bitmaps in another writing, names of
/// MPTCP parts.
const OPEN: [&str; 7] = [
    "mtu",
    "path_manager",
    "ratemask",
    "rps_default_mask",
    "scheduler",
    "stable_secret",
    "tcp_fastopen_key",
];

/// Not written: what they do reaches other keys, or cannot be undone here.
const SKIPPED: [&str; 3] = ["forwarding", "flush", "ip_forward"];

/// Numbers and texts around what a key takes.
struct Texts(Random);

impl Texts {
    fn number(&mut self, spec: &KeySpec) -> i128 {
        let near = i128::from(self.0.below(3)) - 1;
        match self.0.below(6) {
            0 => i128::from(spec.min.unwrap_or(0)) + near,
            1 => i128::from(spec.max.unwrap_or(0)) + near,
            2 => i128::from(self.0.below(300)),
            3 => (1_i128 << self.0.below(66)) + near,
            4 => i128::from(self.0.below(70_000)),
            _ => i128::from(self.0.next()),
        }
    }

    fn text(&mut self, spec: &KeySpec) -> String {
        let mut text = String::new();
        for at in 0..=self.0.below(4) {
            if at > 0 {
                text.push_str(self.0.of(&[" ", "\t", "  ", ",", "-", " # ", ""]));
            }
            let number = self.number(spec);
            let _ = match self.0.below(12) {
                0 => write!(text, "{:#x}", number.unsigned_abs()),
                1 => write!(text, "0{:o}", number.unsigned_abs()),
                2 => write!(text, "-{}", number.unsigned_abs()),
                3 => write!(
                    text,
                    "{}",
                    self.0.of(&["x", "abc", "#", "\"", "\u{a0}", "é", "+"])
                ),
                _ => write!(text, "{number}"),
            };
        }
        text
    }
}

/// The other keys of this namespace.
struct Here {
    algorithms: BTreeSet<String>,
    kernel: KernelVersion,
}

impl Beside for Here {
    fn value(&self, key: &str) -> Option<Value> {
        find(key)?.parse(&fs::read_to_string(file(key)).ok()?).ok()
    }

    fn available(&self, _key: &str, name: &str) -> Option<bool> {
        Some(self.algorithms.contains(name))
    }

    fn kernel(&self) -> Option<&KernelVersion> {
        Some(&self.kernel)
    }
}

/// The name of what the kernel answered.
fn errno(answer: &io::Result<()>) -> Option<String> {
    let number = answer.as_ref().err()?.raw_os_error();
    Some(match number {
        Some(2) => "ENOENT".to_owned(),
        Some(5) => "EIO".to_owned(),
        Some(13) => "EACCES".to_owned(),
        Some(22) => "EINVAL".to_owned(),
        other => format!("{other:?}"),
    })
}

struct Tally {
    compared: usize,
    /// By key, the texts the model leaves open.
    open: BTreeMap<String, Vec<String>>,
    wrong: Vec<String>,
}

impl Tally {
    fn hold(&mut self, key: &str, spec: &KeySpec, text: &str, beside: &Here) {
        let file = file(key);
        let read = || {
            fs::read_to_string(&file)
                .ok()
                .and_then(|text| spec.parse(&text).ok())
        };
        let before = read();
        let told = spec.store_beside(before.as_ref(), text.as_bytes(), beside);
        let answer = write(&file, &format!("{text}\n"));
        let after = read();
        self.compared += 1;
        if let Stored::Unknown(_) = told {
            self.open
                .entry(key.to_owned())
                .or_default()
                .push(text.to_owned());
            return;
        }
        if told.errno().map(str::to_owned) != errno(&answer) || told.value() != after.as_ref() {
            self.wrong.push(format!(
                "{key} = {text:?} from {before:?}: told {told:?}, is {answer:?} and {after:?}"
            ));
        }
    }
}

#[test]
fn the_kernel_stores_what_the_model_tells() {
    in_new_netns("the_kernel_stores_what_the_model_tells", || {
        if (kernel().major, kernel().minor) != (6, 18) {
            note("the model is that of 6.18");
            return;
        }
        let seed = seed();
        note(&format!("TCPTUNE_SEED={seed}"));
        let mut random = Texts(Random::new(seed));
        let allowed = fs::read_to_string(file("net.ipv4.tcp_allowed_congestion_control"));
        let algorithms = allowed.unwrap_or_default();
        let beside = Here {
            kernel: kernel(),
            algorithms: algorithms.split_whitespace().map(str::to_owned).collect(),
        };
        let mut tally = Tally {
            compared: 0,
            open: BTreeMap::new(),
            wrong: Vec::new(),
        };
        let mut keys = 0;
        for (key, _) in present() {
            let family = [
                "net.ipv4.",
                "net.ipv6.",
                "net.core.",
                "net.mptcp.",
                "net.netfilter.nf_conntrack",
            ]
            .iter()
            .any(|family| key.starts_with(family));
            let skipped = SKIPPED.iter().any(|end| key.ends_with(end));
            let Some(spec) = find(&key).filter(|_| family && !skipped) else {
                continue;
            };
            let bounded = matches!(spec.kind, Kind::Words | Kind::Text) || spec.secret;
            if spec.scope != KeyScope::Netns {
                continue;
            }
            keys += 1;
            let original = fs::read_to_string(file(&key));
            for text in ODD.iter().chain(&WORDS) {
                tally.hold(&key, spec, text, &beside);
            }
            for _ in 0..if bounded { 10 } else { 60 } {
                let text = random.text(spec);
                tally.hold(&key, spec, &text, &beside);
            }
            if let Ok(original) = original {
                let _ = write(&file(&key), original.trim());
            }
        }
        let texts: usize = tally.open.values().map(Vec::len).sum();
        note(&format!(
            "{keys} keys, {} writes compared, {texts} left open in {} keys",
            tally.compared,
            tally.open.len()
        ));
        let whole: BTreeSet<&str> = tally
            .open
            .iter()
            .filter(|(_, texts)| texts.len() > 80)
            .filter_map(|(key, _)| key.rsplit('.').next())
            .collect();
        let first: Vec<&String> = tally.wrong.iter().take(60).collect();
        assert!(
            tally.wrong.is_empty(),
            "{} differ: {first:#?}",
            tally.wrong.len()
        );
        assert_eq!(whole, BTreeSet::from(OPEN), "nothing is told of");
        assert!(texts * 20 <= tally.compared, "{:#?}", tally.open);
        assert!(keys > 200, "only {keys} keys");
    });
}
