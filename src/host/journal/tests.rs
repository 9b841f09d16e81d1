use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::*;
use crate::apply::{DropinChange, FileImage, State, Step, Undone, Written};

fn journal(folder: &TempDir) -> DiskJournal {
    DiskJournal::at(&folder.path().join("state/tcptune/journal"))
}

fn record(id: u32) -> Record {
    let step = Step {
        key: "net.ipv4.tcp_rmem".to_owned(),
        before: "4096\t131072\t6291456".to_owned(),
        after: "4096 131072 12582912".to_owned(),
        rules: vec!["a-rule".to_owned()],
        on: Some(1),
        entry_on: None,
        attempted: true,
        written: Some(Written::Refused("EINVAL".to_owned())),
        undone: Some(Undone::Foreign("1 2 3".to_owned())),
    };
    Record {
        schema: JOURNAL_SCHEMA.to_owned(),
        tool: "0.1.0".to_owned(),
        id,
        at: 1_700_000_000,
        user: Some("jo\u{1b}e".to_owned()),
        boot_id: Some("boot".to_owned()),
        netns: Some(4_026_531_840),
        state: State::Diverged,
        steps: vec![step],
        dropin: Some(DropinChange {
            path: "/etc/sysctl.d/60-tcptune.conf".to_owned(),
            before: Some(FileImage {
                bytes: vec![0, 255, 10],
                mode: 0o600,
            }),
            after: FileImage {
                bytes: Vec::new(),
                mode: 0o644,
            },
        }),
        confirm: None,
        proof: None,
        faults: vec!["a fault".to_owned()],
    }
}

fn file(journal: &DiskJournal, name: &str) -> PathBuf {
    journal.folder.join(name)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// What is wrong with the journal, by name of the file.
fn problems(journal: &DiskJournal) -> Vec<(String, JournalErrorKind)> {
    let incomplete = journal.load().unwrap_err();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let problems = incomplete.problems.into_iter();
    problems
        .map(|problem| (name(&problem.file), problem.kind))
        .collect()
}

#[test]
fn a_record_comes_back_as_it_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(&folder);
    for id in [10, 2, 7] {
        journal.save(&record(id)).unwrap();
    }
    assert_eq!(journal.load(), Ok(vec![record(2), record(7), record(10)]));
    assert_eq!(journal.find(7), Ok(Some(record(7))));
    assert_eq!(journal.find(8), Ok(None));
    assert_eq!(journal.next_id(), Ok(11));
}

#[test]
fn a_later_state_takes_the_place_of_an_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(&folder);
    let mut record = record(1);
    journal.save(&record).unwrap();
    record.state = State::RolledBack;
    journal.save(&record).unwrap();
    assert_eq!(journal.load(), Ok(vec![record]));
    assert_eq!(fs::read_dir(&journal.folder).unwrap().count(), 1);
}

#[test]
fn no_record_is_written_over_for_want_of_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(&folder);
    journal.save(&record(u32::MAX)).unwrap();
    let error = journal.next_id().unwrap_err();
    assert_eq!(error.kind, JournalErrorKind::NoNumberLeft);
}

#[test]
fn looking_into_a_journal_makes_none_and_saving_makes_it_for_this_user_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(&folder);
    assert_eq!(journal.load(), Ok(Vec::new()));
    assert_eq!(journal.next_id(), Ok(1));
    assert!(!folder.path().join("state").exists());
    journal.save(&record(1)).unwrap();
    for made in ["state", "state/tcptune", "state/tcptune/journal"] {
        assert_eq!(mode(&folder.path().join(made)), 0o700, "{made}");
    }
    assert_eq!(mode(&file(&journal, "1.json")), 0o600);
}

#[test]
fn a_file_that_is_no_record_is_named_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(&folder);
    journal.save(&record(1)).unwrap();
    let whole = fs::read(file(&journal, "1.json")).unwrap();
    fs::write(file(&journal, "2.json"), &whole[..whole.len() / 2]).unwrap();
    fs::write(file(&journal, "3.json"), "").unwrap();
    let newer = String::from_utf8(whole.clone()).unwrap();
    let newer = newer.replace("tcptune.journal/1", "tcptune.journal/2");
    fs::write(
        file(&journal, "4.json"),
        newer.replace("\"id\"", "\"number\""),
    )
    .unwrap();
    fs::write(file(&journal, "5.json"), &whole).unwrap();
    for name in ["01.json", "x.json", "6.json~"] {
        fs::write(file(&journal, name), &whole).unwrap();
    }
    fs::write(file(&journal, "7.json"), "{}").unwrap();
    let problems = problems(&journal);
    let names: Vec<&str> = problems.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "01.json", "2.json", "3.json", "4.json", "5.json", "6.json~", "7.json", "x.json",
    ];
    assert_eq!(names, expected);
    let kind = |name: &str| &problems.iter().find(|(of, _)| of == name).unwrap().1;
    for name in ["01.json", "6.json~", "x.json"] {
        assert_eq!(*kind(name), JournalErrorKind::NotARecordsName, "{name}");
    }
    for name in ["2.json", "3.json", "7.json"] {
        assert!(
            matches!(kind(name), JournalErrorKind::NotARecord(_)),
            "{name}"
        );
    }
    let schema = "tcptune.journal/2".to_owned();
    assert_eq!(*kind("4.json"), JournalErrorKind::OtherSchema(schema));
    assert_eq!(*kind("5.json"), JournalErrorKind::OtherId(1));
    assert_eq!(journal.load().unwrap_err().readable, [record(1)]);
    // The next apply does not write over what may be mended.
    assert_eq!(journal.next_id(), Ok(8));
}

#[test]
fn a_pipe_a_link_and_a_folder_among_the_records_are_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(&folder);
    journal.save(&record(1)).unwrap();
    symlink("1.json", file(&journal, "2.json")).unwrap();
    mknodat(CWD, file(&journal, "3.json"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    fs::create_dir(file(&journal, "4.json")).unwrap();
    let errno = |name: &str| JournalErrorKind::Unusable(Unusable::Errno(name.to_owned()));
    assert_eq!(
        problems(&journal),
        [
            ("2.json".to_owned(), errno("ELOOP")),
            (
                "3.json".to_owned(),
                JournalErrorKind::Unusable(Unusable::NotAFile)
            ),
            ("4.json".to_owned(), errno("EISDIR")),
        ]
    );
}

#[test]
fn what_others_can_write_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(&folder);
    journal.save(&record(1)).unwrap();
    let not_ours = JournalErrorKind::Unusable(Unusable::NotOurs);
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    set(&file(&journal, "1.json"), 0o620).unwrap();
    assert_eq!(
        problems(&journal),
        [("1.json".to_owned(), not_ours.clone())]
    );
    set(&file(&journal, "1.json"), 0o600).unwrap();
    set(&journal.folder, 0o702).unwrap();
    assert_eq!(problems(&journal), [("journal".to_owned(), not_ours)]);
    assert!(journal.save(&record(1)).is_err());
    set(&journal.folder, 0o700).unwrap();
    assert_eq!(journal.load(), Ok(vec![record(1)]));
}

#[test]
fn what_others_own_is_not_believed() {
    // Only root can give files away.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(&folder);
    journal.save(&record(1)).unwrap();
    let not_ours = JournalErrorKind::Unusable(Unusable::NotOurs);
    std::os::unix::fs::chown(file(&journal, "1.json"), Some(7), None).unwrap();
    assert_eq!(
        problems(&journal),
        [("1.json".to_owned(), not_ours.clone())]
    );
    std::os::unix::fs::chown(&journal.folder, Some(7), None).unwrap();
    assert_eq!(problems(&journal), [("journal".to_owned(), not_ours)]);
}

#[test]
fn what_a_crash_left_is_passed_over_and_taken_away_under_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(&folder);
    journal.save(&record(1)).unwrap();
    fs::write(file(&journal, ".2.json.77-0.new"), "{").unwrap();
    assert_eq!(journal.load(), Ok(vec![record(1)]));
    let lock = Lock::take(&folder.path().join("run/lock")).unwrap();
    journal.clean(&lock).unwrap();
    assert_eq!(fs::read_dir(&journal.folder).unwrap().count(), 1);
}

#[test]
fn a_journal_that_is_no_folder_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = journal(&folder);
    fs::create_dir_all(journal.folder.parent().unwrap()).unwrap();
    fs::write(&journal.folder, "").unwrap();
    let error = journal.find(1).unwrap_err();
    assert_eq!(
        error.kind,
        JournalErrorKind::Unusable(Unusable::Errno("ENOTDIR".to_owned()))
    );
    assert!(error.help().is_some());
    let fault = journal.save(&record(1)).unwrap_err();
    assert!(fault.doing.ends_with("journal/1.json`"), "{fault}");
    assert_eq!(fault.why, "ENOTDIR");
}
