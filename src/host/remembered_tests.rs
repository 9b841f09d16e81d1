//! Samples on disk: kept, found again, of others, damaged, in the way.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::fact::{Reading, Value};

fn host(boot: &str, netns: u64) -> Host {
    Host {
        boot_id: Some(boot.to_owned()),
        netns: Some(netns),
        ..Host::default()
    }
}

fn sample(boot: &str, netns: u64, uptime: f64, dropped: i64) -> Sample {
    let dropped = Reading::Known(Value::Int(dropped));
    Sample {
        uptime_seconds: Some(uptime),
        host: host(boot, netns),
        readings: [("counter.TcpExt.ListenDrops".to_owned(), dropped)].into(),
        ..Sample::default()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// As if nobody had written it for two days.
fn make_old(path: &Path) {
    let ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400);
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(ago).unwrap();
}

/// A folder that is made by the first run that keeps something.
fn place() -> (tempfile::TempDir, PathBuf) {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("state/remembered");
    (base, folder)
}

#[test]
fn what_one_run_keeps_the_next_one_of_the_same_namespace_finds() {
    let (_base, folder) = place();
    let here = Remembered::of(&folder, &host("b-1", 7)).unwrap();
    assert_eq!(here.recall(), Err(Forgotten::Nothing));
    assert!(!folder.exists(), "looking makes nothing");
    let one = sample("b-1", 7, 5.0, 3);
    here.keep(&one).unwrap();
    assert_eq!(here.recall().unwrap(), one);
    here.keep(&sample("b-1", 7, 6.0, 4)).unwrap();
    assert_eq!(here.recall().unwrap().uptime_seconds, Some(6.0));
    assert_eq!(names(&folder), ["b-1-7.json"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("b-1-7.json")), 0o600);
}

#[test]
fn another_namespace_has_a_file_of_its_own_and_another_boot_takes_away_what_is_old() {
    let (_base, folder) = place();
    let at = |boot, netns| Remembered::of(&folder, &host(boot, netns)).unwrap();
    at("a", 7).keep(&sample("a", 7, 5.0, 1)).unwrap();
    assert_eq!(at("a", 8).recall(), Err(Forgotten::OtherNamespaces));
    at("a", 8).keep(&sample("a", 8, 5.0, 1)).unwrap();
    assert_eq!(names(&folder), ["a-7.json", "a-8.json"]);
    // "a" begins the name of this boot as well.
    let next = at("ab", 7);
    assert_eq!(next.recall(), Err(Forgotten::OtherBoots));
    fs::write(folder.join(".a-7.json.99-0.new"), "half").unwrap();
    for name in ["note.txt", "keep.json", "a-7-x.json", "-7.json"] {
        fs::write(folder.join(name), "not ours").unwrap();
        make_old(&folder.join(name));
    }
    make_old(&folder.join("a-8.json"));
    next.keep(&sample("ab", 7, 1.0, 0)).unwrap();
    // The newer one may be of another machine with the same home.
    let left = [
        "-7.json",
        "a-7-x.json",
        "a-7.json",
        "ab-7.json",
        "keep.json",
        "note.txt",
    ];
    assert_eq!(names(&folder), left);
}

#[test]
fn namespaces_that_are_gone_do_not_fill_the_disk() {
    let (_base, folder) = place();
    for netns in 0..258 {
        let here = Remembered::of(&folder, &host("b", netns)).unwrap();
        here.keep(&sample("b", netns, 5.0, 1)).unwrap();
    }
    let kept = names(&folder);
    assert_eq!(kept.len(), NAMESPACES);
    assert!(kept.contains(&"b-257.json".to_owned()), "{kept:?}");
    assert!(!kept.contains(&"b-0.json".to_owned()), "{kept:?}");
}

#[test]
fn a_file_that_cannot_be_used_is_named_and_replaced() {
    let (_base, folder) = place();
    let here = Remembered::of(&folder, &host("b", 7)).unwrap();
    here.keep(&sample("b", 7, 5.0, 1)).unwrap();
    let file = folder.join("b-7.json");
    let good = fs::read_to_string(&file).unwrap();
    let newer = good.replace("tcptune.snapshot/1", "tcptune.snapshot/2");
    let cut = good.split_at(good.len() / 2).0;
    let too_large = usize::try_from(LIMIT).unwrap() + 1;
    for (bytes, said) in [
        (String::new(), "ends in the middle"),
        (cut.to_owned(), "ends in the middle"),
        ("\0\0\0".to_owned(), "is not understood"),
        ("[7]".to_owned(), "is not understood"),
        (newer, "has the format `tcptune.snapshot/2`"),
        (" ".repeat(too_large), "is larger than"),
    ] {
        fs::write(&file, bytes).unwrap();
        let why = here.recall().unwrap_err().to_string();
        assert!(why.contains(said), "{why}");
        here.keep(&sample("b", 7, 6.0, 1)).unwrap();
        assert!(here.recall().is_ok());
    }
}

#[test]
fn what_others_can_write_is_not_believed_and_links_are_not_followed() {
    let (base, folder) = place();
    let here = Remembered::of(&folder, &host("b", 7)).unwrap();
    here.keep(&sample("b", 7, 5.0, 1)).unwrap();
    let file = folder.join("b-7.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o622)).unwrap();
    let unusable = |path: &Path, why| Err(Forgotten::Unusable(path.to_owned(), why));
    assert_eq!(here.recall(), unusable(&file, Unusable::NotOurs));

    let victim = base.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    fs::remove_file(&file).unwrap();
    symlink(&victim, &file).unwrap();
    let linked = Unusable::Errno("ELOOP".to_owned());
    assert_eq!(here.recall(), unusable(&file, linked));
    here.keep(&sample("b", 7, 6.0, 1)).unwrap();
    assert!(here.recall().is_ok(), "the link was replaced");
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");

    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(here.recall(), unusable(&folder, Unusable::NotOurs));
    let refused = here.keep(&sample("b", 7, 7.0, 1)).unwrap_err();
    assert_eq!(refused.why, Unusable::NotOurs);
    assert!(refused.to_string().contains("cannot remember this run"));
}

#[test]
fn a_boot_id_that_is_no_name_and_a_namespace_that_is_not_known_have_no_file() {
    let folder = Path::new("/nowhere");
    for boot in ["", "../../etc/passwd", "a/b", &"a".repeat(65)] {
        assert_eq!(Remembered::of(folder, &host(boot, 7)), None, "{boot}");
    }
    let nameless = Host {
        netns: None,
        ..host("b", 7)
    };
    assert_eq!(Remembered::of(folder, &nameless), None);
}

#[test]
fn a_window_begins_only_with_an_earlier_sample_of_the_same_namespace() {
    let here = Remembered::of(Path::new("/nowhere"), &host("b", 7)).unwrap();
    let now = || sample("b", 7, 50.0, 10);
    let window = |earlier| here.window(earlier, now());
    assert_eq!(
        window(sample("b", 7, 20.0, 10)).unwrap().window_seconds(),
        Some(30.0)
    );
    for (earlier, said) in [
        (sample("a", 7, 20.0, 1), "of another boot"),
        (sample("b", 8, 20.0, 1), "of another network namespace"),
        (sample("b", 7, 60.0, 1), "taken later than this run"),
        (
            sample("b", 7, 20.0, 11),
            "counter.TcpExt.ListenDrops is lower than it was",
        ),
    ] {
        let why = window(earlier).unwrap_err().to_string();
        assert!(why.contains(said), "{why}");
    }
}
