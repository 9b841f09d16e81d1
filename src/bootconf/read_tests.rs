use super::*;

fn definition(line: u32, key: &str) -> Definition {
    Definition {
        place: Place {
            file: "/etc/sysctl.conf".to_owned(),
            line: Some(line),
        },
        key: key.to_owned(),
        value: Some("1".to_owned()),
        lenient: false,
        outcome: Outcome {
            fate: Fate::Wins,
            by: None,
            why: None,
        },
        unread: false,
    }
}

#[test]
fn the_definitions_of_both_loaders_are_brought_together_by_their_place() {
    let mut own = vec![definition(1, "a.b"), definition(2, "c.d")];
    let index = placed(
        &mut own,
        &[
            definition(2, "- c.d"),
            definition(1, "a.b"),
            definition(3, "e.f"),
        ],
    );
    assert_eq!(index, [1, 0, 2]);
    assert_eq!(own.len(), 3);
    assert!(own[2].unread);
    assert_eq!(own[2].outcome.fate, Fate::Ignored);
}

/// A kernel without any key shown, as below `--root`.
struct Hidden;

impl Keys for Hidden {
    fn children(&self, _folder: &str) -> Vec<(String, bool)> {
        Vec::new()
    }

    fn exists(&self, _path: &str) -> Option<bool> {
        None
    }
}

fn why(key: &str, builtin: Option<bool>, listed: bool) -> Option<(bool, String)> {
    let line = listed.then_some(&b"modules_load=nf_conntrack"[..]);
    let request = Request {
        engine: Engine::Systemd,
        decided: String::new(),
        cmdline: line,
        kernel: KernelVersion::parse("6.1.0"),
        live: &|_| None,
        default: &|_| None,
        available: &|_, _| None,
        builtin: &|_| builtin,
        opaque: None,
    };
    let modules = Modules::read(&Nothing, Engine::Systemd, line);
    absent(key, &Hidden, &request, &modules).map(|absent| (absent.certain, absent.why))
}

struct Nothing;

impl Tree for Nothing {
    fn list(&self, _: &str) -> Result<Vec<Vec<u8>>, String> {
        Ok(Vec::new())
    }

    fn entry(&self, _: &str, _: &[u8]) -> Option<super::super::Entry> {
        None
    }

    fn target(&self, _: &str, _: &[u8]) -> Option<String> {
        None
    }

    fn read(&self, _: &str, _: &[u8], _: usize) -> Result<(std::rc::Rc<[u8]>, bool), String> {
        Err("ENOENT".to_owned())
    }
}

#[test]
fn a_key_of_a_module_is_there_at_boot_if_the_module_is_built_in_or_listed() {
    let max = "net.netfilter.nf_conntrack_max";
    assert_eq!(why(max, Some(true), false), None);
    assert_eq!(why(max, Some(false), true), None);
    let absent = (
        true,
        "module nf_conntrack is not loaded at that time".to_owned(),
    );
    assert_eq!(why(max, Some(false), false), Some(absent));
    assert_eq!(
        why(max, None, false).map(|(certain, _)| certain),
        Some(false)
    );
}

#[test]
fn without_a_tree_of_keys_the_release_tells_what_was_removed() {
    let recycle = why("net.ipv4.tcp_tw_recycle", None, false);
    assert_eq!(
        recycle,
        Some((
            true,
            "no such key on this kernel: removed in 4.12".to_owned()
        ))
    );
    assert_eq!(why("net.ipv4.tcp_sack", None, false), None);
}

#[test]
fn a_file_that_could_not_be_read_leaves_open_what_no_later_file_sets() {
    let in_file = |file: &str| Definition {
        place: Place {
            file: file.to_owned(),
            line: Some(1),
        },
        ..definition(1, "a.b")
    };
    let definitions = [
        in_file("/etc/sysctl.d/10-a.conf"),
        in_file("/run/sysctl.d/90-b.conf"),
    ];
    let closed = [in_file("/etc/sysctl.d/50-c.conf").place];
    let after = |by| clouded(Forecast::Untouched, by, &definitions, &closed);
    let why = "/etc/sysctl.d/50-c.conf may set it, and could not be read".to_owned();
    assert_eq!(after(Some(0)), Forecast::Unknown(why.clone()));
    assert_eq!(after(Some(1)), Forecast::Untouched);
    assert_eq!(after(None), Forecast::Unknown(why));
    assert_eq!(
        clouded(Forecast::Untouched, None, &definitions, &[]),
        Forecast::Untouched
    );
}
