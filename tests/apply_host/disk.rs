//! Files on a disk that is full, and in places where something else stands.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use tcptune::apply::{
    DropinChange, FileImage, Files as _, JOURNAL_SCHEMA, Journal as _, Record, State,
};
use tcptune::fact::boot::Forecast;
use tcptune::host::{DiskJournal, DropinFile, Environment, Lock, LockError, Places};

use crate::room::{inside, run, small_disk};

/// Leaves no room on a disk.
fn fill(disk: &Path) {
    let mut file = File::create(disk.join("filling")).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    while file.write_all(&[0]).is_ok() {}
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

fn image(length: usize) -> FileImage {
    FileImage {
        bytes: vec![b'#'; length],
        mode: 0o644,
    }
}

fn record(length: usize) -> Record {
    Record {
        schema: JOURNAL_SCHEMA.to_owned(),
        tool: "0".to_owned(),
        id: 1,
        at: 0,
        user: None,
        boot_id: None,
        netns: None,
        state: State::Journaled,
        steps: Vec::new(),
        dropin: Some(DropinChange {
            path: String::new(),
            before: None,
            after: image(length),
        }),
        confirm: None,
        proof: None,
        faults: Vec::new(),
    }
}

fn dropin(root: &Path) -> DropinFile<'static> {
    DropinFile::new(root, |_| Ok(Forecast::Untouched))
}

#[test]
fn a_record_on_a_full_disk_stays_as_it_was() {
    if !inside("disk::a_record_on_a_full_disk_stays_as_it_was") {
        return;
    }
    let disk = small_disk();
    let mut journal = DiskJournal::at(&disk.join("journal"));
    journal.save(&record(1)).unwrap();
    fill(&disk);
    for _ in 0..3 {
        // One that needs a block more than there is, and one that has none at all.
        for length in [8000, 1] {
            let fault = journal.save(&record(length)).unwrap_err();
            assert_eq!(fault.why, "ENOSPC");
            assert_eq!(journal.load().unwrap(), [record(1)]);
            assert_eq!(names(&disk.join("journal")), ["1.json"]);
        }
    }
    fs::remove_file(disk.join("filling")).unwrap();
    journal.save(&record(8000)).unwrap();
    assert_eq!(journal.load().unwrap(), [record(8000)]);
}

#[test]
fn a_drop_in_on_a_full_disk_stays_as_it_was_and_can_be_removed() {
    if !inside("disk::a_drop_in_on_a_full_disk_stays_as_it_was_and_can_be_removed") {
        return;
    }
    let disk = small_disk();
    let mut files = dropin(&disk);
    files.replace_dropin(Some(&image(10))).unwrap();
    fill(&disk);
    for length in [8000, 10] {
        let fault = files.replace_dropin(Some(&image(length))).unwrap_err();
        assert_eq!(fault.why, "ENOSPC");
        assert_eq!(files.dropin().unwrap(), Some(image(10)));
        assert_eq!(names(&disk.join("etc/sysctl.d")), ["60-tcptune.conf"]);
    }
    files.replace_dropin(None).unwrap();
    assert_eq!(files.dropin().unwrap(), None);
}

#[test]
fn a_full_disk_does_not_keep_the_lock_from_locking() {
    if !inside("disk::a_full_disk_does_not_keep_the_lock_from_locking") {
        return;
    }
    let disk = small_disk();
    let path = disk.join("run/lock");
    drop(Lock::take(&path).unwrap());
    fill(&disk);
    let held = Lock::take(&path).unwrap();
    // Who holds it could not be written down.
    assert_eq!(Lock::take(&path).unwrap_err(), LockError::Held(None));
    drop(held);
    assert!(Lock::take(&path).is_ok());
}

#[test]
fn a_read_only_disk_says_so_and_changes_nothing() {
    if !inside("disk::a_read_only_disk_says_so_and_changes_nothing") {
        return;
    }
    let disk = small_disk();
    let mut journal = DiskJournal::at(&disk.join("journal"));
    journal.save(&record(1)).unwrap();
    let mut files = dropin(&disk);
    files.replace_dropin(Some(&image(10))).unwrap();
    run("mount", &["-o", "remount,bind,ro", "/mnt/small"]);
    assert_eq!(journal.save(&record(2)).unwrap_err().why, "EROFS");
    assert_eq!(
        files.replace_dropin(Some(&image(20))).unwrap_err().why,
        "EROFS"
    );
    assert_eq!(files.replace_dropin(None).unwrap_err().why, "EROFS");
    assert_eq!(journal.load().unwrap(), [record(1)]);
    assert_eq!(files.dropin().unwrap(), Some(image(10)));
}

#[test]
fn on_this_host_a_link_is_followed_and_a_mask_is_left() {
    if !inside("disk::on_this_host_a_link_is_followed_and_a_mask_is_left") {
        return;
    }
    let place = Path::new("/etc/sysctl.d/60-tcptune.conf");
    if !place.parent().unwrap().is_dir() {
        // Nothing covers the machine's own folder, so nothing is written.
        return;
    }
    let mut files = dropin(Path::new("/"));
    symlink("/dev/null", place).unwrap();
    let fault = files.replace_dropin(Some(&image(10))).unwrap_err();
    let words = "cannot write `/etc/sysctl.d/60-tcptune.conf`: it is a link to a device, which masks it; \
                 remove the link";
    assert_eq!(fault.to_string(), words);
    fs::remove_file(place).unwrap();
    symlink("/mnt/behind.conf", place).unwrap();
    assert!(files.dropin().unwrap_err().why.contains("where nothing is"));
    fs::write("/mnt/behind.conf", "").unwrap();
    files.replace_dropin(Some(&image(10))).unwrap();
    assert_eq!(fs::read("/mnt/behind.conf").unwrap(), image(10).bytes);
    assert!(fs::symlink_metadata(place).unwrap().is_symlink());
}

#[test]
fn the_places_of_root_are_made_for_root_only() {
    if !inside("disk::the_places_of_root_are_made_for_root_only") {
        return;
    }
    let home = Path::new("/mnt/home");
    let places = Places::of_user(&Environment {
        home: Some(home.to_owned()),
        ..Environment::default()
    });
    let places = places.unwrap();
    // Whoever runs the tests as an ordinary user is root of that user's namespace, and no more.
    if !places.journal.starts_with(home) {
        assert_eq!(places.journal, Path::new("/var/lib/tcptune/journal"));
        assert_eq!(places.lock, Path::new("/run/tcptune/lock"));
    }
    DiskJournal::at(&places.journal).save(&record(1)).unwrap();
    drop(Lock::take(&places.lock).unwrap());
    for (path, mode) in [
        (places.journal.as_path(), "drwx------"),
        (&places.journal.join("1.json"), "-rw-------"),
        (places.lock.parent().unwrap(), "drwx------"),
        (&places.lock, "-rw-------"),
    ] {
        let shown = run("stat", &["-c", "%A", path.to_str().unwrap()]);
        assert_eq!(shown.trim(), mode, "{}", path.display());
    }
}

#[test]
fn a_reader_finds_the_old_file_or_the_new_one_and_never_a_part() {
    let root = tempfile::tempdir().unwrap();
    let images = [image(10), image(40_000)];
    dropin(root.path())
        .replace_dropin(Some(&images[0]))
        .unwrap();
    let journal = DiskJournal::at(&root.path().join("journal"));
    let records = [record(1), record(40_000)];
    journal.clone().save(&records[0]).unwrap();
    std::thread::scope(|scope| {
        let write = scope.spawn(|| {
            let (mut files, mut journal) = (dropin(root.path()), journal.clone());
            for at in 1..=200 {
                files.replace_dropin(Some(&images[at % 2])).unwrap();
                journal.save(&records[at % 2]).unwrap();
            }
        });
        while !write.is_finished() {
            let image = dropin(root.path()).dropin().unwrap().unwrap();
            assert!(images.contains(&image));
            let record = journal.find(1).unwrap().unwrap();
            assert!(records.contains(&record));
        }
        write.join().unwrap();
    });
}
