//! The trees that are read.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// One tree and what its reading may take.
pub(crate) struct Situation {
    pub(crate) name: &'static str,
    /// Milliseconds.
    pub(crate) goal: f64,
    pub(crate) rounds: usize,
    pub(crate) lay_out: fn(&Path) -> io::Result<()>,
}

pub(crate) const SITUATIONS: [Situation; 4] = [
    Situation {
        name: "a usual host, 12 files",
        goal: 2.0,
        rounds: 500,
        lay_out: usual,
    },
    Situation {
        name: "10,000 files",
        goal: 1000.0,
        rounds: 15,
        lay_out: many,
    },
    Situation {
        name: "50 MB in 50 files",
        goal: 1000.0,
        rounds: 15,
        lay_out: large,
    },
    Situation {
        name: "50 MB of comments in one file",
        goal: 1000.0,
        rounds: 15,
        lay_out: one,
    },
];

/// What a distribution ships, and what administrators add.
fn usual(root: &Path) -> io::Result<()> {
    let shipped = root.join("usr/lib/sysctl.d");
    let own = root.join("etc/sysctl.d");
    fs::create_dir_all(&shipped)?;
    fs::create_dir_all(&own)?;
    let comment = "# What this file is for, in a few words, as they all have them.\n#\n".repeat(4);
    for (folder, name, lines) in [
        (&shipped, "10-coredump.conf", "kernel.core_pattern = core\n"),
        (
            &shipped,
            "50-default.conf",
            "kernel.sysrq = 16\nnet.ipv4.conf.default.rp_filter = 2\nnet.ipv4.conf.*.rp_filter = 2\n\
             -net.ipv4.conf.all.rp_filter\nnet.ipv4.conf.default.accept_source_route = 0\n\
             net.ipv4.conf.*.accept_source_route = 0\n-net.ipv4.conf.all.accept_source_route\n\
             net.ipv4.conf.default.promote_secondaries = 1\nnet.ipv4.conf.*.promote_secondaries = 1\n\
             -net.ipv4.conf.all.promote_secondaries\n-net.core.default_qdisc = fq_codel\n",
        ),
        (&shipped, "50-pid-max.conf", "kernel.pid_max = 4194304\n"),
        (
            &shipped,
            "99-protect-links.conf",
            "fs.protected_fifos = 1\nfs.protected_hardlinks = 1\n",
        ),
        (
            &own,
            "10-console-messages.conf",
            "kernel.printk = 4 4 1 7\n",
        ),
        (
            &own,
            "10-ipv6-privacy.conf",
            "net.ipv6.conf.all.use_tempaddr = 2\n",
        ),
        (
            &own,
            "10-kernel-hardening.conf",
            "kernel.kptr_restrict = 1\n",
        ),
        (
            &own,
            "10-network-security.conf",
            "net.ipv4.conf.default.rp_filter=2\nnet.ipv4.conf.all.rp_filter=2\n",
        ),
        (&own, "10-ptrace.conf", "kernel.yama.ptrace_scope = 1\n"),
        (
            &own,
            "60-network.conf",
            "net.core.somaxconn = 4096\nnet.ipv4.tcp_rmem = 4096 131072 16777216\n\
             net.ipv4.tcp_wmem = 4096 65536 16777216\nnet.ipv4.tcp_congestion_control = bbr\n\
             net.ipv4.ip_local_port_range = 10240 65535\nnet.ipv4.tcp_tw_reuse = 1\n",
        ),
        (
            &own,
            "90-kubernetes.conf",
            "net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\n",
        ),
    ] {
        fs::write(folder.join(name), format!("{comment}{lines}"))?;
    }
    fs::write(
        root.join("etc/sysctl.conf"),
        format!("{comment}net.ipv4.tcp_syncookies=1\n"),
    )?;
    symlink("../sysctl.conf", own.join("99-sysctl.conf"))
}

fn many(root: &Path) -> io::Result<()> {
    let folders =
        ["etc/sysctl.d", "run/sysctl.d", "usr/lib/sysctl.d"].map(|folder| root.join(folder));
    for folder in &folders {
        fs::create_dir_all(folder)?;
    }
    for number in 0..10_000 {
        let text = format!(
            "# file {number}\nnet.ipv4.conf.eth{}.rp_filter = 1\nnet.ipv4.tcp_fin_timeout = {number}\n\
             net.ipv4.conf.*.log_martians = {}\n",
            number % 2000,
            number % 2
        );
        let folder = folders.get(number % 3).unwrap_or(&folders[0]);
        fs::write(folder.join(format!("{number}.conf")), text)?;
    }
    Ok(())
}

fn large(root: &Path) -> io::Result<()> {
    let folder = root.join("etc/sysctl.d");
    fs::create_dir_all(&folder)?;
    for number in 0..50 {
        let mut text = String::new();
        let mut line = 0;
        while text.len() < 1_000_000 {
            line += 1;
            let _ = writeln!(
                text,
                "# Line {line}, with as many words as administrators leave to each other.\nnet.ipv4.conf.eth{}.rp_filter = {}\nnet/ipv4/tcp_rmem = 4096 131072 {line}",
                line % 500,
                line % 3,
            );
        }
        fs::write(folder.join(format!("{number}.conf")), text)?;
    }
    Ok(())
}

fn one(root: &Path) -> io::Result<()> {
    let folder = root.join("etc/sysctl.d");
    fs::create_dir_all(&folder)?;
    let comment =
        "# a line of words that are of no use to a loader, eighty bytes of them or so....\n";
    let text = comment.repeat(50_000_000 / comment.len());
    fs::write(
        folder.join("50-a.conf"),
        format!("net.ipv4.tcp_sack = 1\n{text}net.ipv4.tcp_sack = 0\n"),
    )
}
