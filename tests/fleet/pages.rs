//! The page of many hosts. `BLESS=1 cargo test --test fleet` writes it anew.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::made::{Hosts, host, set, without_cookies};
use crate::run::{PROGRAM, skipped};

fn holds_screen(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/screens")
        .join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "{name} has changed; look at it, then write it anew with BLESS=1\n{text}"
    );
}

/// Hosts with all that a page can show.
fn every_shape() -> Hosts {
    let hosts = Hosts::new();
    for at in 0..24 {
        let mut one = host(&format!("web-{at:02}.example.net"));
        if at % 3 == 0 {
            without_cookies(&mut one);
        }
        if at == 5 {
            set(
                &mut one,
                "net.ipv4.tcp_window_scaling",
                &json!({ "bool": false }),
            );
        }
        hosts.put(&format!("web-{at:02}.json"), &one);
    }
    hosts.put("web-05-again.json", &host("web-05.example.net"));
    hosts.put("x.json", &host(&"long-name-".repeat(9)));
    hosts.put("y.json", &host("\u{1b}[31mred"));
    for at in 0..5 {
        hosts.write(&format!("z{at}.json"), "{");
    }
    let config = hosts.around().join("site");
    std::fs::create_dir(&config).unwrap();
    let waivers = "waivers:\n  - rule: tw-recycle-removed\n    reason: old hosts share the file\n    \
                   owner: web team\n    until: 2099-03-31\n";
    std::fs::write(config.join("waivers.yaml"), waivers).unwrap();
    hosts
}

#[test]
fn the_oldest_snapshot_of_a_fleet_is_named() {
    let hosts = Hosts::new();
    for (name, taken) in [("web-00", 1_767_225_599), ("web-01", 951_782_399)] {
        let mut one = host(name);
        one["taken_at"] = json!(taken);
        hosts.put(&format!("{name}.json"), &one);
    }
    hosts.put("web-02.json", &host("web-02"));
    let ran = hosts.check(&["--snapshot", "hosts"]);
    let ran = ran.says("oldest   web-01: taken 2000-02-28 23:59 UTC, ");
    assert!(ran.stdout.contains(" days ago\n"), "{ran}");
}

#[test]
fn the_page_tells_what_is_wrong_where_and_what_to_do_next() {
    let hosts = every_shape();
    let page = |more: &[&str]| {
        let args = [&["--snapshot", "hosts", "--config", "site"], more].concat();
        hosts.check(&args).exits(1).stdout
    };
    holds_screen("fleet.txt", &page(&[]));
    holds_screen("fleet-quiet.txt", &page(&["--quiet"]));
    for text in [page(&[]), page(&["--quiet"]), page(&["--verbose"])] {
        let active = |c: char| c != '\n' && tcptune::fact::is_active(c);
        assert!(!text.contains(active), "{text:?}");
        let wide = text.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{text}");
    }
}

#[test]
fn a_fleet_without_a_fault_is_told_in_a_few_lines() {
    let hosts = Hosts::of(["a".to_owned()]);
    let ran = hosts
        .check(&["--snapshot", "hosts", "--select", "syncookies-off"])
        .exits(0);
    holds_screen("fleet-healthy.txt", &ran.stdout);
    let quiet = hosts.check(&[
        "--snapshot",
        "hosts",
        "--select",
        "syncookies-off",
        "--quiet",
    ]);
    quiet.exits(0).quiet().no_result();
}

/// A person sees how far it is; a program that takes both streams sees nothing of it.
#[test]
fn a_terminal_shows_how_many_are_done_and_nothing_else_does() {
    let hosts = Hosts::of(["a".to_owned(), "b".to_owned()]);
    let at_terminal = |options: &str| {
        let command = format!("exec {PROGRAM} check --snapshot hosts {options}");
        let ran = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(hosts.around())
            .stdin(Stdio::null())
            .output();
        ran.ok().map(|ran| String::from_utf8(ran.stdout).unwrap())
    };
    let Some(screen) = at_terminal("> page") else {
        return skipped("there is no script (util-linux)");
    };
    assert!(
        screen.contains("[##########..........] 1 of 2 snapshots"),
        "{screen}"
    );
    assert!(
        screen.ends_with("\r\u{1b}[2K"),
        "it is taken away: {screen:?}"
    );
    // Records on the same screen are not to be mixed with it.
    let screen = at_terminal("--format ndjson").unwrap();
    assert!(!screen.contains(" of 2 snapshots"), "{screen}");
    hosts.check(&["--snapshot", "hosts"]).exits(1).quiet();
}
