//! Texts to lint: every file below some folders, or what comes in on standard input.
//!
//! Folders are walked as git sees them: `.gitignore` holds, in a work tree and outside of one, and so does
//! `.tcptuneignore`; hidden files are looked into, what version control keeps for itself is not. Links on the way are not followed, since
//! what they lead to is either found by itself or somebody else's; so no loop of links can catch a walk. Each
//! thread holds one text at a time, and no text is larger than the limit.

use std::borrow::Cow;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::errno::io_name;
use super::file;

/// A text this large is not configuration.
pub const LINT_LIMIT: u64 = 16 * 1024 * 1024;

/// A file with a NUL in so many first bytes is binary; git looks as far.
const HEAD: usize = 8 * 1024;

/// Names what `tcptune lint` alone is to pass over, in the syntax of `.gitignore`.
const OWN_IGNORES: &str = ".tcptuneignore";

/// Folders that version control keeps for itself.
const OWN_FOLDERS: [&str; 5] = [".git", ".hg", ".svn", ".bzr", ".jj"];

/// What came of a walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LintFiles<T> {
    /// What was found, by path.
    pub found: Vec<(PathBuf, T)>,
    /// How many files were read.
    pub read: u64,
    /// How many were not, being binary or larger than the limit. None of them was asked for by name, and none is
    /// one that a loader reads.
    pub passed_over: u64,
    /// What could not be read, by path; and such files that are binary or too large.
    pub unread: Vec<Unread>,
}

/// A file or folder that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// Its path, as it was given or found.
    pub path: PathBuf,
    /// The errno by name, or a phrase.
    pub why: String,
    /// It was asked for by name, and is no binary file among others that were.
    pub named: bool,
}

/// Shows every text below these paths to `look`, on several threads, and gathers what it finds, in the order
/// of the paths. What is no UTF-8 is replaced, one character for each broken sequence.
pub fn lint_files<T: Send>(
    paths: &[PathBuf],
    limit: u64,
    look: impl Fn(&Path, &str) -> Option<T> + Sync,
) -> LintFiles<T> {
    let gathering = Gathering::default();
    let Some(walk) = builder(paths) else {
        return gathering.done();
    };
    walk.build_parallel().run(|| {
        let mut room = Vec::new();
        let (gathering, look) = (&gathering, &look);
        Box::new(move |entry| {
            match entry {
                Ok(entry) => gathering.visit(&entry, limit, look, &mut room),
                Err(error) => gathering.missed(&error),
            }
            WalkState::Continue
        })
    });
    gathering.done()
}

/// Shows the text that comes in on standard input to `look`.
pub fn lint_stdin<T>(
    name: &Path,
    limit: u64,
    look: impl Fn(&Path, &str) -> Option<T>,
) -> LintFiles<T> {
    let gathering = Gathering::default();
    let mut room = Vec::new();
    match text_of(io::stdin().lock(), limit, &mut room) {
        Ok(text) => gathering.show(name, text, true, &look),
        Err(error) => gathering.unread(name, io_name(&error), true),
    }
    gathering.done()
}

/// Whether a loader reads a file at boot, as it is: `sysctl.conf`, `sysctl.d/*.conf`.
pub fn is_loaded(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default();
    let folder = file.parent().and_then(Path::file_name);
    let in_folder = folder.is_some_and(|folder| folder == "sysctl.d");
    name == "sysctl.conf" || (in_folder && file.extension().is_some_and(|end| end == "conf"))
}

/// Why a path that was asked for by name cannot be looked at; `None` where it can.
pub fn cannot_lint(path: &Path) -> Option<String> {
    std::fs::metadata(path).err().map(|error| io_name(&error))
}

/// The path from the root on, by one spelling. A link at its end stays one: it is a name of its own.
fn whole(path: &Path) -> io::Result<PathBuf> {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => {
            let here = folder.as_os_str().is_empty();
            let folder = if here { Path::new(".") } else { folder };
            Ok(std::fs::canonicalize(folder)?.join(name))
        }
        _ => std::fs::canonicalize(path),
    }
}

fn builder(paths: &[PathBuf]) -> Option<WalkBuilder> {
    // By the whole of their paths: a file may be given twice, in two spellings.
    let mut roots: Vec<&PathBuf> = Vec::new();
    let mut real: Vec<PathBuf> = Vec::new();
    for path in paths {
        let one = whole(path).unwrap_or_else(|_| path.clone());
        if !real.contains(&one) {
            real.push(one);
            roots.push(path);
        }
    }
    let (first, rest) = roots.split_first()?;
    let mut walk = WalkBuilder::new(first);
    for root in rest {
        walk.add(root);
    }
    walk.add_custom_ignore_filename(OWN_IGNORES);
    walk.hidden(false)
        .require_git(false)
        // Whoever runs it, the same files are looked at.
        .git_global(false)
        .follow_links(false)
        .filter_entry(move |entry| {
            let name = entry.file_name();
            // What is given by itself is not found again below another one.
            let is_given = || {
                let mut alike = real.iter().filter(|one| one.file_name() == Some(name));
                alike.next().is_some() && whole(entry.path()).is_ok_and(|one| real.contains(&one))
            };
            entry.depth() == 0 || !(OWN_FOLDERS.iter().any(|own| name == *own) || is_given())
        });
    Some(walk)
}

struct Gathering<T> {
    found: Mutex<Vec<(PathBuf, T)>>,
    unread: Mutex<Vec<Unread>>,
    read: AtomicU64,
    passed_over: AtomicU64,
}

impl<T> Default for Gathering<T> {
    fn default() -> Self {
        Self {
            found: Mutex::default(),
            unread: Mutex::default(),
            read: AtomicU64::new(0),
            passed_over: AtomicU64::new(0),
        }
    }
}

impl<T> Gathering<T> {
    fn visit(
        &self,
        entry: &DirEntry,
        limit: u64,
        look: &impl Fn(&Path, &str) -> Option<T>,
        room: &mut Vec<u8>,
    ) {
        let path = entry.path();
        let shown = path.strip_prefix("./").unwrap_or(path);
        let kind = entry.file_type();
        let named = entry.depth() == 0;
        if kind.is_some_and(|kind| kind.is_dir()) {
            return;
        }
        if !named && kind.is_some_and(|kind| kind.is_symlink()) {
            // A link that leads nowhere but to itself is a slip; any other is left to whoever made it.
            if let Some(why) = cannot_lint(path).filter(|why| why == "ELOOP") {
                self.unread(shown, why, false);
            }
            return;
        }
        if !named && !kind.is_some_and(|kind| kind.is_file()) {
            self.passed_over.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let text = file::open(path).and_then(|file| {
            if file.metadata()?.len() > limit {
                return Ok(Err(TOO_LARGE));
            }
            text_of(file, limit, room)
        });
        match text {
            Ok(text) => self.show(shown, text, named, look),
            Err(error) => self.unread(shown, io_name(&error), named),
        }
    }

    fn show(
        &self,
        path: &Path,
        text: Text<'_>,
        named: bool,
        look: &impl Fn(&Path, &str) -> Option<T>,
    ) {
        let loaded = is_loaded(path);
        let text = match text {
            Ok(text) => text,
            // What a loader acts on, or somebody asked for, is not left out in silence. Of many files that are
            // named at once a picture may well be one.
            Err(why) if named || loaded => {
                return self.unread(path, why.to_owned(), named && loaded);
            }
            Err(_) => {
                self.passed_over.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        self.read.fetch_add(1, Ordering::Relaxed);
        if let Some(found) = look(path, &text) {
            let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            all.push((path.to_owned(), found));
        }
    }

    fn unread(&self, path: &Path, why: String, named: bool) {
        let mut all = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Unread {
            path: path.to_owned(),
            why,
            named,
        });
    }

    /// What the walk itself stumbled over.
    fn missed(&self, error: &ignore::Error) {
        let path = path_of(error).unwrap_or_else(|| Path::new("."));
        let path = path.strip_prefix("./").unwrap_or(path);
        let why = error.io_error().map_or_else(|| error.to_string(), io_name);
        self.unread(path, why, error.depth() == Some(0));
    }

    /// In an order that no thread has a say in.
    fn done(self) -> LintFiles<T> {
        let all = self.found.into_inner();
        let mut found = all.unwrap_or_else(PoisonError::into_inner);
        // Stable, and the same for every thread: a path that was reached twice holds the same twice.
        found.sort_by(|one, other| one.0.cmp(&other.0));
        found.dedup_by(|one, other| one.0 == other.0);
        let all = self.unread.into_inner();
        let mut unread = all.unwrap_or_else(PoisonError::into_inner);
        unread.sort();
        unread.dedup();
        LintFiles {
            found,
            read: self.read.into_inner(),
            passed_over: self.passed_over.into_inner(),
            unread,
        }
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        _ => None,
    }
}

/// A text, or why it is none.
type Text<'r> = Result<Cow<'r, str>, &'static str>;

const TOO_LARGE: &str = "larger than --max-size";

/// A loader ends a line at a NUL and goes on behind it, so such a file may well set something.
const BINARY: &str = "it holds a NUL, as binary files do";

const UTF_16: &str = "its encoding is UTF-16, which no loader reads";

/// The text in a file, unless it is binary or larger than the limit.
fn text_of(mut file: impl Read, limit: u64, room: &mut Vec<u8>) -> io::Result<Text<'_>> {
    // A file of the usual size costs one read for all and one that tells its end.
    room.clear();
    file.by_ref()
        .take(limit.min(HEAD as u64))
        .read_to_end(room)?;
    if room.contains(&0) {
        let is_utf_16 = room.starts_with(b"\xff\xfe") || room.starts_with(b"\xfe\xff");
        return Ok(Err(if is_utf_16 { UTF_16 } else { BINARY }));
    }
    let rest = limit.saturating_add(1).saturating_sub(room.len() as u64);
    file.take(rest).read_to_end(room)?;
    if room.len() as u64 > limit {
        return Ok(Err(TOO_LARGE));
    }
    Ok(Ok(String::from_utf8_lossy(room)))
}

#[cfg(test)]
#[path = "lint_files_tests.rs"]
mod tests;
