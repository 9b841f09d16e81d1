//! What is written for each tool, as golden files. `BLESS=1 cargo test --test export` writes them anew.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::program::{CHANGES, OF_THE_MACHINE, Plan, golden, tcptune};

/// Every target with the file that shows it.
const TARGETS: [(&str, &str); 10] = [
    ("sysctl.d", "sysctl.d.conf"),
    ("ansible", "ansible.yml"),
    ("salt", "salt.sls"),
    ("puppet", "puppet.pp"),
    ("tuned", "tuned.conf"),
    ("nixos", "nixos.nix"),
    ("cloud-init", "cloud-init.yaml"),
    ("kubernetes", "kubernetes.yaml"),
    ("docker", "docker.txt"),
    ("compose", "compose.yaml"),
];

fn is_golden(text: &str, name: &str) {
    let file = golden(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, text).unwrap();
    }
    let known = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        text, known,
        "{name} has changed; look at it, then write it anew with BLESS=1"
    );
}

#[test]
fn a_plan_is_written_for_each_tool_as_committed() {
    let plan = Plan::of(&[&CHANGES[..], &[OF_THE_MACHINE]].concat());
    for (to, name) in TARGETS {
        let ran = plan.export(to, &["--skip-refused"]).exits(0);
        assert_eq!(ran.err, "");
        is_golden(&ran.out, name);
    }
}

#[test]
fn a_profile_is_written_with_its_reason_and_may_ask_for_at_least() {
    for (to, name) in [
        ("sysctl.d", "profile.conf"),
        ("tuned", "profile-tuned.conf"),
    ] {
        let empty = tempfile::tempdir().unwrap();
        fs::set_permissions(empty.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let site = empty.path().to_str().unwrap();
        let ran = tcptune(&["export", "--to", to, "--profile", "proxy", "--config", site]);
        is_golden(&ran.exits(0).out, name);
    }
}

#[test]
fn a_profile_of_the_site_is_found() {
    let site = tempfile::tempdir().unwrap();
    let profiles = site.path().join("profiles.d");
    fs::create_dir(&profiles).unwrap();
    let file = profiles.join("edge.yaml");
    fs::write(&file, "profile: edge\nwant: { net.core.somaxconn: 8192 }\n").unwrap();
    for (path, mode) in [(site.path(), 0o755), (&profiles, 0o755), (&file, 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let config = site.path().to_str().unwrap();
    let ran = tcptune(&[
        "export",
        "--to",
        "docker",
        "--profile",
        "edge",
        "--config",
        config,
    ]);
    let out = ran.exits(0).out;
    let last = "# profile edge\n--sysctl net.core.somaxconn=8192\n";
    assert!(out.ends_with(last), "{out}");
    tcptune(&[
        "export",
        "--to",
        "docker",
        "--profile",
        "edg",
        "--config",
        config,
    ])
    .exits(2)
    .complains("did you mean `edge`?");
}

#[test]
fn a_file_is_written_in_one_step_and_holds_what_standard_output_would() {
    let plan = Plan::of(&CHANGES);
    let printed = plan.export("sysctl.d", &["-o", "-"]).exits(0).out;
    assert_eq!(plan.export("sysctl.d", &[]).out, printed);
    let file = plan.export_as("sysctl.d", "own.conf");
    assert_eq!(fs::read_to_string(&file).unwrap(), printed);
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    // A link stays one, and nothing is left beside the file.
    symlink(&file, plan.folder.path().join("link")).unwrap();
    plan.export_as("salt", "link");
    assert!(
        fs::read_to_string(&file)
            .unwrap()
            .contains("sysctl.present")
    );
    assert_eq!(fs::read_dir(plan.folder.path()).unwrap().count(), 3);
}
