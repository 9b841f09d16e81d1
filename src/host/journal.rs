//! The journal on disk: one file for each apply, `<id>.json`, in a folder that nobody else can write.
//!
//! It may hold the only copy of a value from before an apply. So a file of it that cannot be understood is
//! an error and never passed over, and a record is replaced in one step.

use std::ffi::OsStr;
use std::fmt;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{Dir, OFlags};
use serde::Deserialize;

use super::lock::Lock;
use super::private_folder::{self, Unusable};
use super::replace::{self, Look};
use crate::apply::{Fault, JOURNAL_SCHEMA, Journal, Record};

/// No record comes near: it holds the drop-in twice, in hexadecimal, and some texts for each key.
const LIMIT: u64 = 64 * 1024 * 1024;

/// A folder of records. It is made by the first one; looking into it makes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskJournal {
    folder: PathBuf,
}

/// Why a record, or the folder, cannot be used: the file outside, the kind inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalError {
    /// The file, or the folder.
    pub file: PathBuf,
    /// What is wrong.
    pub kind: JournalErrorKind,
}

/// What can be wrong with a file of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalErrorKind {
    /// It cannot be used as a file.
    Unusable(Unusable),
    /// Its name is not a number and `.json`.
    NotARecordsName,
    /// It is larger than any record.
    TooLarge,
    /// It cannot be understood; the parser's words.
    NotARecord(String),
    /// Another version of the format.
    OtherSchema(String),
    /// It holds the record of another number.
    OtherId(u32),
    /// There is a record of the highest number.
    NoNumberLeft,
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.kind {
            JournalErrorKind::Unusable(why) => write!(f, "cannot use journal `{file}`: {why}"),
            JournalErrorKind::NotARecordsName => write!(f, "`{file}` is no record of the journal"),
            JournalErrorKind::TooLarge => write!(f, "`{file}` is larger than {LIMIT} bytes"),
            JournalErrorKind::NotARecord(words) => {
                write!(f, "`{file}` is no record of the journal: {words}")
            }
            JournalErrorKind::OtherSchema(schema) => {
                write!(f, "`{file}` has the format `{}`", schema.escape_debug())
            }
            JournalErrorKind::OtherId(id) => write!(f, "`{file}` holds the record of apply {id}"),
            JournalErrorKind::NoNumberLeft => {
                write!(f, "journal `{file}` has no number left for another apply")
            }
        }
    }
}

impl JournalError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match &self.kind {
            JournalErrorKind::Unusable(why) => why.help(),
            JournalErrorKind::NotARecordsName => Some("move it out of the journal's folder"),
            JournalErrorKind::NoNumberLeft => Some("move the record of the highest number away"),
            JournalErrorKind::OtherSchema(_) => {
                Some("this tcptune reads tcptune.journal/1; use the one that wrote it")
            }
            JournalErrorKind::TooLarge
            | JournalErrorKind::NotARecord(_)
            | JournalErrorKind::OtherId(_) => Some(
                "it may hold values from before an apply: keep it, and move it out of the folder to go \
                 on without them",
            ),
        }
    }
}

/// Records that could be read beside some that could not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Incomplete {
    /// What is wrong, one for each file; never empty.
    pub problems: Vec<JournalError>,
    /// The others.
    pub readable: Vec<Record>,
}

#[derive(Deserialize)]
struct Header {
    schema: Option<String>,
}

impl DiskJournal {
    /// The journal in this folder, whether or not it is there yet.
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Every record, oldest first. One that cannot be read makes the whole an error; the others are in it.
    pub fn load(&self) -> Result<Vec<Record>, Incomplete> {
        let mut all = Incomplete::default();
        if let Err(problem) = self.load_into(&mut all) {
            all.problems.push(problem);
        }
        all.readable.sort_by_key(|record| record.id);
        all.problems.sort_by(|one, other| one.file.cmp(&other.file));
        if all.problems.is_empty() {
            Ok(all.readable)
        } else {
            Err(all)
        }
    }

    fn load_into(&self, all: &mut Incomplete) -> Result<(), JournalError> {
        let Some(folder) = self.open()? else {
            return Ok(());
        };
        for name in self.names(&folder)? {
            let record = match number(&name) {
                Some(id) => self.read(&folder, id),
                None => Err(self.error(&name, JournalErrorKind::NotARecordsName)),
            };
            match record {
                Ok(Some(record)) => all.readable.push(record),
                // Gone since it was listed, by hand: nobody else takes records away.
                Ok(None) => {}
                Err(problem) => all.problems.push(problem),
            }
        }
        Ok(())
    }

    /// One record, `None` when there is none of this number.
    pub fn find(&self, id: u32) -> Result<Option<Record>, JournalError> {
        match self.open()? {
            Some(folder) => self.read(&folder, id),
            None => Ok(None),
        }
    }

    /// The number of the next apply: above every record, also above one that cannot be read.
    pub fn next_id(&self) -> Result<u32, JournalError> {
        let Some(folder) = self.open()? else {
            return Ok(1);
        };
        let names = self.names(&folder)?;
        let last = names.iter().filter_map(|name| number(name)).max();
        last.unwrap_or(0)
            .checked_add(1)
            .ok_or_else(|| JournalError {
                file: self.folder.clone(),
                kind: JournalErrorKind::NoNumberLeft,
            })
    }

    /// Takes away what crashed runs left half-written. The lock tells that nobody is writing.
    pub fn clean(&self, _held: &Lock) -> Result<(), JournalError> {
        let Some(folder) = self.open()? else {
            return Ok(());
        };
        replace::clean(&folder, None).map_err(|error| self.unusable(error))
    }

    fn open(&self) -> Result<Option<OwnedFd>, JournalError> {
        private_folder::open(&self.folder).map_err(|why| self.unusable(why))
    }

    /// Every name but hidden ones: those are files that were being written when a run ended.
    fn names(&self, folder: &OwnedFd) -> Result<Vec<Vec<u8>>, JournalError> {
        let entries = Dir::read_from(folder).map_err(|errno| self.unusable(errno))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|errno| self.unusable(errno))?;
            let name = entry.file_name().to_bytes();
            if !name.starts_with(b".") {
                names.push(name.to_vec());
            }
        }
        Ok(names)
    }

    fn read(&self, folder: &OwnedFd, id: u32) -> Result<Option<Record>, JournalError> {
        let name = file_name(id);
        let fail = |kind| self.error(name.as_bytes(), kind);
        let opened = private_folder::open_file(folder, &name, OFlags::RDONLY);
        let Some(file) = opened.map_err(|why| fail(JournalErrorKind::Unusable(why)))? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let read = file.take(LIMIT + 1).read_to_end(&mut bytes);
        let read = read.map_err(|error| fail(JournalErrorKind::Unusable(error.into())))?;
        if read as u64 > LIMIT {
            return Err(fail(JournalErrorKind::TooLarge));
        }
        // The header first: a newer format must be named as such, not as a list of unknown fields.
        let words =
            |error: serde_json::Error| fail(JournalErrorKind::NotARecord(error.to_string()));
        let header: Header = serde_json::from_slice(&bytes).map_err(words)?;
        if let Some(schema) = header.schema.filter(|schema| schema != JOURNAL_SCHEMA) {
            return Err(fail(JournalErrorKind::OtherSchema(schema)));
        }
        let record: Record = serde_json::from_slice(&bytes).map_err(words)?;
        if record.id != id {
            return Err(fail(JournalErrorKind::OtherId(record.id)));
        }
        Ok(Some(record))
    }

    fn error(&self, name: &[u8], kind: JournalErrorKind) -> JournalError {
        JournalError {
            file: self.folder.join(OsStr::from_bytes(name)),
            kind,
        }
    }

    fn unusable(&self, why: impl Into<Unusable>) -> JournalError {
        JournalError {
            file: self.folder.clone(),
            kind: JournalErrorKind::Unusable(why.into()),
        }
    }
}

impl Journal for DiskJournal {
    fn save(&mut self, record: &Record) -> Result<(), Fault> {
        let name = file_name(record.id);
        let fault = |why: String| Fault {
            doing: format!("write `{}`", self.folder.join(&name).display()),
            why,
        };
        let mut bytes =
            serde_json::to_vec_pretty(record).map_err(|error| fault(error.to_string()))?;
        bytes.push(b'\n');
        let look = Look {
            mode: 0o600,
            owner: None,
        };
        let folder = private_folder::make(&self.folder).map_err(|why| fault(why.to_string()))?;
        replace::replace(&folder, name.as_ref(), &bytes, look)
            .map_err(|error| fault(super::errno::io_name(&error)))
    }
}

fn file_name(id: u32) -> String {
    format!("{id}.json")
}

/// The number of a record by the name of its file, as we write it: without zeros in front.
fn number(name: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(name).ok()?.strip_suffix(".json")?;
    let id = digits.parse().ok()?;
    (file_name(id).as_bytes() == name).then_some(id)
}

#[cfg(test)]
mod tests;
