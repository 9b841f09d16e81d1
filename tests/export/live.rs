//! What the tools themselves make of an export: applied in a network namespace of the test's own, and the
//! values compared; or read by the tool's own parser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::netns::{in_new_netns, skip};
use crate::program::{CHANGES, Plan};
use crate::tool::{demanded, staged, takes_effect, target, tried, words};

/// A plan exported into a file beside it.
fn exported(to: &str, name: &str) -> (Plan, PathBuf) {
    let plan = Plan::of(&CHANGES);
    let file = plan.export_as(to, name);
    (plan, file)
}

fn applied(to: &str, name: &str, script: &str, program: &Path) {
    let (plan, file) = exported(to, name);
    takes_effect(|| {
        let ran = staged(script, plan.folder.path(), &[program, &file]);
        assert!(ran.status.success(), "{}", words(&ran));
    });
}

#[test]
fn systemd_sysctl_loads_a_file_of_sysctl_d() {
    in_new_netns("live::systemd_sysctl_loads_a_file_of_sysctl_d", || {
        let places = [
            "/usr/lib/systemd/systemd-sysctl",
            "/lib/systemd/systemd-sysctl",
        ];
        let Some(program) = places.map(Path::new).into_iter().find(|path| path.exists()) else {
            return skip("systemd-sysctl is not installed");
        };
        applied("sysctl.d", "own.conf", "\"$1\" \"$2\"", program);
    });
}

#[test]
fn procps_loads_a_file_of_sysctl_d() {
    in_new_netns("live::procps_loads_a_file_of_sysctl_d", || {
        let Some(program) = demanded(&["sysctl"]) else {
            return;
        };
        applied("sysctl.d", "own.conf", "\"$1\" -p \"$2\"", &program);
    });
}

/// Names of interfaces are part of keys, and nearly anything may stand in them.
#[test]
fn a_key_of_an_interface_with_an_odd_name_reaches_it() {
    in_new_netns(
        "live::a_key_of_an_interface_with_an_odd_name_reaches_it",
        || {
            let (Some(ip), Some(sysctl)) = (demanded(&["ip"]), demanded(&["sysctl"])) else {
                return;
            };
            let names = ["v.1", "it's$x"];
            let mut command = Command::new(ip);
            command.args([
                "link", "add", names[0], "type", "veth", "peer", "name", names[1],
            ]);
            assert!(command.status().unwrap().success());
            let plan = Plan::of(&[
                ("net.ipv4.conf.v/1.rp_filter", "2", "odd"),
                ("net.ipv4.conf.it's$x.rp_filter", "2", "odd"),
            ]);
            let file = plan.export_as("sysctl.d", "own.conf");
            let ran = staged("\"$1\" -p \"$2\"", plan.folder.path(), &[&sysctl, &file]);
            assert!(ran.status.success(), "{}", words(&ran));
            for name in names {
                let value = fs::read_to_string(format!("/proc/sys/net/ipv4/conf/{name}/rp_filter"));
                assert_eq!(value.unwrap(), "2\n", "{name}");
            }
            plan.export("ansible", &[])
                .exits(3)
                .complains("takes texts apart at quotes");
            plan.export("tuned", &[])
                .exits(3)
                .complains("v/1.rp_filter");
        },
    );
}

#[test]
fn ansible_applies_the_tasks_and_changes_nothing_the_second_time() {
    in_new_netns(
        "live::ansible_applies_the_tasks_and_changes_nothing_the_second_time",
        || {
            let program = target("ansible/bin/ansible-playbook");
            let collections = target("collections");
            if !program.exists() || !collections.exists() {
                return skip(
                    "ansible-core and ansible.posix are not in target, where .ci/run puts them",
                );
            }
            let (plan, file) = exported("ansible", "tasks.yml");
            let book = plan.folder.path().join("play.yml");
            let tasks = file.to_str().unwrap();
            let text = format!(
                "- hosts: localhost\n  gather_facts: false\n  tasks:\n    - ansible.builtin.import_tasks: {tasks}\n"
            );
            fs::write(&book, text).unwrap();
            let script = "\
                export ANSIBLE_COLLECTIONS_PATH=\"$4\" ANSIBLE_NOCOLOR=1\n\
                play() { \"$1\" -c local -i localhost, -e \"ansible_python_interpreter=$3\" \"$2\"; }\n\
                play \"$@\"; echo again; play \"$@\"; cat /etc/sysctl.d/60-tcptune-export.conf";
            let python = target("ansible/bin/python3");
            let mut said = String::new();
            takes_effect(|| {
                let places = [&*program, &book, &python, &collections];
                let ran = staged(script, plan.folder.path(), &places);
                said = words(&ran);
                assert!(ran.status.success(), "{said}");
            });
            let (first, second) = said.split_once("\nagain\n").unwrap();
            assert!(first.contains("changed=7 "), "{said}");
            assert!(second.contains("changed=0 "), "{said}");
            assert!(
                second.contains("net.ipv4.tcp_rmem=4096 131072 8388608"),
                "{said}"
            );
        },
    );
}

#[test]
fn nix_evaluates_the_module_to_the_wanted_values() {
    let Some(program) = demanded(&["nix-instantiate"]) else {
        return;
    };
    let (plan, file) = exported("nixos", "module.nix");
    let ran = Command::new(program)
        .args(["--eval", "--strict", "--json", "--store", "dummy://"])
        .arg(&file)
        .env("HOME", plan.folder.path())
        .env("NIX_STATE_DIR", plan.folder.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", words(&ran));
    let module: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let set = module["boot"]["kernel"]["sysctl"].as_object().unwrap();
    assert_eq!(set.len(), CHANGES.len());
    for (key, value, _) in CHANGES {
        match value.parse::<i64>() {
            Ok(number) => assert_eq!(set[key], number, "{key}"),
            Err(_) => assert_eq!(set[key], value, "{key}"),
        }
    }
}

#[test]
fn cloud_init_finds_no_fault_in_the_cloud_config_and_its_command_loads_the_file() {
    in_new_netns(
        "live::cloud_init_finds_no_fault_in_the_cloud_config_and_its_command_loads_the_file",
        || {
            let program = target("cloud-init/usr/bin/cloud-init");
            if !program.exists() {
                return skip("cloud-init is not in target, where .ci/run puts it");
            }
            let (plan, file) = exported("cloud-init", "user-data.yaml");
            let text = fs::read_to_string(&file).unwrap();
            let config: serde_json::Value = serde_yaml::from_str(&text).unwrap();
            let content = plan.folder.path().join("content");
            fs::write(
                &content,
                config["write_files"][0]["content"].as_str().unwrap(),
            )
            .unwrap();
            let command = config["runcmd"][0].as_array().unwrap().iter();
            let command: Vec<&str> = command.map(|word| word.as_str().unwrap()).collect();
            let place = config["write_files"][0]["path"].as_str().unwrap();
            let script = format!(
                "export PYTHONPATH=\"$5\"\n\
                schema() {{ \"$4\" \"$1\" schema --config-file \"$2\"; }}\n\
                schema \"$@\"\n\
                sed -i s/permissions/permisions/ \"$2\"\n\
                if schema \"$@\"; then exit 9; fi\n\
                cp \"$3\" {place}\n{}",
                command.join(" ")
            );
            let python = target("ansible/bin/python3");
            let packages = target("cloud-init/usr/lib/python3/dist-packages");
            takes_effect(|| {
                let words_after = [&*program, &file, &content, &python, &packages];
                let ran = staged(&script, plan.folder.path(), &words_after);
                let said = words(&ran);
                assert!(ran.status.success(), "{said}");
                assert!(
                    said.contains("Valid ") && said.contains("permisions"),
                    "{said}"
                );
            });
        },
    );
}

#[test]
fn puppet_applies_the_manifest_and_changes_nothing_the_second_time() {
    in_new_netns(
        "live::puppet_applies_the_manifest_and_changes_nothing_the_second_time",
        || {
            if let Some(program) = tried("puppet") {
                let script = "\
                    mkdir own\n\
                    run() { \"$1\" apply --detailed-exitcodes --confdir \"$PWD/own\" --vardir \"$PWD/own\" \"$2\"; }\n\
                    code=0; run \"$@\" || code=$?; [ $code = 2 ]; run \"$@\"";
                applied("puppet", "manifest.pp", script, &program);
            }
        },
    );
}

#[test]
fn salt_makes_the_states() {
    in_new_netns("live::salt_makes_the_states", || {
        if let Some(program) = tried("salt-call") {
            let script = "\
                printf 'root_dir: %s\\nfile_roots: {base: [%s]}\\n' \"$PWD/own\" \"$PWD\" >minion\n\
                \"$1\" --local --config-dir=. --retcode-passthrough state.apply states";
            applied("salt", "states.sls", script, &program);
        }
    });
}

#[test]
fn compose_reads_the_service_that_another_extends() {
    let Some(program) = tried("docker-compose") else {
        return;
    };
    let (plan, _) = exported("compose", "tuned.yaml");
    let own = plan.folder.path().join("compose.yaml");
    let text =
        "services:\n  web:\n    image: x\n    extends: {file: tuned.yaml, service: tcptune}\n";
    fs::write(&own, text).unwrap();
    let mut command = Command::new(program);
    let ran = command.arg("-f").arg(&own).arg("config").output().unwrap();
    assert!(ran.status.success(), "{}", words(&ran));
    let config: serde_json::Value =
        serde_yaml::from_str(&String::from_utf8(ran.stdout).unwrap()).unwrap();
    let set = config["services"]["web"]["sysctls"].as_object().unwrap();
    assert_eq!(set.len(), CHANGES.len());
    for (key, value, _) in CHANGES {
        assert_eq!(set[key], value, "{key}");
    }
}
