//! The collection as a package: what ansible's own tools say of it. Nothing is asked of the network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::stage::{repository, skip, tool};

/// A run of a tool that has to succeed; what it said on both streams.
fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

/// A tool of ansible that finds collections in this folder.
fn ansible(name: &str, folder: &Path) -> Option<Command> {
    let file = match tool(name) {
        Ok(file) => file,
        Err(why) => {
            skip(&why);
            return None;
        }
    };
    let path = format!("{}:/usr/bin:/bin", file.parent().unwrap().display());
    let mut command = Command::new(file);
    command
        .env_clear()
        .env("PATH", path)
        .env("LANG", "C.UTF-8")
        .env("HOME", folder)
        .env("ANSIBLE_COLLECTIONS_PATH", folder)
        .env("ANSIBLE_NOCOLOR", "1");
    Some(command)
}

/// The collection, built and installed below a folder.
fn installed(folder: &Path) -> Option<PathBuf> {
    let galaxy = |words: [&str; 2]| {
        let mut command = ansible("ansible-galaxy", folder)?;
        command.arg("collection").args(words);
        Some(command)
    };
    let collection = repository().join("contrib/ansible");
    let build = ["build", collection.to_str().unwrap()];
    run(galaxy(build)?.arg("--output-path").arg(folder));
    let file = format!("tcptune-tcptune-{}.tar.gz", env!("CARGO_PKG_VERSION"));
    let file = folder.join(file);
    let install = ["install", file.to_str().unwrap()];
    run(galaxy(install)?.arg("--offline").arg("-p").arg(folder));
    Some(folder.join("ansible_collections/tcptune/tcptune"))
}

#[test]
fn the_collection_is_built_and_documents_itself() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(there) = installed(folder) else {
        return;
    };
    assert!(there.join("plugins/module_utils/program.py").is_file());
    for (kind, name, part) in [
        ("module", "tcptune_check", "fail_on"),
        ("module", "tcptune_apply", "rolled_back"),
        ("role", "tune", "tcptune_confirm"),
    ] {
        let Some(mut doc) = ansible("ansible-doc", folder) else {
            return;
        };
        let said = run(doc.args(["-t", kind, &format!("tcptune.tcptune.{name}")]));
        assert!(said.contains(part), "{name}: {said}");
    }
}

#[test]
fn every_variable_of_the_role_is_documented_with_its_default() {
    let read = |name: &str| {
        let role = repository().join("contrib/ansible/roles/tune");
        let text = fs::read_to_string(role.join(name)).unwrap();
        serde_yaml::from_str::<serde_json::Value>(&text).unwrap()
    };
    let defaults = read("defaults/main.yml");
    let specs = read("meta/argument_specs.yml");
    let options = &specs["argument_specs"]["main"]["options"];
    let options = options.as_object().unwrap().iter();
    let documented = options.map(|(name, option)| (name.clone(), option["default"].clone()));
    let documented: serde_json::Map<_, _> = documented.collect();
    assert_eq!(defaults, serde_json::Value::Object(documented));
}

/// What `ansible-test sanity` can run with what `.ci/run` prepared.
#[test]
fn ansible_test_finds_nothing_to_complain_of() {
    let Ok(python) = tool("python") else {
        return skip("no ansible-core");
    };
    let home = python.parent().unwrap().parent().unwrap().join("home");
    if !home.join(".ansible/test/venv").is_dir() {
        return skip("ansible-test has no environments: .ci/run prepares them");
    }
    let unshared = Command::new("unshare").args(["--net", "true"]).output();
    if !unshared.is_ok_and(|tried| tried.status.success()) {
        return skip("no network namespace can be made here");
    }
    let folder = tempfile::tempdir().unwrap();
    let Some(there) = installed(folder.path()) else {
        return;
    };
    let version = "import sys; print('%d.%d' % sys.version_info[:2])";
    let version = run(Command::new(&python).args(["-c", version]));
    let Some(test) = ansible("ansible-test", folder.path()) else {
        return;
    };
    // Without a network at all.
    let mut alone = Command::new("unshare");
    alone.arg("--net").arg(test.get_program());
    for (name, value) in test.get_envs() {
        alone.env(name, value.unwrap());
    }
    let said = run(alone
        .args(["sanity", "--color", "no", "--python", version.trim()])
        .env("HOME", &home)
        .current_dir(&there));
    for name in ["validate-modules", "pylint", "pep8", "yamllint", "import"] {
        let ran = format!("Running sanity test \"{name}\"");
        assert!(said.contains(&ran), "{name} did not run: {said}");
    }
}
