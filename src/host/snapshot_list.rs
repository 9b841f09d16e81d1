//! Which snapshots were meant: files by their names, and folders of them.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::errno::io_name;

/// Why a folder is no list of snapshots.
#[derive(Debug, PartialEq, Eq)]
pub enum NoList {
    /// There is none in it.
    Empty(PathBuf),
    /// It cannot be read; the errno by name.
    Unreadable(PathBuf, String),
}

/// The files in the order in which they are named; a folder stands for what `*.json` matches in it, by name. Who is
/// named twice is there once. Whether a file can be read is not looked at.
pub fn list_snapshots(given: &[PathBuf]) -> Result<Vec<PathBuf>, NoList> {
    let mut files = Vec::new();
    for path in given {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let found =
            inside(path).map_err(|error| NoList::Unreadable(path.clone(), io_name(&error)))?;
        if found.is_empty() {
            return Err(NoList::Empty(path.clone()));
        }
        files.extend(found);
    }
    if given.len() > 1 {
        let mut seen = HashSet::new();
        // What is not there has one name only.
        files.retain(|file| seen.insert(fs::canonicalize(file).unwrap_or_else(|_| file.clone())));
    }
    Ok(files)
}

/// The regular files of a folder, or links to such, whose names end in `.json`. Hidden ones are left alone, as
/// by a shell: those are what copying programs have not finished.
fn inside(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.as_bytes();
        if !name.ends_with(b".json") || name.starts_with(b".") {
            continue;
        }
        let path = entry.path();
        let kind = entry.file_type()?;
        // A link that leads nowhere is no file that could be read.
        if kind.is_file() || (kind.is_symlink() && path.is_file()) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_what_its_json_files_are_by_name_and_nothing_below() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["b.json", "a.json", "c.txt", ".d.json", "e.json.tmp"] {
            fs::write(at(name), "").unwrap();
        }
        fs::create_dir(at("f.json")).unwrap();
        std::os::unix::fs::symlink(at("c.txt"), at("0.json")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("g.json")).unwrap();
        let found = list_snapshots(&[folder.path().to_owned()]).unwrap();
        assert_eq!(found, [at("0.json"), at("a.json"), at("b.json")]);
    }

    #[test]
    fn who_is_named_twice_is_there_once_where_it_was_named_first() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a.json", "b.json"] {
            fs::write(at(name), "").unwrap();
        }
        let given = [
            at("b.json"),
            folder.path().to_owned(),
            at("./a.json"),
            at("none"),
            at("none"),
        ];
        let found = list_snapshots(&given).unwrap();
        assert_eq!(found, [at("b.json"), at("a.json"), at("none")]);
    }

    #[test]
    fn a_folder_without_snapshots_is_told_from_one_that_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        assert_eq!(
            list_snapshots(std::slice::from_ref(&path)),
            Err(NoList::Empty(path))
        );
    }
}
