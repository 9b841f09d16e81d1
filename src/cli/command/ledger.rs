//! The lock and the journal, as commands use them.

use std::fmt::Write as _;

use crate::apply::{
    Clock as _, Journal as _, Now, Pending, Ports, Record, Stack, State, Step, calendar, standing,
};
use crate::fact::Host;
use crate::host::{
    self, DiskJournal, DropinFile, Environment, JournalError, JournalErrorKind, LiveSysctls, Lock,
    NextBoot, Places, SystemClock, Unusable,
};

use crate::cli::args::Where;
use crate::cli::error::Error;
use crate::cli::output::Output;

/// What a changing command holds while it runs: the lock, and every record of the journal.
pub(super) struct Ledger {
    pub(super) environment: Environment,
    pub(super) places: Places,
    pub(super) journal: DiskJournal,
    records: Vec<Record>,
    /// Records that cannot be read.
    problems: Vec<JournalError>,
    lock: Option<Lock>,
}

/// What of this process's environment says where things are kept.
pub(super) fn environment() -> Environment {
    let path = |name: &str| std::env::var_os(name).map(std::path::PathBuf::from);
    Environment {
        home: path("HOME"),
        state_home: path("XDG_STATE_HOME"),
        runtime_dir: path("XDG_RUNTIME_DIR"),
        state_directory: path("STATE_DIRECTORY"),
    }
}

/// Where this user's journal is, by the environment.
pub(super) fn places() -> Result<(Environment, Places), Error> {
    let environment = environment();
    let places = Places::of_user(&environment).map_err(Error::NoPlace)?;
    Ok((environment, places))
}

/// Who asked: the user behind sudo(8), else the user's name as the login has it.
pub(super) fn user() -> Option<String> {
    let name = |variable: &str| std::env::var(variable).ok().filter(|name| !name.is_empty());
    ["SUDO_USER", "LOGNAME", "USER"].into_iter().find_map(name)
}

/// Whether the journal is root's, which nobody else may look into.
pub(super) fn is_of_root(places: &Places) -> bool {
    places.journal.starts_with("/var/lib")
}

/// A command of this program as this user has to type it.
pub(super) fn command(places: &Places, words: &str) -> String {
    if is_of_root(places) {
        format!("sudo tcptune {words}")
    } else {
        format!("tcptune {words}")
    }
}

impl Ledger {
    /// Takes the lock and reads the journal, whole or not at all.
    pub(super) fn take() -> Result<Self, Error> {
        let ledger = Self::take_readable()?;
        ledger.require_whole()?;
        Ok(ledger)
    }

    /// Takes the lock and reads what can be read of the journal: enough to take one apply back.
    pub(super) fn take_readable() -> Result<Self, Error> {
        let (environment, places) = places()?;
        let lock = Lock::take(&places.lock).map_err(Error::Lock)?;
        let journal = DiskJournal::at(&places.journal);
        let unusable = |error: JournalError| Error::Journal(vec![error]);
        journal.clean(&lock).map_err(unusable)?;
        let (records, problems) = match journal.load() {
            Ok(records) => (records, Vec::new()),
            Err(incomplete) => (incomplete.readable, incomplete.problems),
        };
        // A crash can leave half a drop-in beside it; what stands in its place is looked at later.
        let _ = dropin_file(None).clean(&lock);
        Ok(Self {
            environment,
            places,
            journal,
            records,
            problems,
            lock: Some(lock),
        })
    }

    /// Lets the next command begin; nothing may be written from here on.
    pub(super) fn let_go(&mut self) {
        self.lock = None;
    }

    pub(super) fn stack(&self) -> Stack {
        Stack::new(self.records.clone())
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    pub(super) fn find(&self, id: u32) -> Option<&Record> {
        self.records.iter().find(|record| record.id == id)
    }

    /// Says which records were passed over.
    pub(super) fn say_problems(&self) {
        for problem in &self.problems {
            let help = problem.help().map(str::to_owned);
            Output::warn(&problem.to_string(), &[], help.as_deref());
        }
    }

    pub(super) fn command(&self, words: &str) -> String {
        command(&self.places, words)
    }

    /// Closes the records of applies that a reboot ended while they waited to be confirmed: their live values
    /// went with that boot, and nothing else was written yet.
    pub(super) fn close_what_a_boot_ended(&mut self, here: &Host) {
        for at in 0..self.records.len() {
            let Some(record) = self.records.get_mut(at) else {
                break;
            };
            let pending = record.pending(here.boot_id.as_deref(), SystemClock.uptime_seconds());
            if pending != Some(Pending::EndedByBoot) {
                continue;
            }
            let id = record.id;
            record.close("the host was started anew before it was confirmed");
            // What cannot be saved now is found again by the next run.
            let _ = self.journal.save(record);
            let text = format!(
                "the host was started anew before apply {id} was confirmed, which took it back"
            );
            Output::warn(&text, &[], None);
        }
    }

    /// Refuses where this boot or this network namespace cannot be told: a record of it would be taken for
    /// one of another, and its values would not go back.
    pub(super) fn require_place(here: &Host) -> Result<(), Error> {
        if here.boot_id.is_some() && here.netns.is_some() {
            return Ok(());
        }
        let why = "this boot or network namespace cannot be told".to_owned();
        let help =
            "/proc/sys/kernel/random/boot_id and /proc/thread-self/ns/net have to be readable";
        Err(Error::Refused(vec![why], Some(help.to_owned())))
    }

    /// Refuses while records cannot be read: the one that is looked for may be among them.
    pub(super) fn require_whole(&self) -> Result<(), Error> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Error::Journal(self.problems.clone()))
        }
    }

    /// Refuses while an earlier apply is open.
    pub(super) fn require_closed(&self, here: &Host) -> Result<(), Error> {
        let uptime = SystemClock.uptime_seconds();
        let open = |record: &Record| {
            let id = record.id;
            let (why, what) = match record.pending(here.boot_id.as_deref(), uptime)? {
                Pending::HalfWay => (format!("apply {id} ended half-way"), "rollback"),
                Pending::Expired => (
                    format!("apply {id} was not confirmed in time, and nobody took it back"),
                    "rollback",
                ),
                Pending::Waiting(_) => (format!("apply {id} waits to be confirmed"), "confirm"),
                Pending::EndedByBoot => return None,
            };
            Some((why, self.command(&format!("{what} {id}"))))
        };
        let open: Vec<_> = self.records.iter().filter_map(open).collect();
        let Some((_, first)) = open.first().cloned() else {
            return Ok(());
        };
        let why = open.into_iter().map(|(why, _)| why).collect();
        Err(Error::Refused(why, Some(first)))
    }
}

/// The drop-in of this host; without `next` nobody may ask what the next boot brings.
pub(super) fn dropin_file(next: Option<&NextBoot>) -> DropinFile<'_> {
    DropinFile::new(std::path::Path::new("/"), move |key| match next {
        Some(next) => next.forecast(key),
        None => Ok(crate::fact::boot::Forecast::Unknown(
            "boot files were not looked at".to_owned(),
        )),
    })
}

/// Lends the ports of this host to a transaction.
pub(super) fn with_ports<T>(
    journal: &DiskJournal,
    next: Option<&NextBoot>,
    here: &Host,
    run: impl FnOnce(&mut Ports<'_>) -> T,
) -> T {
    let mut files = dropin_file(next);
    run(&mut Ports {
        sysctls: &mut LiveSysctls::open(),
        journal: &mut journal.clone(),
        files: &mut files,
        clock: &SystemClock,
        boot_id: here.boot_id.as_deref(),
    })
}

/// Says on stderr what a crash left open on the host that is looked at; a recorded tree has no journal.
pub(super) fn say_what_is_open_at(at: &Where) {
    if at.proc.is_none() {
        say_what_is_open();
    }
}

/// Says on stderr what a crash left open. Never stands in the way of a command that only looks.
pub(super) fn say_what_is_open() {
    let Ok((_, places)) = places() else {
        return;
    };
    let records = match DiskJournal::at(&places.journal).load() {
        Ok(records) => records,
        Err(incomplete) => {
            for problem in incomplete
                .problems
                .iter()
                .filter(|one| !is_somebody_elses(one))
            {
                Output::warn(&problem.to_string(), &[], problem.help());
            }
            incomplete.readable
        }
    };
    if records.is_empty() {
        return;
    }
    let uptime = SystemClock.uptime_seconds();
    let here = host::here();
    let mut open = Vec::new();
    for record in &records {
        match record.pending(here.boot_id.as_deref(), uptime) {
            Some(Pending::HalfWay | Pending::Expired) => open.push(record),
            Some(Pending::Waiting(seconds)) => say_waiting(record, seconds, &here, &places),
            None if record.state == State::Diverged && is_of(record, &here) => {
                say_diverged(record, &places);
            }
            Some(Pending::EndedByBoot) | None => {}
        }
    }
    // Whoever holds the lock is at work on it, and nothing was left.
    if open.is_empty() || Lock::take(&places.lock).is_err() {
        return;
    }
    for record in open {
        say_open(record, &here, &places);
    }
}

/// Whether a journal may not be looked into at all, as after a change of user that kept `HOME`: then it is
/// not this user's, and of no concern to one who only looks.
fn is_somebody_elses(problem: &JournalError) -> bool {
    let closed = |errno: &str| Unusable::Errno(errno.to_owned());
    match &problem.kind {
        JournalErrorKind::Unusable(why) => *why == closed("EACCES") || *why == closed("EPERM"),
        _ => false,
    }
}

/// Whether it was made in this boot and this network namespace.
fn is_of(record: &Record, here: &Host) -> bool {
    record.boot_id == here.boot_id && record.netns == here.netns
}

/// A rollback left something to somebody's eyes, and nobody has said yet that they looked.
fn say_diverged(record: &Record, places: &Places) {
    let id = record.id;
    let text = format!("apply {id} was not taken back whole");
    let left = record.steps.iter().filter_map(|step| {
        let undone = step.undone.as_ref()?;
        let what = format!("{}: {}", step.key, super::apply::undone(undone));
        undone.needs_a_person().then_some(what)
    });
    let lines: Vec<String> = left.chain(record.faults.clone()).collect();
    let help = command(places, &format!("rollback {id}"));
    let help = format!("{help}, or with --forget once you have looked");
    Output::warn(&text, &lines, Some(&help));
}

/// What is seen now goes away by itself.
fn say_waiting(record: &Record, seconds: f64, here: &Host, places: &Places) {
    let id = record.id;
    let text = format!("apply {id} waits to be confirmed: in {seconds:.0} s it is taken back");
    let lines = if record.netns == here.netns {
        let goes_back = |step: &Step| match step.before.as_str() {
            "" => format!("{} becomes empty again", step.key),
            before => format!("{} goes back to {before}", step.key),
        };
        record.steps.iter().map(goes_back).collect()
    } else {
        vec!["it was made in another network namespace".to_owned()]
    };
    let help = command(places, "confirm");
    Output::warn(&text, &lines, Some(&help));
}

fn say_open(record: &Record, here: &Host, places: &Places) {
    let id = record.id;
    let mut text = format!("apply {id} ({}", calendar::minute(record.at));
    if let Some(user) = &record.user {
        // Writing into a `String` does not fail.
        let _ = write!(text, ", {user}");
    }
    text.push_str(if record.state == State::Waiting {
        ") was not confirmed in time, and nobody took it back"
    } else {
        ") ended half-way"
    });
    let lines = if record.boot_id != here.boot_id {
        vec!["the host was started anew since; its live values are gone".to_owned()]
    } else if record.netns != here.netns {
        vec!["it was made in another network namespace".to_owned()]
    } else {
        let keys = standing(record, &mut LiveSysctls::open());
        keys.iter().map(|(key, now)| stands(key, now)).collect()
    };
    let help = command(places, &format!("rollback {id}"));
    Output::warn(&text, &lines, Some(&help));
}

fn stands(key: &str, now: &Now) -> String {
    match now {
        Now::Before => format!("{key} is as it was before"),
        Now::After => format!("{key} is as the apply wants it"),
        Now::Partly(now) => format!("{key} is {now}: what the kernel made of the apply's write"),
        Now::Other(now) => format!("{key} is {now}, which is neither: somebody else set it"),
        Now::Unreadable(why) => format!("{key} cannot be read: {why}"),
    }
}
