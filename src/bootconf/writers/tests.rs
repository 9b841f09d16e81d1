//! Trees with a program or two in them.

use std::rc::Rc;

use super::*;

/// Files by path; folders follow from them.
struct Files(BTreeMap<String, String>);

impl Files {
    fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self(files.iter().map(owned).collect())
    }

    fn path(directory: &str, name: &[u8]) -> String {
        format!("{directory}/{}", String::from_utf8_lossy(name))
    }
}

impl Tree for Files {
    fn list(&self, _: &str) -> Result<Vec<Vec<u8>>, String> {
        Ok(Vec::new())
    }

    fn entry(&self, directory: &str, name: &[u8]) -> Option<Entry> {
        let path = Self::path(directory, name);
        if self.0.contains_key(&path) {
            return Some(Entry::File);
        }
        let below = format!("{path}/");
        let inhabited = self.0.keys().any(|file| file.starts_with(&below));
        inhabited.then_some(Entry::Directory)
    }

    fn target(&self, _: &str, _: &[u8]) -> Option<String> {
        None
    }

    fn read(&self, directory: &str, name: &[u8], _: usize) -> Result<(Rc<[u8]>, bool), String> {
        let text = self.0.get(&Self::path(directory, name)).ok_or("ENOENT")?;
        Ok((Rc::from(text.as_bytes()), false))
    }
}

/// `name place key=value` of each writer.
fn told(files: &[(&str, &str)]) -> Vec<String> {
    let mut told = Vec::new();
    for writer in writers(&Files::of(files)) {
        for (key, value) in &writer.sets {
            let value = value.as_deref().unwrap_or("?");
            told.push(format!("{} {} {key}={value}", writer.name, writer.place));
        }
    }
    told
}

#[test]
fn an_empty_tree_has_no_writers() {
    assert_eq!(told(&[]), [""; 0]);
}

#[test]
fn the_active_tuned_profile_is_laid_over_the_one_it_includes() {
    let told = told(&[
        ("/etc/tuned/active_profile", "web\n"),
        (
            "/etc/tuned/web/tuned.conf",
            "[main]\nsummary=x\ninclude=base\n\n[sysctl]\n\
             net.ipv4.tcp_rmem=\"4096 131072 16777216\"\n\
             net/core/somaxconn=>2048 # at least\nvm.dirty_ratio=${ratio}\n",
        ),
        (
            "/usr/lib/tuned/base/tuned.conf",
            "# net.a.b=1\n[sysctl]\nnet.ipv4.tcp_rmem = 1 2 3\nnet.ipv4.tcp_sack = 1\n[disk]\nnet.x.y=1\n",
        ),
        (
            "/usr/lib/tuned/other/tuned.conf",
            "[sysctl]\nnet.ipv4.tcp_sack=0\n",
        ),
    ]);
    assert_eq!(
        told,
        [
            "tuned profile web /etc/tuned/web/tuned.conf:6 net.ipv4.tcp_rmem=4096 131072 16777216",
            "tuned profile web /etc/tuned/web/tuned.conf:7 net.core.somaxconn=>2048",
            "tuned profile web /etc/tuned/web/tuned.conf:8 vm.dirty_ratio=?",
            "tuned profile base /usr/lib/tuned/base/tuned.conf:4 net.ipv4.tcp_sack=1",
        ]
    );
}

#[test]
fn a_tuned_profile_may_include_the_one_it_replaces_and_itself_does_not_loop() {
    let told = told(&[
        ("/etc/tuned/active_profile", "base ../base .. loop"),
        (
            "/etc/tuned/profiles/base/tuned.conf",
            "[main]\ninclude=base\n[sysctl]\nnet.core.somaxconn=1\n",
        ),
        (
            "/usr/lib/tuned/profiles/base/tuned.conf",
            "[sysctl]\nnet.core.somaxconn=2\nnet.ipv4.tcp_sack=1\n",
        ),
        (
            "/usr/lib/tuned/loop/tuned.conf",
            "[main]\ninclude=loop;loop,loop\n[sysctl]\nnet.ipv4.tcp_ecn=1\n",
        ),
    ]);
    assert_eq!(
        told,
        [
            "tuned profile base /etc/tuned/profiles/base/tuned.conf:4 net.core.somaxconn=1",
            "tuned profile loop /usr/lib/tuned/loop/tuned.conf:4 net.ipv4.tcp_ecn=1",
            "tuned profile base /usr/lib/tuned/profiles/base/tuned.conf:3 net.ipv4.tcp_sack=1",
        ]
    );
}

#[test]
fn a_section_that_replaces_leaves_nothing_of_the_included_one() {
    let told = told(&[
        ("/etc/tuned/active_profile", "web"),
        (
            "/etc/tuned/web/tuned.conf",
            "[main]\ninclude=base\n[mine]\ntype=sysctl\nreplace=1\nnet.ipv4.tcp_ecn=1\n",
        ),
        (
            "/etc/tuned/base/tuned.conf",
            "[mine]\ntype=sysctl\nnet.ipv4.tcp_sack=0\n",
        ),
    ]);
    assert_eq!(
        told,
        ["tuned profile web /etc/tuned/web/tuned.conf:6 net.ipv4.tcp_ecn=1"]
    );
}

#[test]
fn ufw_sets_its_file_when_it_is_switched_on() {
    let conf = (
        "/etc/ufw/sysctl.conf",
        "#net/ipv4/a=1\nnet/ipv4/conf/all/rp_filter=1\n",
    );
    let defaults = (
        "/etc/default/ufw",
        "IPV6=yes\nIPT_SYSCTL=/etc/ufw/sysctl.conf\n",
    );
    let expected = ["ufw /etc/ufw/sysctl.conf:2 net.ipv4.conf.all.rp_filter=1"];
    assert_eq!(
        told(&[conf, defaults, ("/etc/ufw/ufw.conf", "ENABLED=\"yes\"\n")]),
        expected
    );
    for off in [
        "ENABLED=no\n",
        "#ENABLED=yes\n",
        "ENABLED=yes\nENABLED=no\n",
        "",
    ] {
        assert_eq!(
            told(&[conf, defaults, ("/etc/ufw/ufw.conf", off)]),
            [""; 0],
            "{off}"
        );
    }
    let none = ("/etc/default/ufw", "#IPT_SYSCTL=/etc/ufw/sysctl.conf\n");
    assert_eq!(
        told(&[conf, none, ("/etc/ufw/ufw.conf", "ENABLED=yes\n")]),
        [""; 0]
    );
}

#[test]
fn docker_switches_forwarding_on_unless_it_is_told_not_to() {
    let sets = |files: &[(&str, &str)]| {
        let forward = |line: &String| line.ends_with("net.ipv4.ip_forward=1");
        told(files).into_iter().find(forward)
    };
    let found = sets(&[("/usr/bin/dockerd", "")]);
    assert_eq!(
        found.as_deref(),
        Some("docker /usr/bin/dockerd net.ipv4.ip_forward=1")
    );
    assert!(sets(&[("/etc/docker/key.json", "")]).is_some());
    assert!(sets(&[("/etc/docker/daemon.json", "{\"ipv6\": true}")]).is_some());
    assert!(sets(&[("/etc/docker/daemon.json", "not JSON")]).is_some());
    assert_eq!(
        sets(&[("/etc/docker/daemon.json", "{\"ip-forward\": false}")]),
        None
    );
}

#[test]
fn a_kubelet_that_protects_the_defaults_sets_nothing() {
    let kubelet = |text| {
        let told = told(&[("/var/lib/kubelet/config.yaml", text)]);
        let own = told.iter().filter(|line| line.starts_with("kubelet "));
        own.count()
    };
    assert_eq!(kubelet("kind: KubeletConfiguration\n"), 6);
    assert_eq!(kubelet("protectKernelDefaults: false\n"), 6);
    assert_eq!(kubelet("protectKernelDefaults: true\n"), 0);
}

#[test]
fn where_a_kubelet_is_the_proxy_beside_it_raises_the_connection_table() {
    for mark in [
        "/var/lib/kubelet/config.yaml",
        "/etc/kubernetes/kubelet.conf",
    ] {
        let told = told(&[(mark, "protectKernelDefaults: true\n")]);
        let expected = [
            "nf_conntrack_max",
            "nf_conntrack_tcp_timeout_close_wait",
            "nf_conntrack_tcp_timeout_established",
        ]
        .map(|key| format!("kube-proxy {mark} net.netfilter.{key}=?"));
        assert_eq!(told, expected);
    }
}

#[test]
fn network_manager_sets_keys_of_any_interface() {
    let found = writers(&Files::of(&[(
        "/etc/NetworkManager/NetworkManager.conf",
        "",
    )]));
    let [writer] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        writer.value_of("net.ipv6.conf.eth0/100.accept_ra"),
        Some(None)
    );
    assert_eq!(writer.value_of("net.ipv6.conf.eth0.forwarding"), None);
    for template in ["all", "default"] {
        let key = format!("net.ipv6.conf.{template}.accept_ra");
        assert_eq!(writer.value_of(&key), None, "{key}");
    }
}

#[test]
fn the_own_file_is_read_and_a_secret_in_it_is_not_carried_on() {
    let told = told(&[(
        "/etc/sysctl.d/60-tcptune.conf",
        "; mine\n-net.core.somaxconn = 4096\nnet.core.somaxconn=8192\nnet.ipv4.tcp_fastopen_key = 1-2-3-4\n= 7\nx\n",
    )]);
    assert_eq!(
        told,
        [
            "tcptune /etc/sysctl.d/60-tcptune.conf:3 net.core.somaxconn=8192",
            "tcptune /etc/sysctl.d/60-tcptune.conf:4 net.ipv4.tcp_fastopen_key=(secret)",
        ]
    );
}
