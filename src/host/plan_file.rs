//! Plans as files.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::errno::io_name;
use super::file;
use super::whole_file::Destination;
use crate::apply::{PLAN_SCHEMA, PlanFile};

/// No plan comes near: some hundred keys and a drop-in.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Why a file is no plan to apply: the file outside, the kind inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFileError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong.
    pub kind: PlanFileErrorKind,
}

/// What can be wrong with a plan file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanFileErrorKind {
    /// It cannot be read; the errno by name.
    Unreadable(String),
    /// Others own it or can write it, and could choose what is written.
    NotTrusted,
    /// It is larger than any plan.
    TooLarge,
    /// It cannot be understood; the parser's words.
    NotAPlan(String),
    /// Another version of the format.
    OtherSchema(String),
    /// It asks for what is never done; one phrase each.
    Faults(Vec<String>),
}

impl fmt::Display for PlanFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.kind {
            PlanFileErrorKind::Unreadable(errno) => write!(f, "cannot read plan `{file}`: {errno}"),
            PlanFileErrorKind::NotTrusted => {
                write!(
                    f,
                    "others own plan `{file}` or can write it, so it is not trusted"
                )
            }
            PlanFileErrorKind::TooLarge => write!(f, "plan `{file}` is larger than {LIMIT} bytes"),
            PlanFileErrorKind::NotAPlan(words) => write!(f, "`{file}` is no plan: {words}"),
            PlanFileErrorKind::OtherSchema(schema) => {
                write!(
                    f,
                    "plan `{file}` has the format `{}`",
                    schema.escape_debug()
                )
            }
            PlanFileErrorKind::Faults(faults) => {
                write!(f, "plan `{file}` cannot be applied: {}", faults.join("; "))
            }
        }
    }
}

impl PlanFileError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match &self.kind {
            PlanFileErrorKind::Unreadable(errno) => match errno.as_str() {
                "ENOENT" | "ENOTDIR" => Some("there is no such file; check the path"),
                "EISDIR" => Some("it is a folder; give a file"),
                "EACCES" | "EPERM" => Some("run as the user who wrote it, or as root"),
                _ => None,
            },
            PlanFileErrorKind::NotTrusted => {
                Some("look who can write it; then chown it to the user who runs this, chmod go-w")
            }
            PlanFileErrorKind::NotAPlan(_) => {
                Some("give a file written by `tcptune apply --plan-out FILE`")
            }
            PlanFileErrorKind::OtherSchema(_) => {
                Some("this tcptune reads tcptune.plan/1; use the one that wrote it")
            }
            PlanFileErrorKind::Faults(_) => Some("write a new plan, and do not edit its values"),
            PlanFileErrorKind::TooLarge => None,
        }
    }
}

#[derive(Deserialize)]
struct Header {
    schema: Option<String>,
}

/// Reads a plan that only this user, or root, can have written, and checks every value in it anew.
pub fn read_plan(path: &Path) -> Result<PlanFile, PlanFileError> {
    let plan = read_unjudged_plan(path)?;
    let faults = plan.faults();
    if faults.is_empty() {
        Ok(plan)
    } else {
        Err(PlanFileError {
            file: path.to_owned(),
            kind: PlanFileErrorKind::Faults(faults),
        })
    }
}

/// Reads a plan that only this user, or root, can have written, for whoever judges its values himself.
pub fn read_unjudged_plan(path: &Path) -> Result<PlanFile, PlanFileError> {
    let fail = |kind| PlanFileError {
        file: path.to_owned(),
        kind,
    };
    let unreadable = |error: std::io::Error| fail(PlanFileErrorKind::Unreadable(io_name(&error)));
    let opened: File = file::open(path).map_err(unreadable)?;
    let stat = opened.metadata().map_err(unreadable)?;
    let own = rustix::process::geteuid().as_raw();
    if (stat.uid() != own && stat.uid() != 0) || stat.mode() & 0o022 != 0 {
        return Err(fail(PlanFileErrorKind::NotTrusted));
    }
    let mut bytes = Vec::new();
    let read = opened.take(LIMIT + 1).read_to_end(&mut bytes);
    if read.map_err(unreadable)? as u64 > LIMIT {
        return Err(fail(PlanFileErrorKind::TooLarge));
    }
    let words = |error: serde_json::Error| fail(PlanFileErrorKind::NotAPlan(error.to_string()));
    // The header first: a newer format must be named as such, not as a list of unknown fields.
    let header: Header = serde_json::from_slice(&bytes).map_err(words)?;
    if let Some(schema) = header.schema.filter(|schema| schema != PLAN_SCHEMA) {
        return Err(fail(PlanFileErrorKind::OtherSchema(schema)));
    }
    serde_json::from_slice(&bytes).map_err(words)
}

/// Writes a plan, with mode 0600, in one step; the errno by name. A device or a pipe stays what it is.
pub fn write_plan(path: &Path, plan: &PlanFile) -> Result<(), String> {
    let mut bytes = serde_json::to_vec_pretty(plan).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Destination::of(path)?.write(&bytes, 0o600)
}
