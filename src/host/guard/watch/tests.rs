use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use tempfile::TempDir;

use super::*;
use crate::apply::{
    Clock, Confirmation, Fault, FileImage, Files, JOURNAL_SCHEMA, Journal as _, Step, Sysctls,
};
use crate::fact::Reading;
use crate::fact::boot::Forecast;

const KEY: &str = "net.ipv4.tcp_fin_timeout";

/// A host whose clock does something each time it is asked: what others do meanwhile.
struct Host {
    folder: TempDir,
    journal: DiskJournal,
    keys: Keys,
    clock: Meanwhile,
}

#[derive(Clone)]
struct Keys(Rc<RefCell<BTreeMap<String, String>>>);

struct NoFile;

type Event = Box<dyn FnOnce()>;

struct Meanwhile {
    now: Cell<f64>,
    events: RefCell<VecDeque<Event>>,
}

impl Sysctls for Keys {
    fn read(&mut self, key: &str) -> Reading<String> {
        Reading::Known(self.0.borrow()[key].clone())
    }

    fn write(&mut self, key: &str, text: &str) -> Result<(), String> {
        self.0.borrow_mut().insert(key.to_owned(), text.to_owned());
        Ok(())
    }
}

impl Files for NoFile {
    fn dropin(&mut self) -> Result<Option<FileImage>, Fault> {
        Ok(None)
    }

    fn replace_dropin(&mut self, _: Option<&FileImage>) -> Result<(), Fault> {
        panic!("there is no drop-in to replace")
    }

    fn next_boot(&mut self, _: &str) -> Result<Forecast, Fault> {
        panic!("this is the boot it was made in")
    }
}

impl Clock for Meanwhile {
    fn unix_seconds(&self) -> u64 {
        0
    }

    fn uptime_seconds(&self) -> f64 {
        let event = self.events.borrow_mut().pop_front();
        if let Some(event) = event {
            event();
        }
        let now = self.now.get();
        self.now.set(now + 1.0);
        now
    }
}

impl Host {
    /// A host whose key was changed from 60 to 30 by apply 1, at second 0.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = DiskJournal::at(&folder.path().join("journal"));
        let keys = [(KEY.to_owned(), "30".to_owned())];
        Self {
            folder,
            journal,
            keys: Keys(Rc::new(RefCell::new(keys.into()))),
            clock: Meanwhile {
                now: Cell::new(0.0),
                events: RefCell::default(),
            },
        }
    }

    fn lock(&self) -> PathBuf {
        self.folder.path().join("run/lock")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("journal/1.json")
    }

    fn key(&self) -> String {
        self.keys.0.borrow()[KEY].clone()
    }

    fn save(&self, record: &Record) {
        self.journal.clone().save(record).unwrap();
    }

    fn saved(&self) -> Record {
        self.journal.find(1).unwrap().unwrap()
    }

    /// Has something happen when the clock is asked next, after what is planned already.
    fn meanwhile(&self, event: impl FnOnce() + 'static) {
        self.clock.events.borrow_mut().push_back(Box::new(event));
    }

    /// Has a record saved when the clock is asked next.
    fn meanwhile_saved(&self, record: Record) {
        let mut journal = self.journal.clone();
        self.meanwhile(move || journal.save(&record).unwrap());
    }

    fn watch(&self) -> Watched {
        let mut ports = Ports {
            sysctls: &mut self.keys.clone(),
            journal: &mut self.journal.clone(),
            files: &mut NoFile,
            clock: &self.clock,
            boot_id: Some("boot"),
        };
        watch(1, &self.journal, &self.lock(), &mut ports)
    }
}

/// Apply 1, to be confirmed before second `until`.
fn record(state: State, until: f64) -> Record {
    Record {
        schema: JOURNAL_SCHEMA.to_owned(),
        tool: "0".to_owned(),
        id: 1,
        at: 0,
        user: None,
        boot_id: Some("boot".to_owned()),
        netns: Some(1),
        state,
        steps: vec![Step {
            key: KEY.to_owned(),
            before: "60".to_owned(),
            after: "30".to_owned(),
            rules: Vec::new(),
            on: None,
            entry_on: None,
            attempted: true,
            written: None,
            undone: None,
        }],
        dropin: None,
        confirm: Some(Confirmation {
            until_uptime: until,
            seconds: 60,
        }),
        proof: None,
        faults: Vec::new(),
    }
}

fn assert_taken_back(host: &Host, watched: &Watched, why: &str) {
    assert!(
        matches!(watched, Watched::TakenBack(back) if back.is_complete()),
        "{watched:?}"
    );
    assert_eq!(host.key(), "60");
    let saved = host.saved();
    assert_eq!(
        (saved.state, saved.faults),
        (State::RolledBack, vec![why.to_owned()])
    );
}

#[test]
fn what_nobody_confirms_is_taken_back_when_its_time_is_up_and_not_before() {
    let host = Host::new();
    host.save(&record(State::Waiting, 1.5));
    for _ in 0..3 {
        let keys = host.keys.clone();
        host.meanwhile(move || assert_eq!(keys.0.borrow()[KEY], "30"));
    }
    let watched = host.watch();
    assert_taken_back(&host, &watched, "nobody confirmed it in time");
    // Seconds 0 and 1 were too early, 2 was not; and once more under the lock.
    assert!(host.clock.now.get() > 3.0);
    assert!(Lock::take(&host.lock()).is_ok());
}

#[test]
fn what_is_confirmed_stays_even_at_the_last_moment() {
    let host = Host::new();
    host.save(&record(State::Waiting, -1.0));
    // After the guard saw that time is up, and before it had the lock.
    host.meanwhile_saved(record(State::Committed, -1.0));
    assert_eq!(host.watch(), Watched::Ended(Some(State::Committed)));
    assert_eq!(host.key(), "30");
    assert_eq!(host.saved().state, State::Committed);
}

#[test]
fn what_somebody_took_back_or_never_asked_to_guard_is_left() {
    for state in [State::Committed, State::RolledBack, State::Diverged] {
        let host = Host::new();
        host.save(&record(state, -1.0));
        assert_eq!(host.watch(), Watched::Ended(Some(state)));
        assert_eq!(host.key(), "30");
    }
    let host = Host::new();
    host.save(&Record {
        confirm: None,
        ..record(State::Applying, -1.0)
    });
    assert_eq!(host.watch(), Watched::Ended(Some(State::Applying)));
    assert_eq!(host.key(), "30");
}

#[test]
fn an_apply_that_is_being_made_is_waited_for() {
    let host = Host::new();
    let held = Lock::take(&host.lock()).unwrap();
    let keys = host.keys.clone();
    // Not begun; then half-way; then it waits, and the run ends; then it is confirmed.
    host.meanwhile(|| ());
    host.meanwhile_saved(record(State::Applying, 0.0));
    let mut journal = host.journal.clone();
    host.meanwhile(move || {
        assert_eq!(keys.0.borrow()[KEY], "30");
        journal.save(&record(State::Waiting, 1000.0)).unwrap();
        drop(held);
    });
    host.meanwhile(|| ());
    host.meanwhile_saved(record(State::Committed, 1000.0));
    assert_eq!(host.watch(), Watched::Ended(Some(State::Committed)));
    assert_eq!(host.key(), "30");
    assert!(host.clock.events.borrow().is_empty());
}

#[test]
fn an_apply_whose_run_died_half_way_is_taken_back_at_once() {
    for state in [
        State::Journaled,
        State::Applying,
        State::Verified,
        State::RollingBack,
    ] {
        let host = Host::new();
        host.save(&record(state, 0.0));
        let watched = host.watch();
        assert_taken_back(&host, &watched, "the run that made it ended half-way");
    }
}

#[test]
fn an_apply_that_never_began_is_not_guarded() {
    let host = Host::new();
    assert_eq!(host.watch(), Watched::Ended(None));
    assert_eq!(host.key(), "30");
}

#[test]
fn a_record_that_is_damaged_or_gone_was_not_confirmed() {
    let damages: [fn(PathBuf); 2] = [
        |file| fs::write(file, "{").unwrap(),
        |file| fs::remove_file(file).unwrap(),
    ];
    for damage in damages {
        let host = Host::new();
        host.save(&record(State::Waiting, 0.5));
        let file = host.file();
        host.meanwhile(move || damage(file));
        let watched = host.watch();
        assert_taken_back(&host, &watched, "nobody confirmed it in time");
    }
}

#[test]
fn a_lock_that_nobody_can_take_does_not_keep_values_from_going_back() {
    let host = Host::new();
    host.save(&record(State::Waiting, -1.0));
    fs::create_dir_all(host.lock()).unwrap();
    let watched = host.watch();
    assert_taken_back(&host, &watched, "nobody confirmed it in time");
}

#[test]
fn a_lock_that_nobody_can_take_does_not_keep_a_guard_alive_for_ever() {
    let host = Host::new();
    fs::create_dir_all(host.lock()).unwrap();
    assert_eq!(host.watch(), Watched::Ended(None));
    host.save(&record(State::Applying, 0.0));
    let watched = host.watch();
    assert_taken_back(&host, &watched, "the run that made it ended half-way");
}

#[test]
fn another_record_that_is_damaged_does_not_keep_values_from_going_back() {
    let host = Host::new();
    host.save(&record(State::Waiting, -1.0));
    fs::write(host.file().with_file_name("2.json"), "{").unwrap();
    let watched = host.watch();
    assert_taken_back(&host, &watched, "nobody confirmed it in time");
}

#[test]
fn a_run_that_never_lets_go_of_the_lock_does_not_keep_values_from_going_back() {
    let host = Host::new();
    host.save(&record(State::Waiting, -1.0));
    let held = Lock::take(&host.lock()).unwrap();
    let watched = host.watch();
    assert_taken_back(&host, &watched, "nobody confirmed it in time");
    drop(held);
}

#[test]
fn whoever_confirms_at_the_last_moment_is_waited_for_however_long_it_takes() {
    let host = Host::new();
    host.save(&record(State::Waiting, -1.0));
    let held = Lock::take(&host.lock()).unwrap();
    host.meanwhile(|| ());
    host.meanwhile_saved(record(State::Verified, -1.0));
    for _ in 0..6 {
        let keys = host.keys.clone();
        host.meanwhile(move || assert_eq!(keys.0.borrow()[KEY], "30"));
    }
    let mut journal = host.journal.clone();
    host.meanwhile(move || {
        journal.save(&record(State::Committed, -1.0)).unwrap();
        drop(held);
    });
    assert_eq!(host.watch(), Watched::Ended(Some(State::Committed)));
    assert_eq!(host.key(), "30");
    assert!(host.clock.events.borrow().is_empty());
}
