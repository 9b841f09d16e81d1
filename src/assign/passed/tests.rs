use crate::assign::{find, shown::shown};

#[track_caller]
fn says(name: &str, text: &str, expected: &[&str]) {
    assert_eq!(shown(&find(name, text)), expected, "{name}:\n{text}");
}

#[test]
fn the_command_line_of_the_kernel_sets_keys() {
    says(
        "default/grub",
        "GRUB_CMDLINE_LINUX=\"quiet sysctl.net.ipv4.tcp_sack=0 sysctl.net/core/somaxconn=1024\"\n",
        &["1:34 net.ipv4.tcp_sack=0", "1:61 net.core.somaxconn=1024"],
    );
    says(
        "loader/entries/linux.conf",
        "title Linux\noptions root=/dev/vda rw sysctl.net.ipv4.ip_local_reserved_ports=8080,9000-9010 quiet\n",
        &["2:33 net.ipv4.ip_local_reserved_ports=8080,9000-9010"],
    );
    says(
        "kernel/cmdline",
        "rw sysctl.net.ipv4.tcp_timestamps=0",
        &["1:11 net.ipv4.tcp_timestamps=0"],
    );
    says(
        "boot.sh",
        "grubby --update-kernel=ALL --args=\"sysctl.net.ipv4.tcp_ecn=1\"\nsed -i 's/quiet/& sysctl.net.core.busy_poll=50/' /etc/default/grub\n",
        &["1:43 net.ipv4.tcp_ecn=1", "2:26 net.core.busy_poll=50"],
    );
    says(
        "machine.yaml",
        "install:\n  extraKernelArgs:\n    - sysctl.net.core.somaxconn=4096\n    # - sysctl.net.ipv4.tcp_sack=0\n",
        &[
            "3:14 net.core.somaxconn=4096",
            "4:16 net.ipv4.tcp_sack=0 commented",
        ],
    );
}

#[test]
fn names_of_facts_and_tests_for_arguments_set_nothing() {
    for text in [
        "sysctl.net.ipv4.tcp_sack == 1",
        "see sysctl.net.ipv4.tcp_sack = 1 there",
        "grep -q sysctl.net.ipv4.tcp_sack=0 /proc/cmdline",
        "mysysctl.net.ipv4.tcp_sack=0",
        "assert(config[\"linux.sysctl.net.ipv4.ip_forward\"])",
        "linux.sysctl.net.ipv4.ip_forward",
        "sysctl.network=1 sysctl.net.=1",
    ] {
        says("notes.txt", text, &[]);
    }
}

#[test]
fn containers_have_keys_of_their_own() {
    says(
        "lxc/101.conf",
        "lxc.uts.name = a\nlxc.sysctl.net.ipv4.tcp_rmem = 4096 87380 6291456\n# lxc.sysctl.net.core.somaxconn = 256\n",
        &[
            "2:12 net.ipv4.tcp_rmem=4096 87380 6291456",
            "3:14 net.core.somaxconn=256 commented",
        ],
    );
    says(
        "make.sh",
        "lxc config set c1 linux.sysctl.net.ipv4.tcp_fastopen 3\nlxc config set c1 linux.sysctl.net.ipv4.tcp_ecn=1\nlxc config set c1 raw.lxc \"lxc.sysctl.net.ipv4.ip_forward=0\" # off\necho \"lxc.sysctl.net.ipv4.ip_unprivileged_port_start = 0\" >> /etc/pve/lxc/100.conf\n",
        &[
            "1:32 net.ipv4.tcp_fastopen=3",
            "2:32 net.ipv4.tcp_ecn=1",
            "3:39 net.ipv4.ip_forward=0",
            "4:18 net.ipv4.ip_unprivileged_port_start=0",
        ],
    );
    says(
        "profile.yaml",
        "config:\n  linux.sysctl.net.ipv4.tcp_fastopen: \"3\"\n",
        &["2:16 net.ipv4.tcp_fastopen=3"],
    );
}

#[test]
fn augeas_sets_keys_by_paths() {
    says(
        "tune.sh",
        "augtool -s set /files/etc/sysctl.conf/net.ipv4.ip_forward 1\naugtool <<EOF\nset /files/etc/sysctl.d/50-a.conf/net.ipv4.ip_local_port_range \"15000 35530\"\nrm /files/etc/sysctl.conf/net.ipv4.tcp_sack\nset /files/etc/hosts/net.1 1\nEOF\n",
        &[
            "1:39 net.ipv4.ip_forward=1",
            "3:35 net.ipv4.ip_local_port_range=15000 35530",
        ],
    );
    says(
        "site.pp",
        "augeas { 'a':\n  changes => [ \"set /files/etc/sysctl.conf/net.core.somaxconn '4096'\", ],\n}\n",
        &["2:44 net.core.somaxconn=4096"],
    );
}

#[test]
fn ansible_at_the_prompt_names_key_and_value() {
    says(
        "run.sh",
        "ansible all -m sysctl -a \"name=net.ipv4.ip_forward value=1 state=present\" -b\nansible web -m ansible.posix.sysctl \\\n  -a 'name=net.ipv4.tcp_rmem value=\"4096 87380 6291456\"'\nansible all -m sysctl -a 'name=net.ipv4.tcp_sack state=absent value=0'\nansible all -m debug -a 'name=net.ipv4.tcp_sack value=0'\n",
        &[
            "1:32 net.ipv4.ip_forward=1",
            "3:12 net.ipv4.tcp_rmem=4096 87380 6291456",
        ],
    );
}

#[test]
fn ignition_writes_files_from_addresses() {
    says(
        "node.ign",
        "{\"storage\": {\"files\": [{\"contents\": {\n \"source\": \"data:,net.core.somaxconn%3D1024%0Anet.ipv4.tcp_rmem%20=%204096%2087380%201\"}}]}}\n",
        &[
            "2:19 net.core.somaxconn=1024",
            "2:47 net.ipv4.tcp_rmem=4096 87380 1",
        ],
    );
    says(
        "node.ign",
        "{\"source\": \"data:;base64,net.core.somaxconn=1\"}\n",
        &[],
    );
}

#[test]
fn no_value_is_as_long_as_a_line_of_nothing_but_arguments() {
    for word in [
        "sysctl.net.ipv4.x=",
        "lxc.sysctl.net.ipv4.x=",
        "set /files/sysctl/net.x \"",
        "data:,net.",
        "-m sysctl -a \"",
    ] {
        for one in find("a.conf", &word.repeat(4000)) {
            assert!(one.value.len() <= 600, "{word}");
        }
    }
}
