//! Trees made for the purpose, read in each of the ways.

use std::fs;
use std::os::unix::fs::symlink;

use rustix::fs::{CWD, Mode, mknodat};

use super::*;

/// A tree with files (`path`, contents) and links (`path`, target).
fn tree(files: &[(&str, &str)], links: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let place = |path: &str| {
        let path = root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    for (path, contents) in files {
        fs::write(place(path), contents).unwrap();
    }
    for (path, target) in links {
        symlink(target, place(path)).unwrap();
    }
    root
}

/// The tree as the kernel follows its links, where it can, and as we do.
fn ways(root: &tempfile::TempDir) -> [BootTree; 2] {
    let open = || BootTree::open(root.path()).unwrap();
    assert_ne!(open().links, Links::Ordinary);
    [open(), open().walked()]
}

fn read(tree: &BootTree, directory: &str, name: &str) -> Result<String, String> {
    let (bytes, _) = tree.read(directory, name.as_bytes(), 1000)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

const D: &str = "/etc/sysctl.d";

#[test]
fn links_are_followed_inside_the_root() {
    let root = tree(
        &[("/etc/sysctl.conf", "inside"), ("/usr/lib/x.conf", "deep")],
        &[
            ("/etc/sysctl.d/absolute.conf", "/etc/sysctl.conf"),
            ("/etc/sysctl.d/relative.conf", "../sysctl.conf"),
            (
                "/etc/sysctl.d/above.conf",
                "../../../../../../etc/sysctl.conf",
            ),
            ("/etc/sysctl.d/back.conf", "../../usr/lib/../lib/./x.conf"),
            ("/etc/sysctl.d/twice.conf", "/link/x.conf"),
            ("/link", "usr//lib/"),
        ],
    );
    for tree in ways(&root) {
        for name in ["absolute.conf", "relative.conf", "above.conf"] {
            assert_eq!(tree.entry(D, name.as_bytes()), Some(Entry::File), "{name}");
            assert_eq!(read(&tree, D, name).as_deref(), Ok("inside"), "{name}");
            let target = tree.target(D, name.as_bytes());
            assert_eq!(target.as_deref(), Some("/etc/sysctl.conf"), "{name}");
        }
        for name in ["back.conf", "twice.conf"] {
            assert_eq!(read(&tree, D, name).as_deref(), Ok("deep"), "{name}");
            let target = tree.target(D, name.as_bytes());
            assert_eq!(target.as_deref(), Some("/usr/lib/x.conf"), "{name}");
        }
        assert_eq!(tree.target("/etc", b"sysctl.conf"), None);
    }
}

#[test]
fn a_folder_may_be_reached_by_links_itself() {
    let root = tree(
        &[("/usr/lib/sysctl.d/50-a.conf", "a")],
        &[("/lib", "usr/lib"), ("/run", "/nowhere"), ("/srv", "/srv")],
    );
    for tree in ways(&root) {
        assert_eq!(tree.list("/lib/sysctl.d"), Ok(vec![b"50-a.conf".to_vec()]));
        assert_eq!(
            read(&tree, "/lib/sysctl.d", "50-a.conf").as_deref(),
            Ok("a")
        );
        assert_eq!(tree.list("/run/sysctl.d"), Ok(vec![]));
        assert_eq!(tree.list("/etc/sysctl.d"), Ok(vec![]));
        assert_eq!(tree.list("/srv/x"), Err("ELOOP".to_owned()));
        let file = "/usr/lib/sysctl.d/50-a.conf";
        assert_eq!(tree.list(file), Err("ENOTDIR".to_owned()));
        assert_eq!(tree.entry("/etc/sysctl.d", b"50-a.conf"), None);
    }
}

#[test]
fn what_leads_nowhere_is_dangling() {
    let root = tree(
        &[("/etc/sysctl.conf", "x")],
        &[
            ("/etc/sysctl.d/gone.conf", "/etc/gone/too"),
            ("/etc/sysctl.d/self.conf", "self.conf"),
            ("/etc/sysctl.d/a.conf", "b.conf"),
            ("/etc/sysctl.d/b.conf", "a.conf"),
            ("/etc/sysctl.d/through.conf", "/etc/sysctl.conf/x"),
            ("/etc/sysctl.d/slash.conf", "/etc/sysctl.conf/"),
            (
                "/etc/sysctl.d/gone-and-back.conf",
                "/etc/gone/../sysctl.conf",
            ),
        ],
    );
    for tree in ways(&root) {
        for mut name in tree.list(D).unwrap() {
            assert_eq!(tree.entry(D, &name), Some(Entry::Dangling), "{name:?}");
            assert!(tree.read(D, &name, 10).is_err());
            name.push(b'x');
            assert_eq!(tree.entry(D, &name), None);
        }
        let target = tree.target(D, b"gone.conf");
        assert_eq!(target.as_deref(), Some("/etc/gone/too"));
    }
}

#[test]
fn forty_links_are_followed_and_no_more() {
    let links: Vec<(String, String)> = (0..45)
        .map(|n| (format!("/etc/sysctl.d/{n}.conf"), format!("{}.conf", n + 1)))
        .collect();
    let links: Vec<(&str, &str)> = links.iter().map(|(a, b)| (&**a, &**b)).collect();
    let root = tree(&[("/etc/sysctl.d/45.conf", "end")], &links);
    for tree in ways(&root) {
        assert_eq!(tree.entry(D, b"5.conf"), Some(Entry::File));
        assert_eq!(tree.entry(D, b"4.conf"), Some(Entry::Dangling));
    }
}

#[test]
fn the_null_device_is_known_where_the_image_has_none() {
    let links = [
        ("/etc/sysctl.d/50-a.conf", "/dev/null"),
        ("/etc/sysctl.d/60-b.conf", "../../null"),
        ("/null", "dev/null"),
    ];
    let without = tree(&[], &links);
    let with_a_file = tree(&[("/dev/null", "")], &links);
    for root in [without, with_a_file] {
        for tree in ways(&root) {
            assert_eq!(tree.entry(D, b"50-a.conf"), Some(Entry::Null));
            assert_eq!(tree.entry(D, b"60-b.conf"), Some(Entry::Null));
        }
    }
}

#[test]
fn the_null_device_is_known_by_any_name() {
    let root = tree(&[("/etc/sysctl.d/x", "")], &[]);
    // Only root makes devices; the link below is there for everybody.
    let device = rustix::fs::makedev(1, 3);
    let made = mknodat(
        CWD,
        root.path().join("etc/sysctl.d/50-a.conf"),
        FileType::CharacterDevice,
        Mode::RUSR,
        device,
    );
    if made.is_ok() {
        for tree in ways(&root) {
            assert_eq!(tree.entry(D, b"50-a.conf"), Some(Entry::Null));
        }
    }
    let live = BootTree::open(Path::new("/")).unwrap();
    assert_eq!(live.links, Links::Ordinary);
    assert_eq!(live.entry("/dev", b"null"), Some(Entry::Null));
    assert_eq!(live.entry("/dev", b"zero"), Some(Entry::Other));
}

#[test]
fn pipes_devices_and_folders_are_told_apart_and_never_read() {
    let root = tree(
        &[("/etc/sysctl.d/dir.conf/x", "")],
        &[("/etc/sysctl.d/link.conf", "pipe.conf")],
    );
    let pipe = root.path().join("etc/sysctl.d/pipe.conf");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
    for tree in ways(&root) {
        assert_eq!(tree.entry(D, b"dir.conf"), Some(Entry::Directory));
        assert_eq!(read(&tree, D, "dir.conf"), Err("EISDIR".to_owned()));
        for name in ["pipe.conf", "link.conf"] {
            assert_eq!(tree.entry(D, name.as_bytes()), Some(Entry::Other));
            assert_eq!(read(&tree, D, name), Err("not a regular file".to_owned()));
        }
    }
}

#[test]
fn a_file_is_cut_at_the_limit_and_that_is_told() {
    let root = tree(&[("/etc/sysctl.d/a.conf", "12345")], &[]);
    for tree in ways(&root) {
        let read = |limit| tree.read(D, b"a.conf", limit).unwrap();
        assert_eq!(read(5), (Rc::from(*b"12345"), false));
        assert_eq!(read(4), (Rc::from(*b"1234"), true));
        assert_eq!(read(0), (Rc::from(*b""), true));
        assert_eq!(read(usize::MAX), (Rc::from(*b"12345"), false));
    }
}

#[test]
fn names_of_any_bytes_are_listed_and_read_and_lead_nowhere_else() {
    use std::os::unix::ffi::OsStrExt as _;
    let root = tree(&[("/etc/sysctl.d/a\nb .conf", "x")], &[]);
    let latin = std::ffi::OsStr::from_bytes(b"\xe9.conf");
    fs::write(root.path().join("etc/sysctl.d").join(latin), "y").unwrap();
    for tree in ways(&root) {
        let mut names = tree.list(D).unwrap();
        names.sort();
        assert_eq!(names, [b"a\nb .conf".to_vec(), b"\xe9.conf".to_vec()]);
        assert_eq!(&*tree.read(D, b"\xe9.conf", 9).unwrap().0, b"y");
        for name in [&b".."[..], b".", b"", b"../sysctl.d", b"a\0b"] {
            assert_eq!(tree.entry(D, name), None, "{name:?}");
            assert_eq!(tree.read(D, name, 9), Err("ENOENT".to_owned()));
        }
    }
}

#[test]
fn what_may_not_be_looked_at_is_denied_and_not_absent() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tree(
        &[("/etc/sysctl.d/a.conf", "x"), ("/secret/b.conf", "y")],
        &[("/etc/sysctl.d/b.conf", "/secret/b.conf")],
    );
    let set = |path: &str, mode| {
        let path = root.path().join(path);
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set("etc/sysctl.d/a.conf", 0o000);
    set("secret", 0o000);
    for tree in ways(&root) {
        // Root reads everything, so it sees what a loader sees: no refusal.
        if rustix::process::geteuid().is_root() {
            assert_eq!(tree.entry(D, b"b.conf"), Some(Entry::File));
            assert_eq!(read(&tree, D, "a.conf").as_deref(), Ok("x"));
            continue;
        }
        let denied = Some(Entry::Denied("EACCES".to_owned()));
        assert_eq!(tree.entry(D, b"b.conf"), denied);
        assert_eq!(tree.entry("/secret", b"b.conf"), denied);
        assert_eq!(read(&tree, D, "a.conf"), Err("EACCES".to_owned()));
        assert_eq!(tree.list("/secret"), Err("EACCES".to_owned()));
    }
    set("secret", 0o755);
}

#[test]
fn a_root_that_is_no_folder_is_an_error() {
    let root = tree(&[("/file", "")], &[]);
    for path in ["file", "missing"] {
        assert!(BootTree::open(&root.path().join(path)).is_err());
    }
}
