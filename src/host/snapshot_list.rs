//! Which snapshots were meant: files by their names, and folders of them.

use std::collections::HashMap;
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

/// The snapshots that were meant.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed {
    /// Their files.
    pub files: Vec<PathBuf>,
    /// The folders that added none.
    pub without: Vec<NoList>,
}

/// The files in the order in which they are named; a folder stands for what `*.json` matches in it, by name. A file
/// with several names is there once: with its own name rather than a link's, else with the first one. Whether a
/// file can be read is not looked at. It is an error when there is nothing at all.
pub fn list_snapshots(given: &[PathBuf]) -> Result<Listed, NoList> {
    let mut files = Vec::new();
    let mut without = Vec::new();
    for path in given {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        match inside(path) {
            Ok(found) if found.is_empty() => without.push(NoList::Empty(path.clone())),
            Ok(found) => files.extend(found),
            Err(error) => without.push(NoList::Unreadable(path.clone(), io_name(&error))),
        }
    }
    match without.pop() {
        Some(last) if files.is_empty() => Err(without.into_iter().next().unwrap_or(last)),
        last => {
            without.extend(last);
            let files = once(files);
            Ok(Listed { files, without })
        }
    }
}

/// Each file under one of its names.
fn once(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut kept: Vec<Option<PathBuf>> = Vec::with_capacity(files.len());
    let mut places = HashMap::new();
    for file in files {
        // What is not there has one name only.
        let real = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
        let place: Option<&usize> = places.get(&real);
        let before = place.and_then(|place| kept.get_mut(*place));
        if let Some(before) = before {
            if !before.as_deref().is_some_and(Path::is_symlink) || file.is_symlink() {
                continue;
            }
            *before = None;
        }
        places.insert(real, kept.len());
        kept.push(Some(file));
    }
    kept.into_iter().flatten().collect()
}

/// Why a result must not go where it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A snapshot that is to be judged stands there.
    Snapshot,
    /// It would be one of the snapshots of a folder from then on.
    Folder,
}

/// Whether a result in this file would replace one of the snapshots that were named, or stand among them. Nothing
/// is opened.
pub fn taken_by_snapshots(result: &Path, given: &[PathBuf]) -> Option<Taken> {
    let there = fs::canonicalize(result).ok();
    // Into a device or a pipe nothing is put that could be judged.
    if there.as_deref().is_some_and(|file| !file.is_file()) {
        return None;
    }
    let is_there = |file: &PathBuf| there.is_some() && fs::canonicalize(file).ok() == there;
    let result = there.clone().or_else(|| new_file(result))?;
    let mut taken = None;
    for path in given {
        if !path.is_dir() {
            if is_there(path) {
                return Some(Taken::Snapshot);
            }
            continue;
        }
        // What cannot be listed is told where it is read.
        if inside(path).is_ok_and(|files| files.iter().any(is_there)) {
            return Some(Taken::Snapshot);
        }
        let folder = fs::canonicalize(path).ok();
        let name = result.file_name().unwrap_or_default();
        if folder.as_deref() == result.parent() && is_listed(name.as_bytes()) {
            taken = Some(Taken::Folder);
        }
    }
    taken
}

/// The one name of a file that is not there yet.
fn new_file(file: &Path) -> Option<PathBuf> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
    Some(folder.join(file.file_name()?))
}

/// Whether a file of this name in a folder is taken for a snapshot. Hidden ones are left alone, as by a shell:
/// those are what copying programs have not finished.
fn is_listed(name: &[u8]) -> bool {
    name.ends_with(b".json") && !name.starts_with(b".")
}

/// The regular files of a folder, or links to such, whose names are those of snapshots.
fn inside(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !is_listed(entry.file_name().as_bytes()) {
            continue;
        }
        let path = entry.path();
        let kind = match entry.file_type() {
            // Gone since the folder named it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            kind => kind?,
        };
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
        assert_eq!(found.files, [at("0.json"), at("a.json"), at("b.json")]);
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
        assert_eq!(found.files, [at("b.json"), at("a.json"), at("none")]);
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
