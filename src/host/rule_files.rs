//! Rule and case files of a folder, read at run time.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::rule::{FILE_LIMIT, Problem, ProblemKind, RuleFile, Source};

use super::errno::io_name;
use super::file;

/// What a folder of rules holds.
#[derive(Debug, Default)]
pub struct RuleFolder {
    /// Rules, `*.yaml`.
    pub rules: Vec<RuleFile>,
    /// Cases, `*.test.yaml`.
    pub cases: Vec<RuleFile>,
    /// What could not be read. The files beside it are read all the same, so that one run shows what
    /// is wrong in all of them.
    pub problems: Vec<Problem>,
}

/// Whose files are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Everybody's.
    Anyone,
    /// Those that root owns and nobody else can write: another's file would let that other choose
    /// what root is told to do.
    RootOnly,
}

impl Trust {
    /// What the user who runs this should trust: root trusts root only.
    pub fn of_user() -> Self {
        if rustix::process::geteuid().is_root() {
            Self::RootOnly
        } else {
            Self::Anyone
        }
    }

    fn refuses(self, stat: &std::fs::Metadata) -> bool {
        self == Self::RootOnly && (stat.uid() != 0 || stat.mode() & 0o022 != 0)
    }
}

/// How many files and folders are looked at, at most.
const FILES: usize = 20_000;

/// Reads every rule and case file below a folder, sorted by path. Links are followed to files, not to
/// folders.
pub fn read_rule_files(folder: &Path, trust: Trust) -> RuleFolder {
    let mut found = RuleFolder::default();
    let mut paths = Vec::new();
    list(folder, trust, &mut paths, &mut found.problems, 0);
    paths.sort();
    for path in paths {
        match read_rule_file(&path, trust) {
            Ok(file) if file.name.ends_with(".test.yaml") => found.cases.push(file),
            Ok(file) => found.rules.push(file),
            Err(problem) => found.problems.push(problem),
        }
    }
    found
}

/// Reads one rule, case or profile file.
pub fn read_rule_file(path: &Path, trust: Trust) -> Result<RuleFile, Problem> {
    let name = path.to_string_lossy().into_owned();
    match read(path, trust) {
        Ok(text) => Ok(RuleFile {
            name,
            mechanism: folder_of(path),
            text,
        }),
        Err(kind) => Err(whole_file(&name, kind)),
    }
}

/// The name of the folder a file lies in: the mechanism of a rule.
fn folder_of(path: &Path) -> String {
    let folder = path.parent().and_then(Path::file_name);
    folder.unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether something is at a path; what cannot be looked at counts, since nobody can say that it is not.
pub fn is_there(path: &Path) -> bool {
    !matches!(std::fs::symlink_metadata(path), Err(error) if error.kind() == std::io::ErrorKind::NotFound)
}

/// Whether a folder is at this place; the errno by name where that cannot be told.
pub fn is_folder(path: &Path) -> Result<bool, String> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match std::fs::metadata(path) {
        Ok(stat) => Ok(stat.is_dir()),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(false),
        Err(error) => Err(io_name(&error)),
    }
}

/// Why a folder is not trusted; `None` when it is, or is not there.
pub fn refusal(folder: &Path, trust: Trust) -> Option<Problem> {
    let stat = std::fs::metadata(folder).ok()?;
    let refused = || whole_file(&folder.to_string_lossy(), ProblemKind::WritableByOthers);
    trust.refuses(&stat).then(refused)
}

fn list(
    folder: &Path,
    trust: Trust,
    paths: &mut Vec<PathBuf>,
    problems: &mut Vec<Problem>,
    depth: usize,
) {
    let shown = folder.to_string_lossy();
    if depth > 8 || paths.len() > FILES {
        problems.push(whole_file(
            &shown,
            ProblemKind::Other("too many files or folders".to_owned(), None),
        ));
        return;
    }
    if let Some(problem) = refusal(folder, trust) {
        problems.push(problem);
        return;
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(whole_file(&shown, ProblemKind::Unreadable(io_name(&error))));
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            // The key catalogue is data of the program, and profiles are no rules.
            if !["catalog", "profiles", "topics"]
                .iter()
                .any(|data| entry.file_name() == *data)
            {
                list(&path, trust, paths, problems, depth + 1);
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            paths.push(path);
        } else {
            problems.extend(misnamed(&path));
        }
    }
}

/// That a file has the other ending of YAML: passed over in silence, what it says would seem to hold.
pub fn misnamed(path: &Path) -> Option<Problem> {
    let is = path.extension().is_some_and(|extension| extension == "yml");
    is.then(|| {
        let message = "a file that ends in .yml is not read".to_owned();
        let help = Some("rename it: .yaml".to_owned());
        whole_file(&path.to_string_lossy(), ProblemKind::Other(message, help))
    })
}

/// What is wrong with a file that was named and whose name is not that of rules or cases.
pub fn no_rule_file(path: &Path) -> Problem {
    misnamed(path).unwrap_or_else(|| {
        let message = "its name does not end in .yaml, as those of rules and cases do".to_owned();
        let help = Some("rename it, or name a folder".to_owned());
        whole_file(&path.to_string_lossy(), ProblemKind::Other(message, help))
    })
}

/// What is wrong with a folder that was named for its rules, and has given none and no problem: whoever named it
/// takes its rules for judged.
pub fn no_rule_folder(path: &Path) -> Problem {
    let (message, help) = if path.is_dir() {
        (
            "no rules in this folder",
            "name a folder with rules, *.yaml",
        )
    } else {
        (
            "rules are read from folders, and this is none",
            "give its folder",
        )
    };
    let kind = ProblemKind::Other(message.to_owned(), Some(help.to_owned()));
    whole_file(&path.to_string_lossy(), kind)
}

fn read(path: &Path, trust: Trust) -> Result<String, ProblemKind> {
    let unreadable = |error: &std::io::Error| ProblemKind::Unreadable(io_name(error));
    // Not even opened: opening some devices does something.
    let stat = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !stat.is_file() {
        return Err(ProblemKind::Other("not a regular file".to_owned(), None));
    }
    let mut bytes = Vec::new();
    // What was looked at may have been swapped since: the open file decides.
    let file = file::open(path).map_err(|error| unreadable(&error))?;
    let stat = file.metadata().map_err(|error| unreadable(&error))?;
    if trust.refuses(&stat) {
        return Err(ProblemKind::WritableByOthers);
    }
    let limit = u64::try_from(FILE_LIMIT).unwrap_or(u64::MAX);
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    if bytes.len() > FILE_LIMIT {
        return Err(ProblemKind::Other(
            format!("larger than {FILE_LIMIT} bytes"),
            None,
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        ProblemKind::Other(
            format!("not UTF-8 from byte {}", error.utf8_error().valid_up_to()),
            None,
        )
    })
}

fn whole_file(name: &str, kind: ProblemKind) -> Problem {
    let source = Rc::new(Source {
        name: name.to_owned(),
        text: String::new(),
    });
    Problem {
        source,
        span: 0..0,
        kind,
    }
}
