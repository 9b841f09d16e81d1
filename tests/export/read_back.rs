//! What is written, read back by whatever reads it: nothing is lost or altered by quoting.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::program::{CHANGES, Change, Plan};

fn wanted(changes: &[Change]) -> BTreeMap<String, String> {
    let pairs = changes.iter();
    let pairs = pairs.map(|(key, value, _)| ((*key).to_owned(), (*value).to_owned()));
    pairs.collect()
}

/// A value that every language would take for something else, in a key that takes any word.
const ODD: [Change; 3] = [
    ("net.ipv4.tcp_congestion_control", "a'b\"c\\d$e", "odd"),
    ("net.ipv4.tcp_rmem", "4096 131072 8388608", "odd"),
    ("net.ipv4.tcp_keepalive_time", "600", "odd"),
];

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn yaml(to: &str, changes: &[Change], more: &[&str]) -> Value {
    let text = Plan::of(changes).export(to, more).exits(0).out;
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn tasks_of_ansible_hold_every_value_as_a_string() {
    let tasks = yaml("ansible", &CHANGES, &[]);
    let of = |task: &Value| {
        let module = &task["ansible.posix.sysctl"];
        assert_eq!(
            module["sysctl_file"],
            "/etc/sysctl.d/60-tcptune-export.conf"
        );
        (text(&module["name"]), text(&module["value"]))
    };
    let found: BTreeMap<_, _> = tasks.as_array().unwrap().iter().map(of).collect();
    assert_eq!(found, wanted(&CHANGES));
}

#[test]
fn states_of_salt_hold_every_value_as_a_string() {
    let states = yaml("salt", &ODD, &[]);
    let of = |(id, state): (&String, &Value)| {
        let list = &state["sysctl.present"];
        let pair = (text(&list[0]["name"]), text(&list[1]["value"]));
        assert_eq!(*id, format!("tcptune {}", pair.0));
        pair
    };
    let found: BTreeMap<_, _> = states.as_object().unwrap().iter().map(of).collect();
    assert_eq!(found, wanted(&ODD));
}

/// `PodSecurityContext.sysctls` is a list of objects that have a name and a value and nothing else, both of
/// them strings; a name is one that the API server takes.
#[test]
fn a_pod_s_sysctls_are_of_the_types_that_the_api_of_kubernetes_has() {
    let pod = yaml("kubernetes", &ODD, &["--allow-unsafe"]);
    let fields: Vec<&String> = pod.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["securityContext"]);
    let context = pod["securityContext"].as_object().unwrap();
    assert_eq!(context.len(), 1);
    let list = context["sysctls"].as_array().unwrap().iter();
    let of = |one: &Value| {
        assert_eq!(one.as_object().unwrap().len(), 2, "{one}");
        (text(&one["name"]), text(&one["value"]))
    };
    assert_eq!(list.map(of).collect::<BTreeMap<_, _>>(), wanted(&ODD));
}

#[test]
fn a_service_of_compose_holds_every_value_with_its_dollars_doubled() {
    let file = yaml("compose", &ODD, &[]);
    let map = file["services"]["tcptune"]["sysctls"].as_object().unwrap();
    let found: BTreeMap<_, _> = map
        .iter()
        .map(|(key, value)| (key.clone(), text(value).replace("$$", "$")))
        .collect();
    assert_eq!(found, wanted(&ODD));
    assert_eq!(map["net.ipv4.tcp_congestion_control"], "a'b\"c\\d$$e");
}

#[test]
fn a_cloud_config_writes_the_lines_of_sysctl_d() {
    let config = yaml("cloud-init", &CHANGES, &[]);
    let content = text(&config["write_files"][0]["content"]);
    let sets = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.contains(" = "));
        lines.map(str::to_owned).collect()
    };
    let plain = Plan::of(&CHANGES).export("sysctl.d", &[]).out;
    assert_eq!(sets(&content), sets(&plain));
    assert_eq!(config["runcmd"][0][1], "-p");
    assert_eq!(config["runcmd"][0][2], config["write_files"][0]["path"]);
}

/// The command that the head of the file gives, with a program in the place of docker.
#[test]
fn a_shell_hands_every_option_to_docker_whole() {
    let plan = Plan::of(&ODD);
    let file = plan.export_as("docker", "options");
    let text = fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.contains("eval ")).unwrap();
    let script = line
        .trim_start_matches("# ")
        .replace("docker run", "printf '%s\\n'")
        .replace("FILE", file.to_str().unwrap());
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    let words: Vec<&str> = words.lines().collect();
    let (image, options) = words.split_last().unwrap();
    assert_eq!(*image, "IMAGE");
    let pairs = options.chunks(2).map(|pair| {
        assert_eq!(pair[0], "--sysctl");
        let (key, value) = pair[1].split_once('=').unwrap();
        (key.to_owned(), value.to_owned())
    });
    assert_eq!(pairs.collect::<BTreeMap<_, _>>(), wanted(&ODD));
}
