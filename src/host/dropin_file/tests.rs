use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use rustix::fs::mknodat;
use tempfile::TempDir;

use super::*;
use crate::fact::Value;

/// A root with an empty `/etc/sysctl.d`.
fn root() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("etc/sysctl.d")).unwrap();
    root
}

fn dropin(root: &TempDir) -> DropinFile<'static> {
    DropinFile::new(root.path(), |_| Ok(Forecast::Untouched))
}

fn place(root: &TempDir) -> PathBuf {
    root.path().join("etc/sysctl.d/60-tcptune.conf")
}

fn image(text: &str) -> FileImage {
    FileImage {
        bytes: text.as_bytes().to_vec(),
        mode: 0o644,
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Why the file can neither be read nor written nor removed; the same each time.
fn refusal(root: &TempDir) -> String {
    let mut files = dropin(root);
    let read = files.dropin().unwrap_err();
    let written = files.replace_dropin(Some(&image("x"))).unwrap_err();
    let removed = files.replace_dropin(None).unwrap_err();
    assert_eq!((&read.why, &read.why), (&written.why, &removed.why));
    assert!(
        read.doing.ends_with("etc/sysctl.d/60-tcptune.conf`"),
        "{read}"
    );
    read.why
}

#[test]
fn a_file_that_is_written_is_read_back_to_the_byte_and_the_mode_and_is_gone_when_removed() {
    let root = root();
    let mut files = dropin(&root);
    assert_eq!(files.dropin(), Ok(None));
    for mode in [0o644, 0o600, 0o666] {
        let image = FileImage {
            bytes: vec![b'#', 0, 0xff, b'\n'],
            mode,
        };
        files.replace_dropin(Some(&image)).unwrap();
        assert_eq!(files.dropin(), Ok(Some(image)));
    }
    assert_eq!(
        names(&root.path().join("etc/sysctl.d")),
        ["60-tcptune.conf"]
    );
    for _ in 0..2 {
        files.replace_dropin(None).unwrap();
        assert_eq!(files.dropin(), Ok(None));
        assert!(names(&root.path().join("etc/sysctl.d")).is_empty());
    }
}

#[test]
fn a_missing_folder_is_no_file_and_is_made_for_everybody_to_read() {
    let root = tempfile::tempdir().unwrap();
    let mut files = dropin(&root);
    assert_eq!(files.dropin(), Ok(None));
    files.replace_dropin(None).unwrap();
    assert!(
        names(root.path()).is_empty(),
        "removing nothing makes nothing"
    );
    files.replace_dropin(Some(&image("x"))).unwrap();
    assert_eq!(files.dropin(), Ok(Some(image("x"))));
    for folder in ["etc", "etc/sysctl.d"] {
        let mode = fs::metadata(root.path().join(folder)).unwrap().mode();
        assert_eq!(mode & 0o7777, 0o755, "{folder}");
    }
}

#[test]
fn a_link_is_followed_inside_the_root_and_kept() {
    let root = root();
    fs::create_dir_all(root.path().join("srv/conf")).unwrap();
    // Absolute, then relative, through a folder that is a link itself.
    symlink("/srv/here/one", place(&root)).unwrap();
    symlink("conf", root.path().join("srv/here")).unwrap();
    symlink("../conf/two", root.path().join("srv/conf/one")).unwrap();
    let behind = root.path().join("srv/conf/two");
    fs::write(&behind, "old").unwrap();
    let mut files = dropin(&root);
    assert_eq!(files.dropin().unwrap().unwrap().bytes, b"old");
    files.replace_dropin(Some(&image("new"))).unwrap();
    assert_eq!(fs::read(&behind).unwrap(), b"new");
    assert!(fs::symlink_metadata(place(&root)).unwrap().is_symlink());
    assert_eq!(names(&root.path().join("srv/conf")), ["one", "two"]);
    assert_eq!(
        names(&root.path().join("etc/sysctl.d")),
        ["60-tcptune.conf"]
    );
}

#[test]
fn removing_a_linked_file_leaves_no_link_that_leads_nowhere() {
    let root = root();
    symlink("/behind", place(&root)).unwrap();
    fs::write(root.path().join("behind"), "").unwrap();
    let mut files = dropin(&root);
    files.replace_dropin(None).unwrap();
    assert_eq!(files.dropin(), Ok(None));
    assert!(names(&root.path().join("etc/sysctl.d")).is_empty());
    assert!(!root.path().join("behind").exists());
}

#[test]
fn a_link_that_leads_nowhere_or_round_is_a_fault_that_says_what_to_do() {
    let root = root();
    symlink("/srv/gone.conf", place(&root)).unwrap();
    let why =
        "it is a link to `/srv/gone.conf`, where nothing is; remove the link, or make that file";
    assert_eq!(refusal(&root), why);
    fs::remove_file(place(&root)).unwrap();
    symlink("60-tcptune.conf", place(&root)).unwrap();
    assert_eq!(
        refusal(&root),
        "its links lead round in a circle; remove them"
    );
    for folder in ["..", "/"] {
        fs::remove_file(place(&root)).unwrap();
        symlink(folder, place(&root)).unwrap();
        assert_eq!(refusal(&root), "it is a link to a folder; remove the link");
    }
}

#[test]
fn a_folder_a_pipe_and_a_socket_in_its_place_are_faults_and_not_waited_for() {
    let root = root();
    fs::create_dir(place(&root)).unwrap();
    assert_eq!(refusal(&root), "it is a folder; move it away");
    fs::remove_dir(place(&root)).unwrap();
    for kind in [FileType::Fifo, FileType::Socket] {
        mknodat(CWD, place(&root), kind, Mode::RWXU, 0).unwrap();
        assert_eq!(refusal(&root), "it is no regular file; move it away");
        fs::rename(place(&root), root.path().join("odd")).unwrap();
        symlink("/odd", place(&root)).unwrap();
        assert_eq!(
            refusal(&root),
            "it is a link to something that is no file; remove the link"
        );
        fs::remove_file(place(&root)).unwrap();
    }
}

#[test]
fn what_is_too_large_to_be_ours_is_a_fault() {
    let root = root();
    let file = File::create(place(&root)).unwrap();
    file.set_len(LIMIT).unwrap();
    let mut files = dropin(&root);
    assert!(files.dropin().is_ok());
    file.set_len(LIMIT + 1).unwrap();
    let fault = files.dropin().unwrap_err();
    assert!(fault.why.contains("larger than"), "{fault}");
}

#[test]
fn the_owner_of_the_file_is_kept() {
    // Only root can give files away.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let root = root();
    fs::write(place(&root), "old").unwrap();
    std::os::unix::fs::chown(place(&root), Some(7), Some(8)).unwrap();
    dropin(&root).replace_dropin(Some(&image("new"))).unwrap();
    let stat = fs::metadata(place(&root)).unwrap();
    assert_eq!((stat.uid(), stat.gid()), (7, 8));
    assert_eq!(stat.permissions().mode() & 0o7777, 0o644);
}

#[test]
fn what_a_crash_left_beside_the_file_is_taken_away_under_the_lock() {
    let root = root();
    let folder = root.path().join("etc/sysctl.d");
    for name in [
        ".60-tcptune.conf.7-0.new",
        ".50-other.conf.7-0.new",
        "99-mine.conf",
    ] {
        fs::write(folder.join(name), "").unwrap();
    }
    let lock = Lock::take(&root.path().join("run/lock")).unwrap();
    dropin(&root).clean(&lock).unwrap();
    assert_eq!(names(&folder), [".50-other.conf.7-0.new", "99-mine.conf"]);
}

#[test]
fn the_next_boot_is_asked_of_the_caller() {
    let root = root();
    let mut asked = Vec::new();
    let mut files = DropinFile::new(root.path(), |key| {
        asked.push(key.to_owned());
        Ok(Forecast::Value(Value::Int(7)))
    });
    assert_eq!(files.next_boot("a.b"), Ok(Forecast::Value(Value::Int(7))));
    drop(files);
    assert_eq!(asked, ["a.b"]);
}
