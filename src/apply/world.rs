//! A host to try transactions on: every port operation can fail, be the last one before a crash, or have
//! somebody else write just before it.

use std::collections::BTreeMap;

use super::dropin::{DROPIN, Dropin, Entry, parse};
use super::port::{Clock, Fault, FileImage, Files, Journal, Ports, Sysctls};
use super::record::{DropinChange, JOURNAL_SCHEMA, Record, State, Step};
use crate::fact::boot::Forecast;
use crate::fact::{Reading, Value};

/// What goes wrong at one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// It fails and does nothing.
    Fails,
    /// It fails and has done its work, or a part of it.
    FailsHalfway,
    /// The machine stops before it, and everything after it fails too.
    Crash,
    /// Somebody else writes this key just before it.
    Foreign(String, String),
}

/// The host.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) keys: BTreeMap<String, String>,
    pub(super) dropin: Option<FileImage>,
    pub(super) journal: BTreeMap<u32, Record>,
    /// Operation number → what goes wrong there.
    pub(super) mishaps: BTreeMap<usize, Mishap>,
    pub(super) operations: usize,
    /// Keys somebody else wrote, and whether that was read since.
    pub(super) foreign: BTreeMap<String, bool>,
    /// Keys whose foreign value was read and then written over.
    pub(super) trampled: Vec<String>,
    pub(super) dead: bool,
}

/// What the next operation meets.
enum Luck {
    Good,
    Fails,
    Halfway,
}

impl World {
    pub(super) fn new(keys: &[(&str, &str)]) -> Self {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Self {
            keys: keys.iter().map(owned).collect(),
            ..Self::default()
        }
    }

    /// The machine runs again, and nothing goes wrong any more.
    pub(super) fn recover(&mut self) {
        self.dead = false;
        self.mishaps.clear();
    }

    /// Runs something against the ports of this host.
    pub(super) fn with<T>(&mut self, run: impl FnOnce(&mut Ports<'_>) -> T) -> T {
        let world = std::cell::RefCell::new(std::mem::take(self));
        let (mut sysctls, mut journal, mut files) = (Port(&world), Port(&world), Port(&world));
        let result = run(&mut Ports {
            sysctls: &mut sysctls,
            journal: &mut journal,
            files: &mut files,
            clock: &StandingClock,
            boot_id: Some("boot"),
        });
        *self = world.into_inner();
        result
    }

    /// A prepared record that changes these keys from what they are.
    pub(super) fn record(&self, id: u32, changes: &[(String, String)]) -> Record {
        let step = |(key, after): &(String, String)| Step {
            key: key.clone(),
            before: self.keys[key].clone(),
            after: after.clone(),
            rules: vec!["a-rule".to_owned()],
            on: None,
            entry_on: None,
            attempted: false,
            written: None,
            undone: None,
        };
        let mut dropin = self.entries();
        for (key, after) in changes {
            let entry = Entry {
                value: after.clone(),
                comment: format!("a-rule, apply {id}"),
            };
            dropin.entries.insert(key.clone(), entry);
        }
        Record {
            schema: JOURNAL_SCHEMA.to_owned(),
            tool: "0".to_owned(),
            id,
            at: 0,
            user: None,
            boot_id: Some("boot".to_owned()),
            netns: Some(1),
            state: State::Journaled,
            steps: changes.iter().map(step).collect(),
            dropin: Some(DropinChange {
                path: DROPIN.to_owned(),
                before: self.dropin.clone(),
                after: FileImage {
                    bytes: dropin.render().into_bytes(),
                    mode: 0o644,
                },
            }),
            confirm: None,
            proof: None,
            faults: Vec::new(),
        }
    }

    /// What the drop-in sets.
    pub(super) fn entries(&self) -> Dropin {
        let image = self.dropin.as_ref();
        image.map_or_else(Dropin::default, |image| parse(&image.bytes).unwrap())
    }

    /// A write comes over whatever is there. Between a read and a write nobody can see a third value come.
    fn tread(&mut self, key: &str) {
        if self.foreign.remove(key) == Some(true) {
            self.trampled.push(key.to_owned());
        }
    }

    fn luck(&mut self) -> Luck {
        let at = self.operations;
        self.operations += 1;
        if self.dead {
            return Luck::Fails;
        }
        match self.mishaps.get(&at).cloned() {
            None => Luck::Good,
            Some(Mishap::Fails) => Luck::Fails,
            Some(Mishap::FailsHalfway) => Luck::Halfway,
            Some(Mishap::Crash) => {
                self.dead = true;
                Luck::Fails
            }
            Some(Mishap::Foreign(key, value)) => {
                self.keys.insert(key.clone(), value);
                self.foreign.insert(key, false);
                Luck::Good
            }
        }
    }
}

struct Port<'w>(&'w std::cell::RefCell<World>);

struct StandingClock;

fn fault(doing: &str) -> Fault {
    Fault {
        doing: doing.to_owned(),
        why: "EIO".to_owned(),
    }
}

/// The first field of `new` and the rest of `old`, as a refused vector write leaves it.
fn first_field(old: &str, new: &str) -> String {
    let rest = old.split(' ').skip(1);
    let fields: Vec<&str> = new.split(' ').take(1).chain(rest).collect();
    fields.join(" ")
}

impl Sysctls for Port<'_> {
    fn read(&mut self, key: &str) -> Reading<String> {
        let mut world = self.0.borrow_mut();
        let luck = world.luck();
        if let (Luck::Good, Some(seen)) = (&luck, world.foreign.get_mut(key)) {
            *seen = true;
        }
        match luck {
            Luck::Good => world
                .keys
                .get(key)
                .map_or(Reading::Absent, |text| Reading::Known(text.clone())),
            Luck::Fails | Luck::Halfway => Reading::Denied("EIO".to_owned()),
        }
    }

    fn write(&mut self, key: &str, text: &str) -> Result<(), String> {
        let mut world = self.0.borrow_mut();
        match world.luck() {
            Luck::Good => {
                world.tread(key);
                world.keys.insert(key.to_owned(), text.to_owned());
                Ok(())
            }
            Luck::Fails => Err("EIO".to_owned()),
            Luck::Halfway => {
                world.tread(key);
                let half = first_field(&world.keys[key], text);
                world.keys.insert(key.to_owned(), half);
                Err("EINVAL".to_owned())
            }
        }
    }
}

impl Journal for Port<'_> {
    fn save(&mut self, record: &Record) -> Result<(), Fault> {
        let mut world = self.0.borrow_mut();
        let luck = world.luck();
        if !matches!(luck, Luck::Fails) {
            world.journal.insert(record.id, record.clone());
        }
        if matches!(luck, Luck::Good) {
            Ok(())
        } else {
            Err(fault("save"))
        }
    }
}

impl Files for Port<'_> {
    fn dropin(&mut self) -> Result<Option<FileImage>, Fault> {
        let mut world = self.0.borrow_mut();
        match world.luck() {
            Luck::Good => Ok(world.dropin.clone()),
            Luck::Fails | Luck::Halfway => Err(fault("read the drop-in")),
        }
    }

    fn replace_dropin(&mut self, image: Option<&FileImage>) -> Result<(), Fault> {
        let mut world = self.0.borrow_mut();
        let luck = world.luck();
        if !matches!(luck, Luck::Fails) {
            world.dropin = image.cloned();
        }
        if matches!(luck, Luck::Good) {
            Ok(())
        } else {
            Err(fault("replace the drop-in"))
        }
    }

    fn next_boot(&mut self, key: &str) -> Result<Forecast, Fault> {
        let mut world = self.0.borrow_mut();
        match world.luck() {
            Luck::Good => {
                Ok(world
                    .entries()
                    .entries
                    .get(key)
                    .map_or(Forecast::Untouched, |entry| {
                        let spec = crate::catalog::find(key).unwrap();
                        let value = spec.parse(&entry.value);
                        Forecast::Value(value.unwrap_or(Value::Text(entry.value.clone())))
                    }))
            }
            Luck::Fails | Luck::Halfway => Err(fault("read the boot configuration")),
        }
    }
}

impl Clock for StandingClock {
    fn unix_seconds(&self) -> u64 {
        0
    }

    fn uptime_seconds(&self) -> f64 {
        100.0
    }
}
