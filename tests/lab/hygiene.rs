//! The files that set keys at boot: what the loader and the kernel make of their lines.
//!
//! The loader runs in namespaces whose folders were covered before (see `net`), and sets keys of the
//! network namespace alone. What a rule says is judged from the case that the experiment has set up.

use std::fs;
use std::io;
use std::path::Path;

use tcptune::catalog;
use tcptune::fact::KernelVersion;

use crate::boot_files::{
    FIN, SYSTEMD, complaints, fin, inside, judged, load, net, write, write_file,
};
use crate::evidence::proved;
use crate::notes::note;

/// `tcp_tw_recycle` cannot be written, and the loader passes the line over.
#[test]
fn tw_recycle_removed() {
    let Some(net) = net() else { return };
    let key = "net.ipv4.tcp_tw_recycle";
    if Path::new("/proc/sys/net/ipv4/tcp_tw_recycle").exists() {
        return note("this kernel has tcp_tw_recycle still");
    }
    let refused = write(&net, key, "1").expect_err("the key is gone");
    assert_eq!(refused.kind(), io::ErrorKind::NotFound);
    let file = "/etc/sysctl.d/50-net.conf";
    load(&net, &[(file, &format!("{key} = 1\n{FIN} = 21\n"))]);
    assert_eq!(net.read(FIN), "21", "the other lines of the file count");
    assert!(write(&net, key, "1").is_err());
    let before = complaints(&net, file);
    assert_eq!(before.to_string(), "1");
    let line = "{ place: '/etc/sysctl.d/50-net.conf:1', key: net.ipv4.tcp_tw_recycle, value: 1, fate: ignored }";
    judged(
        "tw-recycle-removed",
        &format!(
            "facts: {{ sysctl.{key}: absent, host.initial_netns: true }}, definitions: [{line}], expect: fires"
        ),
    );
    write_file(&net, file, &format!("{FIN} = 21\n"));
    let after = complaints(&net, file);
    proved(
        "tw-recycle-removed",
        "lines that sysctl -p complains about",
        before,
        after,
    );
}

/// No key that the catalogue calls removed is on this kernel, and a line for one is passed over.
#[test]
fn removed_key_in_file() {
    let Some(net) = net() else { return };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("it is readable");
    let kernel = KernelVersion::parse(&release).expect("it is a version");
    let mut gone = Vec::new();
    for spec in catalog::keys() {
        if spec
            .removed_in
            .is_some_and(|release| release.is_in(&kernel))
        {
            let path = catalog::path(spec.key).expect("a key has a path");
            assert!(!Path::new("/proc/sys").join(path).exists(), "{}", spec.key);
            gone.push(spec.key);
        }
    }
    note(&format!("{} keys are gone: {gone:?}", gone.len()));
    assert!(gone.contains(&"net.ipv4.tcp_abc"), "a kernel since 3.9");
    let mut text = gone.join(" = 1\n");
    text.push_str(" = 1\nnet.ipv4.tcp_fin_timeout = 21\n");
    let file = "/etc/sysctl.d/50-net.conf";
    load(&net, &[(file, &text)]);
    assert_eq!(net.read(FIN), "21");
    let before = complaints(&net, file);
    write_file(&net, file, &format!("{FIN} = 21\n"));
    let after = complaints(&net, file);
    for key in gone.iter().filter(|key| **key != "net.ipv4.tcp_tw_recycle") {
        let line = format!(
            "{{ place: '/etc/sysctl.d/50-net.conf:1', key: {key}, value: 1, fate: ignored }}"
        );
        judged(
            "removed-key-in-file",
            &format!(
                "facts: {{ sysctl.{key}: absent, host.initial_netns: true }}, definitions: [{line}], expect: fires"
            ),
        );
    }
    proved(
        "removed-key-in-file",
        "lines that sysctl -p complains about",
        before,
        after,
    );
}

/// The loader puts the value of the file over the one that was written by hand.
#[test]
fn boot_differs_from_live() {
    let Some(net) = net() else { return };
    let line = "{ place: '/etc/sysctl.d/50-net.conf:1', key: net.ipv4.tcp_fin_timeout, value: 20 }";
    let judge = |live: &str, expect: &str| {
        judged(
            "boot-differs-from-live",
            &format!("facts: {{ sysctl.{FIN}: {live} }}, definitions: [{line}], expect: {expect}"),
        );
    };
    net.write(FIN, "30");
    judge(&net.read(FIN), "fires");
    // What a boot does, once and again.
    let boot = || {
        let before = fin(&net);
        let file = "/etc/sysctl.d/50-net.conf";
        load(&net, &[(file, "net.ipv4.tcp_fin_timeout = 20\n")]);
        assert_eq!(net.read(FIN), "20");
        (before - fin(&net)).abs()
    };
    let (first, second) = (boot(), boot());
    judge(&net.read(FIN), "holds");
    proved(
        "boot-differs-from-live",
        "seconds by which the files change tcp_fin_timeout",
        first,
        second,
    );
}

/// A value that no file sets: the loader does not bring it, and a kernel that starts has the default.
#[test]
fn setting_vanishes_at_boot() {
    let (Some(net), Some(fresh)) = (net(), net()) else {
        return;
    };
    let default = fresh.read(FIN);
    net.write(FIN, "30");
    load(
        &fresh,
        &[("/etc/sysctl.d/50-net.conf", "net.ipv4.tcp_retries2 = 9\n")],
    );
    assert_eq!(fresh.read(FIN), default, "as after a boot");
    let judge = |live: &str, expect: &str| {
        judged(
            "setting-vanishes-at-boot",
            &format!(
                "facts: {{ sysctl.{FIN}: {live}, default.{FIN}: {default}, host.initial_netns: true }}, definitions: [], expect: {expect}"
            ),
        );
    };
    judge(&net.read(FIN), "fires");
    judge(&fresh.read(FIN), "holds");
    let lost = (fin(&net) - fin(&fresh)).abs();
    load(
        &fresh,
        &[(
            "/etc/sysctl.d/50-net.conf",
            "net.ipv4.tcp_fin_timeout = 30\n",
        )],
    );
    let kept = (fin(&net) - fin(&fresh)).abs();
    proved(
        "setting-vanishes-at-boot",
        "seconds of tcp_fin_timeout that a boot changes",
        lost,
        kept,
    );
}

/// A file whose name does not end in `.conf`, and under systemd `/etc/sysctl.conf`, are not read.
#[test]
fn set_in_unread_file() {
    let Some(net) = net() else { return };
    let default = net.read(FIN);
    let loader = load(
        &net,
        &[("/etc/sysctl.d/99-tuning", "net.ipv4.tcp_fin_timeout = 21\n")],
    );
    assert_eq!(net.read(FIN), default);
    let line = |file: &str| format!("{{ place: '{file}:1', key: {FIN}, value: 21, unread: true }}");
    let judge = |file: &str| {
        judged(
            "set-in-unread-file",
            &format!(
                "facts: {{ default.{FIN}: {default} }}, definitions: [{}], expect: fires",
                line(file)
            ),
        );
    };
    judge("/etc/sysctl.d/99-tuning");
    let missed = (fin(&net) - 21.0).abs();
    let Some(named) = self::net() else { return };
    load(
        &named,
        &[(
            "/etc/sysctl.d/99-tuning.conf",
            "net.ipv4.tcp_fin_timeout = 21\n",
        )],
    );
    let met = (fin(&named) - 21.0).abs();
    proved(
        "set-in-unread-file",
        "seconds between the file's tcp_fin_timeout and the real one",
        missed,
        met,
    );
    if loader != "systemd-sysctl" || !Path::new("/etc/sysctl.conf").exists() {
        return note("sysctl.conf: not tried with this loader");
    }
    write_file(&net, "/run/sysctl.conf", "net.ipv4.tcp_fin_timeout = 22\n");
    let mount = ["mount", "--bind", "/run/sysctl.conf", "/etc/sysctl.conf"];
    assert!(inside(&net, "", &mount).status.success());
    assert!(inside(&net, "", &[SYSTEMD]).status.success());
    assert_eq!(net.read(FIN), default);
    judge("/etc/sysctl.conf");
    // What makes people believe in it:
    assert!(inside(&net, "", &["sysctl", "-p"]).status.success());
    assert_eq!(net.read(FIN), "22");
}

/// The last name wins, byte by byte and over all folders.
#[test]
fn shadowed_setting() {
    let Some(net) = net() else { return };
    let files = [
        (
            "/etc/sysctl.d/100-x.conf",
            "net.ipv4.tcp_fin_timeout = 21\n",
        ),
        (
            "/usr/lib/sysctl.d/99-y.conf",
            "net.ipv4.tcp_fin_timeout = 22\n",
        ),
        ("/etc/sysctl.d/50-z.conf", "net.ipv4.tcp_fin_timeout = 23\n"),
    ];
    load(&net, &files);
    assert_eq!(net.read(FIN), "22");
    let Some(last) = self::net() else { return };
    let renamed = [("/etc/sysctl.d/zz-x.conf", files[0].1), files[1], files[2]];
    load(&last, &renamed);
    let (missed, met) = ((fin(&net) - 21.0).abs(), (fin(&last) - 21.0).abs());
    judged(
        "shadowed-setting",
        "definitions: [
            { place: '/etc/sysctl.d/100-x.conf:1', key: net.ipv4.tcp_fin_timeout, value: 21, fate: shadowed, by: '/usr/lib/sysctl.d/99-y.conf:1' },
            { place: '/usr/lib/sysctl.d/99-y.conf:1', key: net.ipv4.tcp_fin_timeout, value: 22 }], expect: fires",
    );
    proved(
        "shadowed-setting",
        "seconds between the file's tcp_fin_timeout and the real one",
        missed,
        met,
    );
}

/// The last line of a file wins.
#[test]
fn duplicate_in_file() {
    let Some(net) = net() else { return };
    let text = "net.ipv4.tcp_fin_timeout = 21\nnet/ipv4/tcp_fin_timeout = 22\n";
    load(&net, &[("/etc/sysctl.d/50-net.conf", text)]);
    assert_eq!(net.read(FIN), "22");
    let missed = (fin(&net) - 21.0).abs();
    load(
        &net,
        &[(
            "/etc/sysctl.d/50-net.conf",
            "net.ipv4.tcp_fin_timeout = 21\n",
        )],
    );
    let met = (fin(&net) - 21.0).abs();
    judged(
        "duplicate-in-file",
        "definitions: [
            { place: '/etc/sysctl.d/50-net.conf:1', key: net.ipv4.tcp_fin_timeout, value: 21, fate: shadowed, by: '/etc/sysctl.d/50-net.conf:2' },
            { place: '/etc/sysctl.d/50-net.conf:2', key: net/ipv4/tcp_fin_timeout, value: 22 }], expect: fires",
    );
    proved(
        "duplicate-in-file",
        "seconds between the first line's tcp_fin_timeout and the real one",
        missed,
        met,
    );
}

/// A line for a key that does not exist yet is passed over, and nobody tries again when it does. The key
/// of an interface stands in for that of a module: to load one would change the whole machine.
#[test]
fn module_key_at_boot() {
    const LATE: &str = "net.ipv4.conf.late.log_martians";
    let Some(net) = net() else { return };
    let file = (
        "/etc/sysctl.d/50-net.conf",
        "net.ipv4.conf.late.log_martians = 1\nnet.ipv4.tcp_fin_timeout = 21\n",
    );
    load(&net, &[file]);
    assert_eq!(net.read(FIN), "21", "the other lines count");
    net.ip("link add late type veth peer name later\n");
    let lost = net.read(LATE);
    assert_eq!(lost, "0", "nobody tries again");
    // What modules-load.d does: the key is there before the files are read.
    load(&net, &[file]);
    assert_eq!(net.read(LATE), "1");
    for (fate, expect) in [("fate: ignored", "fires"), ("fate: wins", "holds")] {
        judged(
            "module-key-at-boot",
            &format!(
                "definitions: [{{ place: '/etc/sysctl.d/50-net.conf:1', key: net.netfilter.nf_conntrack_max, value: 262144, {fate} }}], expect: {expect}"
            ),
        );
    }
    proved(
        "module-key-at-boot",
        "lines for a key that comes later, in force of 1",
        0.0,
        1.0,
    );
}

/// A waiver takes a finding out of what counts for as long as it holds, and no longer.
#[test]
fn waiver_expired() {
    let Some(net) = net() else { return };
    let key = "net.ipv4.tcp_abort_on_overflow";
    let before = net.read(key);
    write(&net, key, "1").expect("the namespace is ours");
    let site = tempfile::tempdir().expect("a folder");
    let look = |until: &str| {
        let waiver = format!(
            "waivers: [{{ rule: abort-on-overflow, reason: the lab, owner: us, until: {until} }}]\n"
        );
        fs::write(site.path().join("waivers.yaml"), waiver).expect("the folder is ours");
        let config = site.path().to_str().expect("a plain path");
        let output = inside(
            &net,
            "",
            &[
                env!("CARGO_BIN_EXE_tcptune"),
                "check",
                "--format=json",
                "--interval=0",
                "--select=abort-on-overflow,waiver-expired",
                "--config",
                config,
            ],
        );
        let words = String::from_utf8_lossy(&output.stderr);
        let report = serde_json::from_slice(&output.stdout);
        let report: serde_json::Value = report.unwrap_or_else(|error| panic!("{error}: {words}"));
        let count = |severity: &str| report["summary"][severity].as_u64().expect("a number");
        let counts = count("medium") + count("low");
        let changes = report["findings"][0]["changes"]
            .as_array()
            .map_or(0, Vec::len);
        (output.status.code(), counts, count("waived"), changes)
    };
    // The first day of 2000 is over, whatever the clock says; the last day of 9999 is not.
    assert_eq!(look("2000-01-01"), (Some(1), 2, 0, 1));
    assert_eq!(look("9999-12-31"), (Some(0), 0, 1, 0));
    assert_eq!(net.read(key), "1", "nothing was changed");
    write(&net, key, &before).expect("as before");
    // Cured, nothing fires but the waiver that has ended; renewed, nothing at all.
    assert_eq!(look("2000-01-01").1, 1);
    assert_eq!(look("9999-12-31"), (Some(0), 0, 0, 0));
    proved("waiver-expired", "findings that count", 2.0, 0.0);
}
