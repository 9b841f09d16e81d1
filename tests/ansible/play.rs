//! Playbooks, run by the real ansible-core.

use std::fmt;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::host::Host;
use crate::stage::{ROOM, repository, tool};

/// What the hosts are reached by. Modules go over the connection itself (pipelining); what is written all the
/// same goes to a `/tmp` that nothing can be executed from.
const INVENTORY: &str = "
[web:vars]
ansible_user=root
ansible_ssh_private_key_file=/run/room/key
ansible_ssh_common_args=-o StrictHostKeyChecking=no -o UserKnownHostsFile=/run/room/known
ansible_python_interpreter=/usr/bin/python3
ansible_remote_tmp=/tmp/.ansible-${USER}
";

/// A control node.
pub(crate) struct Control {
    more: Vec<(&'static str, &'static str)>,
}

/// A run of ansible-playbook that ended.
pub(crate) struct Played {
    code: Option<i32>,
    said: String,
    results: Vec<Value>,
}

impl Control {
    /// Knows these hosts, and the collection as it stands in the repository.
    pub(crate) fn of(hosts: &[Host]) -> Self {
        let lines: Vec<String> = hosts.iter().map(Host::line).collect();
        let inventory = format!("[web]\n{}\n{INVENTORY}", lines.join("\n"));
        fs::write(format!("{ROOM}/inventory"), inventory).unwrap();
        let folder = format!("{ROOM}/collections/ansible_collections/tcptune");
        fs::create_dir_all(&folder).unwrap();
        let collection = repository().join("contrib/ansible");
        let link = Path::new(&folder).join("tcptune");
        if !link.exists() {
            symlink(collection, link).unwrap();
        }
        let plugins = format!("{ROOM}/callback");
        fs::create_dir_all(&plugins).unwrap();
        fs::write(format!("{plugins}/record.py"), include_str!("record.py")).unwrap();
        fs::create_dir_all(format!("{ROOM}/home")).unwrap();
        Self { more: Vec::new() }
    }

    /// With a variable of the environment.
    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.more.push((name, value));
        self
    }

    /// Plays these tasks on all hosts.
    pub(crate) fn tasks(&self, tasks: &str, words: &[&str]) -> Played {
        let head = "- hosts: web\n  gather_facts: false\n";
        let tasks = tasks.trim_matches('\n').replace('\n', "\n    ");
        self.play(&format!("{head}  tasks:\n    {tasks}\n"), words)
    }

    /// Plays a playbook.
    pub(crate) fn play(&self, text: &str, words: &[&str]) -> Played {
        let (book, record) = (format!("{ROOM}/play.yml"), format!("{ROOM}/record"));
        fs::write(&book, text).unwrap();
        fs::write(&record, "").unwrap();
        let output = Command::new(tool("ansible-playbook").unwrap())
            .args(["--inventory", &format!("{ROOM}/inventory"), &book])
            .args(words)
            .env_clear()
            .envs(environment())
            .env("TCPTUNE_RECORD", &record)
            .envs(self.more.iter().copied())
            .current_dir(ROOM)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let results = fs::read_to_string(&record).unwrap();
        let results = results.lines().map(serde_json::from_str);
        Played {
            code: output.status.code(),
            said: String::from_utf8_lossy(&said).into_owned(),
            results: results.map(Result::unwrap).collect(),
        }
    }
}

/// What ansible finds around it.
fn environment() -> Vec<(&'static str, String)> {
    let room = |name: &str| format!("{ROOM}/{name}");
    vec![
        ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("HOME", room("home")),
        ("ANSIBLE_HOME", room("home")),
        ("ANSIBLE_COLLECTIONS_PATH", room("collections")),
        ("ANSIBLE_CALLBACK_PLUGINS", room("callback")),
        ("ANSIBLE_CALLBACKS_ENABLED", "record".to_owned()),
        ("ANSIBLE_PIPELINING", "1".to_owned()),
        ("ANSIBLE_RETRY_FILES_ENABLED", "0".to_owned()),
        ("ANSIBLE_NOCOLOR", "1".to_owned()),
        // The collection is the repository's own folder.
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
    ]
}

impl Played {
    /// Ended with this code: 0 for done, 2 for a host that failed, 4 for one that was not reached.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    pub(crate) fn says(self, part: &str) -> Self {
        assert!(self.said.contains(part), "no `{part}` in\n{self}");
        self
    }

    /// What became of a task on a host: `ok`, `failed`, `skipped`, `unreachable`; `None` where it was not run.
    pub(crate) fn ended(&self, host: &Host, task: &str) -> Option<&str> {
        self.record(host, task)?["ended"].as_str()
    }

    /// The result of a task on a host.
    pub(crate) fn result(&self, host: &Host, task: &str) -> &Value {
        match self.record(host, task) {
            Some(record) => &record["result"],
            None => panic!("no `{task}` on {}\n{self}", host.name),
        }
    }

    fn record(&self, host: &Host, task: &str) -> Option<&Value> {
        let mut results = self.results.iter().rev();
        // A task of a role has the role's name before its own.
        results.find(|one| {
            let name = one["task"].as_str().unwrap_or_default();
            one["host"] == host.name.as_str()
                && (name == task || name.ends_with(&format!(": {task}")))
        })
    }

    /// Whether the task changed the host.
    pub(crate) fn changed(&self, host: &Host, task: &str) -> bool {
        self.result(host, task)["changed"].as_bool().unwrap()
    }

    /// Whether anything changed anywhere.
    pub(crate) fn changed_nothing(&self) -> bool {
        assert!(!self.results.is_empty(), "{self}");
        self.results
            .iter()
            .all(|one| one["result"]["changed"] != true)
    }

    /// What a failed task says.
    pub(crate) fn message(&self, host: &Host, task: &str) -> &str {
        let result = self.result(host, task);
        assert_eq!(self.ended(host, task), Some("failed"), "{self}");
        result["msg"].as_str().unwrap()
    }
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {:?}\n{}", self.code, self.said)
    }
}
