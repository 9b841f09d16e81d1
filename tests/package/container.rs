//! The static program, and the container and the `DaemonSet` around it: as far as they can be held against the
//! real thing without a container engine.

use std::fs;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::root::{in_own_root, installed, repository, sh, skip, tried};

/// The root folder of the container.
const IMAGE: &str = "/srv/image";

/// The static program that `contrib/static/build` made.
fn program() -> Option<std::path::PathBuf> {
    let program = repository().join("target/static/tcptune");
    if program.is_file() {
        return Some(program);
    }
    skip("no static program was made: contrib/static/build makes it");
    None
}

/// A linter that `.ci/kubernetes` installs.
fn linter(name: &str) -> Option<std::path::PathBuf> {
    let program = repository().join("target/kubernetes/bin").join(name);
    if program.is_file() {
        return Some(program);
    }
    skip(&format!("no {name}: .ci/kubernetes installs it"));
    None
}

fn daemonset() -> Value {
    let file = repository().join("contrib/kubernetes/daemonset.yaml");
    serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// What the Containerfile says last with this word.
fn said_by_the_containerfile(word: &str) -> String {
    let file = repository().join("contrib/container/Containerfile");
    let text = fs::read_to_string(file).unwrap();
    let line = text.lines().rev().find_map(|line| line.strip_prefix(word));
    line.unwrap().trim().to_owned()
}

#[test]
fn the_linters_find_nothing_in_the_container_and_the_daemonset() {
    let contrib = repository().join("contrib");
    let contrib = contrib.display();
    if let Some(hadolint) = linter("hadolint") {
        let said = sh(&format!(
            "{} {contrib}/container/Containerfile",
            hadolint.display()
        ));
        assert_eq!(said, "");
    }
    if let Some(validate) = linter("kubernetes-validate") {
        // The newest that it knows, and one that is old.
        for version in ["1.37", "1.28"] {
            let said = sh(&format!(
                "{} --strict -k {version} {contrib}/kubernetes/daemonset.yaml",
                validate.display()
            ));
            assert!(said.contains("passed for resource daemonset"), "{said}");
        }
    }
}

#[test]
fn the_daemonset_shares_the_network_of_its_host_and_has_no_privilege() {
    let daemonset = daemonset();
    let pod = &daemonset["spec"]["template"]["spec"];
    assert_eq!(pod["hostNetwork"], true);
    for other in ["hostPID", "hostIPC"] {
        assert!(pod[other].is_null(), "{other}");
    }
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["automountServiceAccountToken"], false);
    for list in ["initContainers", "containers"] {
        for container in pod[list].as_array().unwrap() {
            let security = &container["securityContext"];
            assert!(security["privileged"].is_null());
            assert_eq!(security["allowPrivilegeEscalation"], false);
            assert_eq!(security["readOnlyRootFilesystem"], true);
            assert_eq!(security["capabilities"]["drop"][0], "ALL");
            for mount in container["volumeMounts"].as_array().unwrap() {
                let own = mount["name"] == "textfile";
                assert_eq!(mount["readOnly"] == true, !own, "{mount}");
            }
        }
    }
    let user = format!(
        "{}:{}",
        pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]
    );
    assert_eq!(said_by_the_containerfile("USER "), user);
}

#[test]
fn the_static_program_needs_no_library() {
    let Some(program) = program() else { return };
    let (_, said) = tried(&format!("ldd {}", program.display()));
    assert!(said.contains("static"), "{said}");
}

/// The volumes of the pod as mounts of this root, whose files are those of the node.
fn lay_out(pod: &Value) {
    sh(&format!(
        "mkdir -p {IMAGE}/usr/bin {IMAGE}/proc {IMAGE}/sys {IMAGE}/dev
         install -m 755 {} {IMAGE}/usr/bin/tcptune",
        repository().join("target/static/tcptune").display()
    ));
    // What the comments of the DaemonSet ask for.
    sh("install -d -m 2775 -g 65532 /var/lib/node-exporter/textfile");
    let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
    for mount in mounts {
        sh(&format!(
            "mkdir -p {IMAGE}{}",
            mount["mountPath"].as_str().unwrap()
        ));
    }
    sh(&format!(
        "mount --bind {IMAGE} {IMAGE} && mount -o remount,ro,bind {IMAGE}"
    ));
    sh(&format!(
        "mount --bind /proc {IMAGE}/proc && mount -o remount,ro,bind {IMAGE}/proc
         mount --bind /sys {IMAGE}/sys && mount -o remount,ro,bind {IMAGE}/sys"
    ));
    for mount in mounts {
        let volumes = pod["volumes"].as_array().unwrap();
        let volume = volumes
            .iter()
            .find(|volume| volume["name"] == mount["name"]);
        let path = volume.unwrap()["hostPath"]["path"].as_str().unwrap();
        let there = format!("{IMAGE}{}", mount["mountPath"].as_str().unwrap());
        sh(&format!("mount --bind {path} {there}"));
        if mount["readOnly"] == true {
            sh(&format!("mount -o remount,ro,bind {there}"));
        }
    }
}

/// Starts a container as process 1 of a namespace, with the user and without the capabilities that it is to
/// have: who stops being root loses them, and nothing gives them back.
fn start(container: &Value) -> Child {
    let words = container["args"].as_array().unwrap();
    let words = words.iter().map(|word| word.as_str().unwrap().to_owned());
    Command::new("setpriv")
        .args(["--no-new-privs", "--clear-groups"])
        .args(["unshare", "--pid", "--fork", "--kill-child"])
        .args(["--setgid=65532", "--setuid=65532"])
        .arg(format!("--root={IMAGE}"))
        .arg("/usr/bin/tcptune")
        .args(words)
        .env_clear()
        .env("PATH", "/usr/bin")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The process that this one waits for.
fn child_of(parent: u32) -> Option<String> {
    let children = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(children).ok()?;
    children.split_whitespace().next().map(str::to_owned)
}

/// Waits until the program listens for signals.
fn listening(parent: u32) -> String {
    const TERM: u64 = 1 << 14;
    for _ in 0..1200 {
        let child = child_of(parent);
        let status = child
            .as_ref()
            .and_then(|child| fs::read_to_string(format!("/proc/{child}/status")).ok());
        let caught = status.as_ref().and_then(|status| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("SigCgt:"))?;
            u64::from_str_radix(line.trim(), 16).ok()
        });
        if caught.is_some_and(|caught| caught & TERM != 0) {
            return child.unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the program never listened for signals");
}

fn metrics() -> String {
    fs::read_to_string("/var/lib/node-exporter/textfile/tcptune.prom").unwrap()
}

/// With the arguments, the user and the mounts of the `DaemonSet`, on a root without a library or a shell.
#[test]
fn the_containers_of_the_daemonset_audit_their_node() {
    in_own_root(
        "container::the_containers_of_the_daemonset_audit_their_node",
        || {
            if program().is_none() {
                return;
            }
            for tool in ["setpriv", "unshare"] {
                assert!(installed(tool).is_some(), "{tool}");
            }
            let daemonset = daemonset();
            let pod = &daemonset["spec"]["template"]["spec"];
            sh(
                "mkdir -p /etc/sysctl.d && echo 'net.ipv4.tcp_tw_recycle = 1' >/etc/sysctl.d/80-node.conf",
            );
            lay_out(pod);
            let mut first = start(&pod["initContainers"][0]);
            assert_eq!(first.wait().unwrap().code(), Some(0));
            let said = metrics();
            assert!(said.contains("\ntcptune_last_run_success 1\n"), "{said}");
            // Of a file of the node.
            assert!(said.contains("rule=\"tw-recycle-removed\""), "{said}");
            if let Some(promtool) = installed("promtool") {
                let line = "check metrics </var/lib/node-exporter/textfile/tcptune.prom";
                sh(&format!("{} {line}", promtool.display()));
            }
            sh("rm /var/lib/node-exporter/textfile/tcptune.prom");
            // A pod that is deleted: the hour ends at once, and what is known is written.
            let mut audit = start(&pod["containers"][0]);
            let program = listening(audit.id());
            let status = fs::read_to_string(format!("/proc/{program}/status")).unwrap();
            for line in [
                "Uid:\t65532\t65532",
                "CapPrm:\t0000000000000000",
                "NoNewPrivs:\t1",
            ] {
                assert!(status.contains(line), "{line}: {status}");
            }
            let has = |so: &dyn Fn(&str) -> bool| assert!(status.lines().any(so), "{status}");
            has(&|line| line.trim_end() == "Groups:");
            has(&|line| line.starts_with("NSpid:") && line.ends_with("\t1"));
            sh(&format!("kill -TERM {program}"));
            assert_eq!(audit.wait().unwrap().code(), Some(0));
            assert!(metrics().contains("tcptune_build_info{"), "{}", metrics());
            // A folder that cannot be written to is told, and nothing is left there.
            sh("chmod 755 /var/lib/node-exporter/textfile && rm /var/lib/node-exporter/textfile/*");
            let mut refused = start(&pod["initContainers"][0]);
            assert_eq!(refused.wait().unwrap().code(), Some(2));
            assert_eq!(sh("ls -A /var/lib/node-exporter/textfile"), "");
        },
    );
}

/// What the comment of the Containerfile promises: the image alone, its own folders and nothing of the host's files.
#[test]
fn the_container_audits_without_any_file_of_the_host() {
    in_own_root(
        "container::the_container_audits_without_any_file_of_the_host",
        || {
            if program().is_none() {
                return;
            }
            assert_eq!(said_by_the_containerfile("FROM "), "scratch");
            let command: Value = serde_json::from_str(&said_by_the_containerfile("CMD ")).unwrap();
            lay_out(&serde_json::json!({ "containers": [{ "volumeMounts": [] }], "volumes": [] }));
            assert_eq!(
                sh(&format!("find {IMAGE} -xdev -type f")),
                format!("{IMAGE}/usr/bin/tcptune\n")
            );
            let ran = start(&serde_json::json!({ "args": command }));
            let output = ran.wait_with_output().unwrap();
            let page = String::from_utf8(output.stdout).unwrap();
            assert!(matches!(output.status.code(), Some(0 | 1)), "{page}");
            assert!(page.contains("Nothing was changed."), "{page}");
        },
    );
}
