//! Errors of the command line: everything that ends a run before its result.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::fact::WindowError;
use crate::host::{
    EnterError, GuardError, JournalError, LockError, NoPlace, PlanFileError, SnapshotError, io_name,
};
use crate::rule::{Problem, UnknownWord};
use crate::topic::Unreadable;

use super::exit::Exit;

/// Why a run ended without a result.
#[derive(Debug)]
pub enum Error {
    /// Rule or case files are broken; all problems of all files.
    Rules(Vec<Problem>),
    /// Profiles are broken; all problems of all files.
    Profiles(Vec<Problem>),
    /// No profile of this name; the nearest one, and all there are.
    NoProfile(String, Option<String>, Vec<String>),
    /// A namespace cannot be entered.
    Namespace(EnterError),
    /// A snapshot cannot be read.
    Snapshot(SnapshotError),
    /// A folder has no snapshot in it.
    NoSnapshots(PathBuf),
    /// Not one of so many snapshots could be judged.
    NoneJudged(u64),
    /// A snapshot cannot start this window.
    Window(PathBuf, WindowError),
    /// A recorded tree is not there.
    NoTree(PathBuf),
    /// A tree of files is not there.
    NoRoot(PathBuf),
    /// No key of this name and none that begins so; the nearest one.
    NoKey(String, Option<String>),
    /// No topic of this name; the nearest one.
    NoTopic(String, Option<String>),
    /// No kind of topic has this name; the nearest one, and all there are.
    NoKind(String, Option<String>, String),
    /// No topic holds this text.
    NothingFound(String),
    /// No kernel has a release like this.
    NoRelease(String),
    /// A text of the program is broken.
    Texts(Unreadable),
    /// A word that is no rule, mechanism or severity.
    NoSuchWord(UnknownWord),
    /// The words leave no rule to judge.
    NothingChosen,
    /// A folder to test holds neither rules nor cases.
    NoRules(PathBuf),
    /// The folder of the site's files that was named is not there.
    NoConfig(PathBuf),
    /// There are no rules of this site, and no others were named.
    NoOwnRules,
    /// No fact whose name contains this.
    NoFact(String),
    /// A file cannot be written; the errno by name.
    CannotWrite(PathBuf, String),
    /// A file or folder that was named cannot be read; the errno by name, or a phrase.
    CannotRead(PathBuf, String),
    /// Writing the result failed.
    Output(io::Error),
    /// Options that do not go together; what is wrong, and what to do.
    Usage(String, &'static str),
    /// A change has to be confirmed by a person, and there is no terminal to ask at.
    NoTerminal,
    /// There is no place for the journal.
    NoPlace(NoPlace),
    /// The lock was not taken.
    Lock(LockError),
    /// The journal cannot be used, or not all of it.
    Journal(Vec<JournalError>),
    /// No apply of this number; `None`: none at all that it could be.
    NoApply(Option<u32>),
    /// The host is not as it has to be, and nothing was changed: why, one phrase each, and what to do.
    Refused(Vec<String>, Option<String>),
    /// The journal could not be written, so nothing was changed; why.
    NotBegun(String),
    /// No guard could be started, so nothing was changed.
    Guard(GuardError),
    /// A plan file cannot be used.
    Plan(PlanFileError),
    /// A tool cannot carry some of the settings.
    NotCarried {
        /// The tool.
        target: &'static str,
        /// How many settings there are.
        all: usize,
        /// What it cannot carry, each with the reason.
        refused: Vec<String>,
        /// Whether anything is left without them.
        can_skip: bool,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rules(problems) => write!(
                f,
                "{} problem(s) in rule files; nothing was judged",
                problems.len()
            ),
            Self::Profiles(problems) => write!(
                f,
                "{} problem(s) in profiles; nothing was judged",
                problems.len()
            ),
            Self::NoProfile(name, ..) => write!(f, "no profile `{name}`"),
            Self::Namespace(error) => error.fmt(f),
            Self::Snapshot(error) => error.fmt(f),
            Self::NoSnapshots(folder) => write!(f, "no snapshots in `{}`", folder.display()),
            Self::NoneJudged(all) => write!(f, "none of {all} snapshot(s) could be judged"),
            Self::Window(file, error) => {
                let why = match error {
                    WindowError::OtherBoot => {
                        "it was taken in another boot, counters started again since"
                    }
                    WindowError::OtherNamespace => "it was taken in another network namespace",
                    WindowError::NotEarlier => {
                        "it is not earlier than the sample it should precede"
                    }
                    WindowError::NotKnown => "boot, namespace or time of a sample is not known",
                };
                write!(f, "`{}` cannot start the window: {why}", file.display())
            }
            Self::NoTree(path) => write!(f, "no recorded tree at `{}`", path.display()),
            Self::NoRoot(path) => write!(f, "no files of a system below `{}`", path.display()),
            Self::NoKey(key, _) => write!(f, "no key is named `{key}`, and none begins so"),
            Self::NoTopic(word, _) => write!(f, "nothing is known of `{word}`"),
            Self::NoKind(word, ..) => write!(f, "no kind of topic is named `{word}`"),
            Self::NothingFound(text) => write!(f, "no topic has `{text}` in it"),
            Self::NoRelease(text) => write!(f, "`{text}` is no kernel release"),
            Self::Texts(broken) => broken.fmt(f),
            Self::NoSuchWord(unknown) => {
                write!(f, "no rule, mechanism or severity `{}`", unknown.word)
            }
            Self::NothingChosen => f.write_str("--select and --ignore leave no rule to judge"),
            Self::NoRules(path) => write!(f, "no rules in `{}`", path.display()),
            Self::NoOwnRules => f.write_str("this site has no rules.d"),
            Self::NoConfig(path) => write!(f, "no folder at `{}`", path.display()),
            Self::NoFact(part) => write!(f, "no fact has `{part}` in its name"),
            Self::CannotWrite(path, errno) => {
                write!(f, "cannot write `{}`: {errno}", path.display())
            }
            Self::CannotRead(path, errno) => {
                write!(f, "cannot read `{}`: {errno}", path.display())
            }
            Self::Output(error) => write!(f, "cannot write the result: {}", io_name(error)),
            Self::Usage(what, _) => f.write_str(what),
            Self::NoTerminal => f.write_str("nobody to ask: standard input is not a terminal"),
            Self::NoPlace(error) => error.fmt(f),
            Self::Lock(error) => error.fmt(f),
            Self::Journal(problems) => {
                let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
                f.write_str(&words.join("; "))
            }
            Self::NoApply(Some(id)) => write!(f, "no apply {id}"),
            Self::NoApply(None) => f.write_str("no apply waits to be confirmed"),
            Self::Refused(why, _) => write!(f, "nothing was changed: {}", why.join("; ")),
            Self::NotBegun(why) => write!(f, "nothing was changed: {why}"),
            Self::Guard(error) => write!(f, "nothing was changed: {error}"),
            Self::Plan(error) => error.fmt(f),
            Self::NotCarried {
                target,
                all,
                refused,
                ..
            } => write!(
                f,
                "{target} cannot carry {} of {all} setting(s); nothing was written",
                refused.len()
            ),
        }
    }
}

impl Error {
    /// What to do about it, in the imperative.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NoProfile(_, Some(near), _) => Some(format!("did you mean `{near}`?")),
            Self::NoProfile(_, None, all) => Some(format!(
                "name one of {}, or a file: ./NAME.yaml",
                all.join(", ")
            )),
            Self::Namespace(error) => Some(error.help().to_owned()),
            Self::Snapshot(error) => error.help().map(str::to_owned),
            Self::NoSnapshots(_) => Some(
                "name a folder with *.json files that `tcptune snapshot -o FILE` wrote".to_owned(),
            ),
            Self::NoneJudged(_) => Some("the warnings above tell why, one by one".to_owned()),
            Self::Window(_, WindowError::OtherBoot) => {
                Some("take a new snapshot, or drop --since".to_owned())
            }
            Self::Window(..) => {
                Some("give a snapshot taken earlier, in the same boot and namespace".to_owned())
            }
            Self::NoTree(_) => {
                Some("give a folder laid out like /proc, with sys/ and net/".to_owned())
            }
            Self::NoRoot(_) => {
                Some("give the root folder of a system, with etc/ or usr/".to_owned())
            }
            Self::NoKey(_, None) => Some("list keys with `tcptune facts sysctl.`".to_owned()),
            Self::NoKey(key, Some(_)) if key.contains('*') => Some(
                "name an interface in place of `*`; the part before it lists all of them"
                    .to_owned(),
            ),
            Self::NoKey(_, Some(near))
            | Self::NoTopic(_, Some(near))
            | Self::NoKind(_, Some(near), _) => {
                Some(format!("did you mean `{near}`?"))
            }
            Self::NoSuchWord(UnknownWord { nearest, .. }) => Some(match nearest {
                Some(near) => format!("did you mean `{near}`?"),
                None => "list rules and mechanisms with `tcptune rules list`".to_owned(),
            }),
            Self::NothingChosen => Some(
                "see what is left with `tcptune rules list` and the same options".to_owned(),
            ),
            Self::NoTopic(_, None) | Self::NothingFound(_) => {
                Some("list what is known with `tcptune explain --list`".to_owned())
            }
            Self::NoKind(_, None, kinds) => Some(format!("give one of {kinds}")),
            Self::NoRelease(_) => Some("give one such as 5.14 or 6.1.0".to_owned()),
            Self::NoRules(_) => Some("give a folder with *.yaml files".to_owned()),
            Self::NoOwnRules => {
                Some("name a folder or a file, PATH".to_owned())
            }
            Self::NoConfig(_) => Some(
                "give the folder that holds rules.d/ and waivers.yaml, or leave --config away"
                    .to_owned(),
            ),
            Self::NoFact(_) => Some("list all with `tcptune facts`".to_owned()),
            Self::CannotWrite(_, errno) => match errno.as_str() {
                "ENOENT" => Some("make its folder first".to_owned()),
                "ENOTDIR" => Some("a file is where its folder should be; choose another".to_owned()),
                "EACCES" | "EPERM" | "EROFS" => Some("choose a folder you may write to".to_owned()),
                "EISDIR" => Some("it is a folder; name a file in it".to_owned()),
                "ENOSPC" => Some("the disk is full; choose another".to_owned()),
                _ => None,
            },
            Self::CannotRead(_, errno) => match errno.as_str() {
                "ENOENT" | "ENOTDIR" => Some("there is no such file; check the path".to_owned()),
                "EACCES" | "EPERM" => {
                    Some("run as a user who may read it, or as root".to_owned())
                }
                "ELOOP" => Some("its links lead round in a circle; remove them".to_owned()),
                "not a regular file" => Some("send a stream to standard input, and give `-`".to_owned()),
                _ => None,
            },
            Self::Usage(_, help) => Some((*help).to_owned()),
            Self::NoTerminal => Some(
                "give --yes for the changes of setting rules, --yes --accept all for every change, \
                 --dry-run to look, or a reviewed plan: apply --plan FILE"
                    .to_owned(),
            ),
            Self::NoPlace(error) => Some(error.help().to_owned()),
            Self::Lock(error) => error.help().map(str::to_owned),
            Self::Journal(problems) => {
                let help = problems.iter().find_map(JournalError::help);
                help.map(str::to_owned)
            }
            Self::NoApply(_) => Some("list them with `tcptune history`".to_owned()),
            Self::Refused(_, help) => help.clone(),
            Self::Guard(error) => Some(error.help().to_owned()),
            Self::Plan(error) => error.help().map(str::to_owned),
            Self::NotCarried { can_skip: true, .. } => Some(
                "set them by other means; --skip-refused writes the rest and lists them in comments"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// The exit code it ends a run with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Lock(LockError::Held(_)) => Exit::Locked,
            Self::Refused(..) | Self::Guard(_) | Self::NotCarried { .. } => Exit::Refused,
            Self::NotBegun(_) => Exit::TakenBack,
            _ => Exit::Usage,
        }
    }

    /// Whether the reader of the output went away, which is no failure.
    pub fn is_closed_pipe(&self) -> bool {
        match self {
            Self::Output(error) => error.kind() == io::ErrorKind::BrokenPipe,
            // As `-o /dev/stdout`, or a pipe with a name.
            Self::CannotWrite(_, errno) => errno == "EPIPE",
            _ => false,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
