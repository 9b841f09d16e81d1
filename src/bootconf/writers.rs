//! Other programs that set keys: what can be read of them in a file tree.
//!
//! None of them is asked, only their configuration is looked at. What they do when they run is told
//! from their sources, named beside each claim; whether they run is not known here. Each entry is one
//! line of a file, or one program whose keys stand in its source.

mod tuned;

use std::collections::BTreeMap;

use super::{Entry, Tree};
use crate::catalog;
use crate::fact::boot::{Place, Writer};

/// Larger than any of these files.
const LIMIT: usize = 256 * 1024;

/// Where kubeadm puts the configuration of the kubelet.
const KUBELET: &str = "/var/lib/kubelet/config.yaml";

/// Every known program that sets keys on the host this tree belongs to.
pub fn writers(tree: &dyn Tree) -> Vec<Writer> {
    let mut found = tuned::writers(tree);
    found.extend(ufw(tree));
    found.extend(docker(tree));
    found.extend(kubelet(tree));
    found.extend(kube_proxy(tree));
    found.extend(network_manager(tree));
    found.extend(own_drop_in(tree));
    found
}

/// The text of a file; what is no UTF-8 in it is replaced. `None` when there is none to read.
fn text(tree: &dyn Tree, path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    if tree.entry(folder, name.as_bytes())? != Entry::File {
        return None;
    }
    let (bytes, _) = tree.read(folder, name.as_bytes(), LIMIT).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What stands at a path.
fn entry(tree: &dyn Tree, path: &str) -> Option<Entry> {
    let (folder, name) = path.rsplit_once('/')?;
    tree.entry(folder, name.as_bytes())
}

/// A line of a file that sets a key. Values of secrets are not carried on.
fn line(name: &str, file: &str, number: usize, key: &str, value: Option<&str>) -> Writer {
    let key = catalog::canonical(key).into_owned();
    let secret = catalog::find(&key).is_some_and(|spec| spec.secret);
    let value = value.map(|value| if secret { "(secret)" } else { value }.to_owned());
    Writer {
        name: name.to_owned(),
        place: Place {
            file: file.to_owned(),
            line: u32::try_from(number).ok(),
        },
        sets: BTreeMap::from([(key, value)]),
    }
}

/// A program that sets these keys whenever it starts.
fn program(name: &str, file: &str, sets: &[(&str, Option<&str>)]) -> Writer {
    let owned = |(key, value): &(&str, Option<&str>)| ((*key).to_owned(), value.map(str::to_owned));
    Writer {
        name: name.to_owned(),
        place: Place {
            file: file.to_owned(),
            line: None,
        },
        sets: sets.iter().map(owned).collect(),
    }
}

/// The last assignment of a variable in a file that a shell reads, quotes at the ends removed.
fn shell_value(text: &str, variable: &str) -> Option<String> {
    let assigned = |line: &str| {
        let value = line
            .trim_start()
            .strip_prefix(variable)?
            .strip_prefix('=')?;
        let value = value.split('#').next().unwrap_or_default().trim();
        Some(value.trim_matches(['"', '\'']).to_owned())
    };
    text.lines().filter_map(assigned).next_back()
}

/// The assignments of a file in the form of sysctl.conf(5): line, key, value. Of a key that is set
/// twice the last one counts.
fn assignments(text: &str) -> Vec<(usize, &str, &str)> {
    let mut last: BTreeMap<String, (usize, &str, &str)> = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        if let Some((key, value)) = line.split_once('=') {
            let key = key.trim().trim_start_matches('-').trim();
            if !key.is_empty() {
                let name = catalog::canonical(key).into_owned();
                last.insert(name, (at + 1, key, value.trim()));
            }
        }
    }
    let mut found: Vec<_> = last.into_values().collect();
    found.sort_unstable();
    found
}

/// The lines of a file in the form of sysctl.conf(5).
fn sysctl_file(tree: &dyn Tree, name: &str, file: &str) -> Vec<Writer> {
    let Some(text) = text(tree, file) else {
        return Vec::new();
    };
    assignments(&text)
        .into_iter()
        .map(|(number, key, value)| line(name, file, number, key, Some(value)))
        .collect()
}

/// ufw, if it is switched on. Its start script sources both files and runs `sysctl -e -q -p` on the file
/// that `IPT_SYSCTL` names (`ufw-init-functions`, `ufw_start`; ufw.service is ordered behind
/// systemd-sysctl.service), so what stands there beats every file that is read at boot.
fn ufw(tree: &dyn Tree) -> Vec<Writer> {
    let enabled = text(tree, "/etc/ufw/ufw.conf")
        .and_then(|text| shell_value(&text, "ENABLED"))
        .is_some_and(|value| matches!(value.as_str(), "yes" | "YES"));
    let file = text(tree, "/etc/default/ufw").and_then(|text| shell_value(&text, "IPT_SYSCTL"));
    match file {
        Some(file) if enabled && file.starts_with('/') => sysctl_file(tree, "ufw", &file),
        _ => Vec::new(),
    }
}

/// Docker. Its bridge driver switches forwarding on when it starts (`setup_ip_forwarding.go` of moby:
/// `net.ipv4.ip_forward`, and for a network with IPv6 `forwarding` of `default` and `all`), unless the
/// daemon is told not to.
fn docker(tree: &dyn Tree) -> Option<Writer> {
    const CONFIGURATION: &str = "/etc/docker/daemon.json";
    const DAEMON: &str = "/usr/bin/dockerd";
    let configured = text(tree, CONFIGURATION);
    let place = if configured.is_some() {
        CONFIGURATION
    } else if entry(tree, DAEMON).is_some() {
        DAEMON
    } else if entry(tree, "/etc/docker") == Some(Entry::Directory) {
        "/etc/docker"
    } else {
        return None;
    };
    let told: Option<serde_json::Value> =
        configured.and_then(|text| serde_json::from_str(&text).ok());
    let off =
        told.is_some_and(|told| told.get("ip-forward") == Some(&serde_json::Value::Bool(false)));
    let sets = [
        ("net.ipv4.ip_forward", Some("1")),
        // Two names of one switch in the kernel (`devinet_sysctl_forward`).
        ("net.ipv4.conf.all.forwarding", Some("1")),
        ("net.ipv6.conf.all.forwarding", None),
        ("net.ipv6.conf.default.forwarding", None),
    ];
    (!off).then(|| program("docker", place, &sets))
}

/// The kubelet. It sets six keys of the machine when it starts, none of them of the network
/// (`setupKernelTunables` in `container_manager_linux.go`); with `protectKernelDefaults` it refuses to
/// start instead of setting them.
fn kubelet(tree: &dyn Tree) -> Option<Writer> {
    let text = text(tree, KUBELET)?;
    let protects = text.lines().any(|line| {
        line.strip_prefix("protectKernelDefaults:")
            .is_some_and(|value| value.trim() == "true")
    });
    let sets = [
        ("kernel.keys.root_maxbytes", Some("25000000")),
        ("kernel.keys.root_maxkeys", Some("1000000")),
        ("kernel.panic", Some("10")),
        ("kernel.panic_on_oops", Some("1")),
        ("vm.overcommit_memory", Some("1")),
        ("vm.panic_on_oom", Some("0")),
    ];
    (!protects).then(|| program("kubelet", KUBELET, &sets))
}

/// kube-proxy. Where a kubelet is it usually runs too, as a container: of its own configuration, which is
/// kept in the cluster, there is no file. When it starts it raises the size of the connection table by
/// the number of processors, and two timeouts (`setupConntrack` in `cmd/kube-proxy/app/server_linux.go`;
/// `setIntSysCtl` in `conntrack.go` beside it never lowers a value).
fn kube_proxy(tree: &dyn Tree) -> Option<Writer> {
    let sets = [
        ("net.netfilter.nf_conntrack_max", None),
        ("net.netfilter.nf_conntrack_tcp_timeout_close_wait", None),
        ("net.netfilter.nf_conntrack_tcp_timeout_established", None),
    ];
    let mut marks = [KUBELET, "/etc/kubernetes/kubelet.conf"].into_iter();
    let mark = marks.find(|mark| entry(tree, mark) == Some(Entry::File))?;
    Some(program("kube-proxy", mark, &sets))
}

/// `NetworkManager`. For the interfaces it manages it takes router advertisements itself and sets what
/// nm-settings(5) describes as `ipv6.method` and `ipv6.ip6-privacy`; which values depends on each
/// connection.
fn network_manager(tree: &dyn Tree) -> Option<Writer> {
    const FOLDER: &str = "/etc/NetworkManager";
    let sets = [
        ("net.ipv6.conf.{interface}.accept_ra", None),
        ("net.ipv6.conf.{interface}.disable_ipv6", None),
        ("net.ipv6.conf.{interface}.use_tempaddr", None),
    ];
    (entry(tree, FOLDER) == Some(Entry::Directory))
        .then(|| program("NetworkManager", FOLDER, &sets))
}

/// The one file this program writes itself.
fn own_drop_in(tree: &dyn Tree) -> Vec<Writer> {
    sysctl_file(tree, "tcptune", "/etc/sysctl.d/60-tcptune.conf")
}

#[cfg(test)]
#[path = "writers/tests.rs"]
mod tests;
