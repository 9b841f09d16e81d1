//! Snapshots as files.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::fact::{SNAPSHOT_SCHEMA, Snapshot};

use super::errno::io_name;
use super::whole_file::Destination;

/// Why a file is no snapshot to judge: the file outside, the kind inside.
#[derive(Debug)]
pub struct SnapshotError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong.
    pub kind: SnapshotErrorKind,
}

/// What can be wrong with a snapshot.
#[derive(Debug)]
pub enum SnapshotErrorKind {
    /// It cannot be read; the errno by name.
    Unreadable(String),
    /// It is larger than any snapshot.
    TooLarge,
    /// It ends in the middle.
    Truncated,
    /// It is not JSON; line, column and the parser's words.
    NotJson(String),
    /// It is JSON and no snapshot.
    NotASnapshot(String),
    /// Another version of the format.
    OtherSchema(String),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.kind {
            SnapshotErrorKind::Unreadable(errno) => {
                write!(f, "cannot read snapshot `{file}`: {errno}")
            }
            SnapshotErrorKind::TooLarge => {
                write!(f, "snapshot `{file}` is larger than {LIMIT} bytes")
            }
            SnapshotErrorKind::Truncated => write!(
                f,
                "snapshot `{file}` is cut off: the file ends in the middle"
            ),
            SnapshotErrorKind::NotJson(words) => write!(f, "`{file}` is not JSON: {words}"),
            SnapshotErrorKind::NotASnapshot(words) => write!(f, "`{file}` is no snapshot: {words}"),
            SnapshotErrorKind::OtherSchema(schema) => {
                write!(
                    f,
                    "snapshot `{file}` has the format `{}`",
                    schema.escape_debug()
                )
            }
        }
    }
}

impl SnapshotError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self.kind {
            SnapshotErrorKind::Truncated => Some("take it again; was the disk full?"),
            SnapshotErrorKind::OtherSchema(_) => {
                Some("this tcptune reads tcptune.snapshot/1; use the one that wrote it")
            }
            SnapshotErrorKind::NotJson(_) | SnapshotErrorKind::NotASnapshot(_) => {
                Some("give a file written by `tcptune snapshot -o FILE`")
            }
            SnapshotErrorKind::Unreadable(ref errno) => match errno.as_str() {
                "ENOENT" | "ENOTDIR" => Some("there is no such file; check the path"),
                "EISDIR" => Some("it is a folder; give a file"),
                "not a regular file" => Some("give it alone: only one snapshot may be a pipe"),
                "EACCES" | "EPERM" => Some("run as the user who took it, or as root"),
                _ => None,
            },
            SnapshotErrorKind::TooLarge => None,
        }
    }
}

/// No snapshot comes near: a million tracked sockets are about 20 MiB.
const LIMIT: u64 = 256 * 1024 * 1024;

#[derive(Deserialize)]
struct Header {
    schema: Option<String>,
}

/// Reads a snapshot. From a pipe too, for which it waits; `-` is standard input.
pub fn read_snapshot(file: &Path) -> Result<Snapshot, SnapshotError> {
    if file == Path::new("-") {
        let given = io::stdin().as_fd().try_clone_to_owned();
        return read(file, given.map(File::from));
    }
    read(file, File::open(file))
}

/// Reads a snapshot that is one of many, which nobody can have meant to wait for: a regular file.
pub fn read_one_of_many(file: &Path) -> Result<Snapshot, SnapshotError> {
    read(file, super::file::open(file))
}

fn read(file: &Path, opened: io::Result<File>) -> Result<Snapshot, SnapshotError> {
    let fail = |kind| SnapshotError {
        file: file.to_owned(),
        kind,
    };
    let unreadable = |error: io::Error| fail(SnapshotErrorKind::Unreadable(io_name(&error)));
    let too_large = || fail(SnapshotErrorKind::TooLarge);
    let opened = opened.map_err(unreadable)?;
    if opened.metadata().map_err(unreadable)?.len() > LIMIT {
        return Err(too_large());
    }
    // A device or a pipe has no size beforehand.
    let mut bytes = Vec::new();
    let read = opened.take(LIMIT + 1).read_to_end(&mut bytes);
    if read.map_err(unreadable)? as u64 > LIMIT {
        return Err(too_large());
    }
    understood(&bytes).map_err(fail)
}

/// The snapshot that these bytes are.
pub(super) fn understood(bytes: &[u8]) -> Result<Snapshot, SnapshotErrorKind> {
    match serde_json::from_slice::<Snapshot>(bytes) {
        Ok(snapshot) if snapshot.schema == SNAPSHOT_SCHEMA => Ok(snapshot),
        read => Err(fault(bytes, read.err())),
    }
}

/// What is wrong with a text that is no snapshot of this version; `error` as the reader of this version has
/// it. The header comes first: a newer format must be named as such, not as a list of unknown fields.
fn fault(bytes: &[u8], error: Option<serde_json::Error>) -> SnapshotErrorKind {
    let header = match serde_json::from_slice::<Header>(bytes) {
        Ok(header) => header,
        Err(error) if error.is_eof() => return SnapshotErrorKind::Truncated,
        Err(error) if error.is_data() => {
            return SnapshotErrorKind::NotASnapshot(error.to_string());
        }
        Err(error) => return SnapshotErrorKind::NotJson(error.to_string()),
    };
    match header.schema {
        None => SnapshotErrorKind::NotASnapshot("it names no `schema`".to_owned()),
        Some(schema) if schema != SNAPSHOT_SCHEMA => SnapshotErrorKind::OtherSchema(schema),
        Some(_) => {
            let words = error.map(|error| error.to_string());
            SnapshotErrorKind::NotASnapshot(words.unwrap_or_default())
        }
    }
}

/// Writes a snapshot, readable by its owner only: it holds addresses. The file appears whole or not at
/// all; a device or a pipe is written into, never replaced. The error is the errno by name.
pub fn write_snapshot(file: &Path, snapshot: &Snapshot) -> Result<(), String> {
    let mut bytes = serde_json::to_vec(snapshot).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Destination::of(file)?.write(&bytes, 0o600)
}
