//! The sample for sudo allows what stands in it, and nothing beside.

use crate::deb::install;
use crate::root::{in_own_root, installed, repository, sh, skip, tried};

#[test]
fn sudo_can_read_the_sample() {
    if installed("visudo").is_none() {
        return skip("visudo is not installed");
    }
    let sample = repository().join("contrib/debian/sudoers");
    let said = sh(&format!("visudo -cf {}", sample.display()));
    assert!(said.contains("parsed OK"), "{said}");
}

#[test]
fn the_sample_allows_these_words_and_no_others() {
    in_own_root("sudo::the_sample_allows_these_words_and_no_others", || {
        if installed("sudo").is_none() {
            return skip("sudo is not installed");
        }
        if install().is_none() {
            return;
        }
        sh("groupadd monitoring && groupadd netops
            useradd -G monitoring watcher && useradd -G netops changer
            install -m 440 /usr/share/doc/tcptune/examples/sudoers /etc/sudoers.d/tcptune");
        let allowed = |user: &str, words: &str| {
            tried(&format!("sudo -n -l -U {user} /usr/bin/tcptune {words}")).0 == Some(0)
        };
        for words in [
            "check",
            "check --format json",
            "check --format nagios",
            "history",
        ] {
            assert!(allowed("watcher", words), "{words}");
            assert!(allowed("changer", words), "{words}");
        }
        for words in [
            "",
            "check --apply",
            "check -o /etc/passwd",
            "check --format json -o /etc/passwd",
            "check --rules /tmp",
            "apply",
            "apply --yes",
            "rollback",
        ] {
            assert!(!allowed("watcher", words), "{words}");
        }
        let plan = "apply --plan /etc/tcptune/plan.json --confirm 120";
        for words in [plan, "confirm", "rollback"] {
            assert!(allowed("changer", words), "{words}");
        }
        for words in [
            "apply",
            "apply --plan /tmp/plan.json --confirm 120",
            "rollback 3",
        ] {
            assert!(!allowed("changer", words), "{words}");
        }
        // The words are the program's own: it takes them, here without a plan to make.
        let (code, said) = tried(&format!("tcptune {plan}"));
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("cannot read plan"), "{said}");
        // And sudo runs it.
        let line =
            "setpriv --reuid watcher --regid watcher --init-groups sudo -n /usr/bin/tcptune check";
        let (code, said) = tried(line);
        assert!(matches!(code, Some(0 | 1)), "{said}");
    });
}
