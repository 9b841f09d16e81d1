//! `--profile`: by name, by file, and what is said when it cannot be.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::run::{Tcptune, is_root};

const HOST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hosts/debian-12-6.1");

fn check(more: &[&str]) -> Tcptune {
    Tcptune::new()
        .args(["check", "--exit-zero", "--proc", HOST])
        .args(more)
}

/// A folder of a site with one profile.
fn site(name: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let profiles = folder.path().join("profiles.d");
    fs::create_dir(&profiles).unwrap();
    for path in [folder.path(), &profiles] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    write(&profiles.join(name), text);
    folder
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

#[test]
fn a_guess_is_shown_with_its_evidence_and_wants_nothing() {
    let report = check(&["--format", "json"]).run().exits(0).json();
    let guessed = report["profile"]["guessed_from"].as_str().unwrap();
    assert!(!guessed.is_empty());
    assert_eq!(report["wanted"].as_array().unwrap().len(), 0);
    check(&[]).run().exits(0).says("; --profile)");
}

#[test]
fn a_named_profile_is_reported_with_what_the_host_lacks() {
    let folder = site(
        "edge.yaml",
        "profile: edge\nwant: { net.core.somaxconn: 8192, net.ipv4.tcp_sack: 1 }\n",
    );
    let config = folder.path().to_str().unwrap();
    let report = check(&["--config", config, "--profile", "edge", "--format", "json"])
        .run()
        .exits(0)
        .json();
    assert_eq!(report["profile"]["name"], "edge");
    assert!(report["profile"]["guessed_from"].is_null());
    let wanted = report["wanted"].as_array().unwrap();
    assert_eq!(wanted.len(), 1, "what it has already is not wanted");
    assert_eq!(wanted[0]["key"], "net.core.somaxconn");
    assert_eq!(wanted[0]["recommended"], "8192");
    check(&["--config", config, "--profile", "edge"])
        .run()
        .exits(0)
        .says("PROFILE  edge")
        .says("net.core.somaxconn   4096 -> 8192");
}

#[test]
fn an_unknown_profile_is_named_with_the_nearest_one() {
    check(&["--profile", "prxy"])
        .run()
        .exits(2)
        .no_result()
        .complains("no profile `prxy`")
        .complains("help: did you mean `proxy`?");
    // Whatever this machine has in /etc/tcptune.
    let site = site("edge.yaml", "profile: edge\n");
    let config = site.path().to_str().unwrap();
    check(&["--config", config, "--profile", "mainframe"])
        .run()
        .exits(2)
        .complains(
            "help: name one of client, edge, general, proxy, server, or a file: ./NAME.yaml",
        );
}

#[test]
fn every_problem_of_a_profile_is_told_with_its_place() {
    let text = "profile: edge\nwant:\n  net.core.somaxcon: 1\n  net.ipv4.ip_forward: 1\n";
    let folder = site("edge.yaml", text);
    let file = folder.path().join("profiles.d/edge.yaml");
    let file = file.to_str().unwrap();
    check(&["--profile", file])
        .run()
        .exits(2)
        .no_result()
        .complains(&format!("{file}:3:3"))
        .complains("unknown sysctl key `net.core.somaxcon`")
        .complains("did you mean `net.core.somaxconn`?")
        .complains(&format!("{file}:4:3"))
        .complains("`net.ipv4.ip_forward` is never written")
        .complains("2 problem(s) in profiles; nothing was judged");
    let config = folder.path().to_str().unwrap();
    check(&["--config", config, "--profile", "server"])
        .run()
        .exits(2)
        .complains(&format!("{file}:3:3"));
}

#[test]
fn root_believes_no_profile_that_others_can_write() {
    if !is_root() {
        return crate::run::skipped("only root is careful");
    }
    let folder = site("edge.yaml", "profile: edge\n");
    let file = folder.path().join("profiles.d/edge.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).unwrap();
    check(&["--profile", file.to_str().unwrap()])
        .run()
        .exits(2)
        .complains("others than root can write this, so it is not trusted");
}

#[test]
fn a_parameter_reaches_the_rules() {
    let folder = site("edge.yaml", "profile: edge\nparams: { idle_limit: 350 }\n");
    let rules = folder.path().join("rules.d");
    fs::create_dir(&rules).unwrap();
    fs::set_permissions(&rules, fs::Permissions::from_mode(0o755)).unwrap();
    let rule = "id: has-limit\ntitle: t\nseverity: low\nkind: setting\nmaturity: preview\nscope: netns\n\
                owner: host\nwhen: param.idle_limit > 0\nmessage: 'a limit is named: {param.idle_limit}'\n\
                advise: a\n";
    write(&rules.join("has-limit.yaml"), rule);
    let config = folder.path().to_str().unwrap();
    check(&["--config", config, "--profile", "edge"])
        .run()
        .exits(0)
        .says("has-limit");
    let report = check(&["--config", config, "--format", "json"])
        .run()
        .json();
    let fired = report["findings"].as_array().unwrap().iter();
    assert_eq!(fired.filter(|one| one["rule"] == "has-limit").count(), 0);
}
