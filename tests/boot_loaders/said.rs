//! What a loader says it did, and whether that is what the reader says.

use std::collections::{BTreeMap, VecDeque};

use tcptune::bootconf::{Keys, Load, PlannedWrite};
use tcptune::fact::boot::{Definition, Fate};

use crate::loader::Said;
use crate::tree::{FOLDERS, Files, Node};

/// The longest message of systemd (`LINE_MAX`), which it cuts.
const CUT: usize = 2047;

/// What was written, by what the loader says.
#[derive(Debug, Default)]
pub(crate) struct Happened {
    /// The files it opened or tried to, in order.
    files: Vec<String>,
    /// Places it names in messages.
    places: Vec<(String, u32)>,
    /// Writes in order, taken or not (systemd), or those the kernel took (procps).
    writes: Vec<(String, Vec<u8>)>,
    /// Paths of the writes that were refused, in order (procps).
    refused: Option<Vec<String>>,
    /// The values of the watched keys afterwards, by path.
    pub(crate) after: BTreeMap<String, Vec<u8>>,
}

/// The debug messages of systemd-sysctl.
pub(crate) fn systemd(said: &Said) -> Happened {
    let mut happened = Happened {
        after: said.after.clone(),
        ..Happened::default()
    };
    for line in said.err.split(|byte| *byte == b'\n') {
        if let Some(rest) = line.strip_prefix(b"Setting '/proc/sys/") {
            let middle = b"' to '";
            let at = rest
                .windows(middle.len())
                .position(|window| window == middle);
            let at = at.expect("a message has both");
            let value = &rest[at + middle.len()..];
            let value = value.strip_suffix(b"'").unwrap_or(value);
            happened.writes.push((text(&rest[..at]), value.to_vec()));
        } else if let Some(file) = line.strip_prefix(b"Parsing ") {
            happened.files.push(text(file));
        } else if line.starts_with(b"Overwriting earlier assignment of ") {
            let words = text(line);
            let (_, place) = words
                .rsplit_once(" at '")
                .expect("the message names a place");
            let place = place.trim_end_matches("'.");
            let (file, line) = place.rsplit_once(':').expect("the place has a line");
            let line = line.parse().expect("a line is a number");
            happened.places.push((file.to_owned(), line));
        }
    }
    happened
}

/// What `sysctl --system` prints.
pub(crate) fn procps(said: &Said) -> Happened {
    let mut happened = Happened {
        after: said.after.clone(),
        ..Happened::default()
    };
    for line in said.out.split(|byte| *byte == b'\n') {
        if let Some(file) = line.strip_prefix(b"* Applying ") {
            let file = file.strip_suffix(b" ...").expect("the message ends so");
            happened.files.push(text(file));
        } else if !line.is_empty() {
            let middle = b" = ";
            let at = line
                .windows(middle.len())
                .position(|window| window == middle);
            let at = at.expect("a setting is printed with its value");
            let path = normal(&swapped(&text(&line[..at])));
            happened
                .writes
                .push((path, line[at + middle.len()..].to_vec()));
        }
    }
    let refused = said.err.split(|byte| *byte == b'\n').filter_map(|line| {
        let rest = line
            .strip_prefix(b"sysctl: setting key \"")
            .or_else(|| line.strip_prefix(b"sysctl: permission denied on key \""))?;
        let end = rest.iter().position(|byte| *byte == b'"')?;
        Some(normal(&swapped(&text(&rest[..end]))))
    });
    happened.refused = Some(refused.collect());
    happened
}

impl Happened {
    /// How many writes were tried.
    pub(crate) fn attempts(&self) -> usize {
        self.writes.len() + self.refused.as_ref().map_or(0, Vec::len)
    }

    /// How what happened differs from what was foretold; `known`: of keys that exist alone.
    pub(crate) fn disagrees(&self, told: &Load, keys: &dyn Keys, known: bool) -> Option<String> {
        // A path that is no UTF-8 is no setting, and the reader has no way to spell it.
        let counts = |path: &str| {
            if known {
                keys.exists(path) == Some(true)
            } else {
                !path.contains('\u{fffd}')
            }
        };
        // What a pattern matches is there, but who is not told what is there may guess more.
        let guessed = |write: &PlannedWrite| {
            let key = &told.definitions[write.definition].key;
            key.contains(['*', '?', '[']) && keys.exists(&write.path) != Some(true)
        };
        let planned: Vec<&PlannedWrite> = told
            .writes
            .iter()
            .filter(|write| counts(&normal(&write.path)) && !guessed(write))
            .collect();
        let writes: VecDeque<_> = self
            .writes
            .iter()
            .filter(|(path, _)| counts(path))
            .collect();
        match &self.refused {
            None => ordered(&planned, writes),
            Some(refused) => {
                let refused = refused.iter().filter(|path| counts(path)).collect();
                merged(&planned, writes, refused, keys)
            }
        }
        .map(|found| {
            format!(
                "{found}\n  planned {}\n  written {}\n  refused {:?}",
                list(&planned),
                shown(&self.writes),
                self.refused
            )
        })
    }

    /// Definitions at places where the loader sees none, or files in another order.
    pub(crate) fn misplaced(&self, told: &Load, files: &Files) -> Option<String> {
        // Of a folder that is a link systemd tells where it leads.
        let linked = |path: &&str| matches!(files.0.get(path.as_bytes()), Some(Node::Link(_)));
        if FOLDERS.iter().any(linked) {
            return None;
        }
        let masked = |definition: &&Definition| definition.outcome.fate == Fate::Masked;
        let read = told
            .definitions
            .iter()
            .filter(|definition| !definition.unread);
        let mut order: Vec<&String> = read
            .filter(|definition| !masked(definition))
            .map(|definition| &definition.place.file)
            .collect();
        order.dedup();
        // Of a name that is a pattern itself procps tells the name, not the files.
        let pattern = |path: &Vec<u8>| path.iter().any(|byte| b"*?[{\\".contains(byte));
        let patterns = self.refused.is_some() && files.0.keys().any(pattern);
        if !patterns {
            let mut opened = self.files.iter();
            if let Some(file) = order
                .iter()
                .find(|file| !opened.any(|opened| opened == **file))
            {
                return Some(format!("{file} is not opened then: {:?}", self.files));
            }
        }
        // People count the lines that an editor shows, systemd those that it reads.
        let counted = |node: &Node| match node {
            Node::File(bytes) => !bytes.iter().any(|byte| matches!(byte, b'\r' | 0)),
            _ => true,
        };
        let mut places = self.places.iter().filter(|_| files.0.values().all(counted));
        let missing = places.find(|(file, line)| {
            !told.definitions.iter().any(|definition| {
                definition.place.file == *file && definition.place.line == Some(*line)
            })
        });
        missing.map(|(file, line)| format!("nothing is defined at {file}:{line}"))
    }
}

/// The order of the plan is the order of the messages.
fn ordered(planned: &[&PlannedWrite], mut writes: VecDeque<&(String, Vec<u8>)>) -> Option<String> {
    for plan in planned {
        match writes.pop_front() {
            Some(write) if is(plan, write) => {}
            other => return Some(format!("planned {}, happened {other:?}", one(plan))),
        }
    }
    writes
        .pop_front()
        .map(|write| format!("not planned: {write:?}"))
}

/// Each write of the plan is the next that the kernel took, or the next that it refused.
fn merged(
    planned: &[&PlannedWrite],
    mut writes: VecDeque<&(String, Vec<u8>)>,
    mut refused: VecDeque<&String>,
    keys: &dyn Keys,
) -> Option<String> {
    for plan in planned {
        let path = normal(&plan.path);
        if writes.front().is_some_and(|write| is(plan, write)) {
            writes.pop_front();
        } else if refused.front().is_some_and(|refused| **refused == path) {
            refused.pop_front();
        } else if keys.exists(&path) == Some(true) {
            return Some(format!(
                "planned {}, next are {:?} {:?}",
                one(plan),
                writes.front(),
                refused.front()
            ));
        }
    }
    // A folder is refused as well, and is no write.
    refused.retain(|path| keys.exists(path) == Some(true));
    let more = writes
        .pop_front()
        .map(|write| format!("not planned: {write:?}"));
    more.or_else(|| {
        refused
            .pop_front()
            .map(|path| format!("not planned: {path}, refused"))
    })
}

fn is(plan: &PlannedWrite, write: &(String, Vec<u8>)) -> bool {
    let room = CUT.saturating_sub("Setting '/proc/sys/' to '".len() + write.0.len());
    let same = plan.value == write.1
        || write.1.len() >= room && plan.value.starts_with(&write.1[..room])
        || plan.secret;
    same && normal(&plan.path) == write.0
}

/// A path as the kernel would understand it below `/proc/sys`.
pub(crate) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// A dotted name as a path, the way procps prints one.
fn swapped(key: &str) -> String {
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        other => other,
    };
    match key.chars().find(|c| matches!(c, '.' | '/')) {
        Some('.') => key.chars().map(swap).collect(),
        _ => key.to_owned(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn one(plan: &PlannedWrite) -> String {
    format!("{}={}", plan.path, plan.value.escape_ascii())
}

fn list(planned: &[&PlannedWrite]) -> String {
    let list: Vec<String> = planned.iter().map(|plan| one(plan)).collect();
    list.join(", ")
}

fn shown(writes: &[(String, Vec<u8>)]) -> String {
    let list: Vec<String> = writes
        .iter()
        .map(|(path, value)| format!("{path}={}", value.escape_ascii()))
        .collect();
    list.join(", ")
}
