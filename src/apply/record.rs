//! The journal's record of one apply.

use serde::{Deserialize, Serialize};

use super::port::FileImage;

/// Name and version of the journal's format.
pub const JOURNAL_SCHEMA: &str = "tcptune.journal/1";

/// One apply, from its plan to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// `tcptune.journal/1`.
    pub schema: String,
    /// Version of the program that wrote it.
    pub tool: String,
    /// Its number: 1, 2, 3 …; a higher one is newer.
    pub id: u32,
    /// When it began, in seconds since 1970.
    pub at: u64,
    /// Who asked for it (`SUDO_USER`, else the user's name).
    pub user: Option<String>,
    /// The boot it was made in (`/proc/sys/kernel/random/boot_id`).
    pub boot_id: Option<String>,
    /// The inode number of the network namespace it was made in.
    pub netns: Option<u64>,
    /// How far it came.
    pub state: State,
    /// The changes, in the order they are written.
    pub steps: Vec<Step>,
    /// The change of the drop-in; `None` when only live values are changed.
    pub dropin: Option<DropinChange>,
    /// Until when it waits to be confirmed; `None` when it does not have to be.
    pub confirm: Option<Confirmation>,
    /// What was measured after the change.
    pub proof: Option<Proof>,
    /// Why it did not end as planned, one phrase each.
    pub faults: Vec<String>,
}

/// How far an apply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Every pre-image is on the disk; nothing is written.
    Journaled,
    /// Writing. How many steps are through is told by [`Step::written`].
    Applying,
    /// Every key reads back as wanted; the drop-in is not written.
    Verified,
    /// Live values are changed and will be taken back unless confirmed.
    Waiting,
    /// Done.
    Committed,
    /// Being taken back.
    RollingBack,
    /// Taken back, all of it.
    RolledBack,
    /// Taken back but for what [`Step::undone`] names: a person has to look.
    Diverged,
}

impl State {
    /// The word of `tcptune history`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Journaled => "journaled",
            Self::Applying => "applying",
            Self::Verified => "verified",
            Self::Waiting => "waiting",
            Self::Committed => "committed",
            Self::RollingBack => "rolling back",
            Self::RolledBack => "rolled back",
            Self::Diverged => "diverged",
        }
    }

    /// Whether a crash left it half done.
    pub const fn is_unfinished(self) -> bool {
        matches!(
            self,
            Self::Journaled | Self::Applying | Self::Verified | Self::RollingBack
        )
    }

    /// Whether it may have written the drop-in: one that waits, or that was cut short before, has not.
    pub(super) const fn may_have_file(self) -> bool {
        !matches!(self, Self::Journaled | Self::Applying | Self::Waiting)
    }

    /// Whether what it changed stands.
    pub const fn stands(self) -> bool {
        !matches!(self, Self::RolledBack)
    }
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The key, dotted.
    pub key: String,
    /// The text before, as the kernel showed it.
    pub before: String,
    /// The text wanted.
    pub after: String,
    /// The rules that want it.
    pub rules: Vec<String>,
    /// The newest apply that had set the key in this boot and namespace when this one began.
    pub on: Option<u32>,
    /// The newest apply that had put the key into the drop-in when this one began.
    pub entry_on: Option<u32>,
    /// A write was about to be made, or was made: what stands there now may be ours.
    pub attempted: bool,
    /// What came of the write; `None` before it.
    pub written: Option<Written>,
    /// What came of taking it back; `None` when nobody tried.
    pub undone: Option<Undone>,
}

impl Step {
    /// What the kernel made of the write where that is not what was wanted: ours all the same.
    pub(super) fn shown(&self) -> Option<&str> {
        match &self.written {
            Some(Written::Clamped(shown)) => Some(shown),
            _ => None,
        }
    }
}

/// What came of one write, by what was read after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// Reads back as wanted.
    Written,
    /// The kernel took the write and the value is the old one.
    Unchanged,
    /// The kernel refused; the errno by name.
    Refused(String),
    /// The kernel took a part of it, or something else of it, without an error; what reads back.
    Clamped(String),
    /// It reads back as something that this write cannot have made, or not at all.
    Diverged(String),
}

/// What came of taking one key back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undone {
    /// It has the value it should have.
    Restored,
    /// A newer apply set it since; that one knows the value to go back to.
    Kept,
    /// Its value is neither what was there before nor what was written: left alone; the value.
    Foreign(String),
    /// The kernel refused, or the value cannot be read; why.
    Failed(String),
    /// No value to go back to is known: the host was started anew and no file sets the key, or the key is
    /// gone; why.
    NotTold(String),
}

impl Undone {
    /// Whether a person has to look at the key.
    pub const fn needs_a_person(&self) -> bool {
        matches!(self, Self::Foreign(_) | Self::Failed(_))
    }
}

/// The drop-in before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropinChange {
    /// Its path.
    pub path: String,
    /// The file before, `None` when there was none.
    pub before: Option<FileImage>,
    /// The file wanted.
    pub after: FileImage,
}

/// A live change that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The uptime in seconds at which it is taken back.
    pub until_uptime: f64,
    /// How long it waits in all, in seconds.
    pub seconds: u64,
}

/// What the rules said before the change and said again after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// How long it was watched, in seconds.
    pub seconds: u64,
    /// The symptom rules behind the change, each with its message before and, if it still fires, after.
    pub rules: Vec<(String, String, Option<String>)>,
    /// Those of them of which nothing can be told after the change, by id; their message after it is why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untold: Vec<String>,
}

impl Proof {
    /// Whether at least one symptom is gone; `None` where none is known to be and of some nothing can be told.
    pub fn improved(&self) -> Option<bool> {
        if self.rules.iter().any(|(_, _, after)| after.is_none()) {
            Some(true)
        } else if self.untold.is_empty() {
            Some(false)
        } else {
            None
        }
    }
}

/// Bytes as hexadecimal text.
pub(super) mod hex {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        to.serialize_str(&text)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|digit| {
                digit
                    .to_digit(16)
                    .and_then(|value| u8::try_from(value).ok())
            })
            .collect();
        let (pairs, rest) = digits
            .as_deref()
            .ok_or_else(|| D::Error::custom("no hexadecimal digit"))?
            .as_chunks::<2>();
        if !rest.is_empty() {
            return Err(D::Error::custom("half a byte"));
        }
        Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
    }
}
