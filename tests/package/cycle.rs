//! From the installation to the purge.

use crate::deb::{install, successor};
use crate::root::{in_own_root, sh, tried};

const DROPIN: &str = "/etc/sysctl.d/60-tcptune.conf";

/// Every setting of the network here.
fn settings() -> String {
    // A few are answered with an error in a new namespace; they are so each time.
    tried("sysctl -a -r '^net[.]'").1
}

/// A stand-in for a machine that systemd runs: every call of systemctl is written down.
fn pretend_systemd() {
    sh("mkdir -p /run/systemd/system
        rm -f /usr/bin/systemctl /bin/systemctl
        printf '#!/bin/sh\\necho \"$@\" >>/run/calls\\n' >/usr/bin/systemctl
        chmod 755 /usr/bin/systemctl; : >/run/calls
        printf '#!/bin/sh\\nexit 0\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d");
}

fn calls() -> String {
    sh("cat /run/calls; : >/run/calls")
}

/// No unit of the package is in anybody's `.wants`.
fn nothing_is_enabled() {
    let links = sh("find /etc/systemd /usr/lib/systemd -name '*tcptune*' -path '*.wants/*'");
    assert_eq!(links, "");
}

/// An apply of the real program: a profile wants a value, and the change lasts.
fn apply() {
    sh(
        "printf 'profile: ours\\ntitle: hosts of the test\\nwant:\\n  net.core.somaxconn: { at_least: 9123 }\\n' >/root/ours.yaml",
    );
    let (code, said) =
        tried("tcptune apply --yes --profile /root/ours.yaml --select syncookies-off");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(sh("cat /proc/sys/net/core/somaxconn"), "9123\n");
    sh(&format!("grep -q 'somaxconn = 9123' {DROPIN}"));
    sh("test -n \"$(ls /var/lib/tcptune/journal)\"");
}

#[test]
fn what_was_installed_runs_and_nothing_is_set_enabled_or_started() {
    in_own_root(
        "cycle::what_was_installed_runs_and_nothing_is_set_enabled_or_started",
        || {
            pretend_systemd();
            let before = settings();
            if install().is_none() {
                return;
            }
            assert_eq!(settings(), before);
            nothing_is_enabled();
            assert_eq!(calls(), "--system daemon-reload\n");
            let (code, page) = tried("tcptune check --interval 0");
            assert!(matches!(code, Some(0 | 1)), "{page}");
            assert!(page.contains("Nothing was changed."), "{page}");
            let rules = sh("tcptune rules list");
            assert!(rules.lines().count() > 50, "{rules}");
            let page = sh("MANPAGER=cat man tcptune-check");
            assert!(page.contains("--format"), "{page}");
            // The empty folders of the site are none that the program stumbles over.
            sh("test -d /etc/tcptune/rules.d && test -d /etc/tcptune/profiles.d");
            sh("cp /usr/share/doc/tcptune/examples/waivers.yaml /etc/tcptune/");
            let waived = sh("tcptune rules list --select abort-on-overflow");
            assert!(waived.contains("waived until"), "{waived}");
        },
    );
}

#[test]
fn a_site_keeps_its_files_and_its_drop_in_until_the_purge() {
    in_own_root(
        "cycle::a_site_keeps_its_files_and_its_drop_in_until_the_purge",
        || {
            pretend_systemd();
            if install().is_none() {
                return;
            }
            sh("echo 'Our own words.' >/etc/tcptune/README
                printf 'id: syncookies-always\\ndisabled: true\\n' >/etc/tcptune/rules.d/syncookies-always.yaml
                mkdir -p /etc/systemd/system/timers.target.wants
                ln -s /usr/lib/systemd/system/tcptune-audit.timer /etc/systemd/system/timers.target.wants/");
            sh("mkdir -p /var/lib/private/tcptune-audit /var/lib/prometheus/node-exporter
                ln -sfn private/tcptune-audit /var/lib/tcptune-audit
                touch /var/lib/prometheus/node-exporter/tcptune.prom /var/lib/prometheus/node-exporter/apt.prom");
            apply();
            let (live, dropin) = (settings(), sh(&format!("cat {DROPIN}")));
            let kept = || {
                assert_eq!(settings(), live);
                assert_eq!(sh(&format!("cat {DROPIN}")), dropin);
                sh("test -n \"$(ls /var/lib/tcptune/journal)\" && grep -q Our /etc/tcptune/README");
                sh("test -f /etc/tcptune/rules.d/syncookies-always.yaml");
            };
            let _ = calls();

            let later = successor().unwrap();
            sh(&format!("dpkg -i {later}"));
            assert_eq!(sh("dpkg-query -W -f '${Version}' tcptune"), "9.0.0-1");
            sh("grep -q 'A line of the later release' /usr/share/doc/tcptune/README.md");
            kept();
            let said = calls();
            assert!(said.contains("restart tcptune-audit.timer"), "{said}");
            assert!(!said.contains("stop"), "{said}");
            sh(
                "mkdir -p /var/lib/systemd/timers /var/lib/prometheus/node-exporter
                touch /var/lib/systemd/timers/stamp-tcptune-audit.timer
                touch /var/lib/prometheus/node-exporter/tcptune.prom",
            );

            let said = sh("dpkg --remove tcptune");
            assert!(said.contains("60-tcptune.conf stays"), "{said}");
            assert!(calls().contains("stop tcptune-audit.timer"));
            sh("test ! -e /var/lib/prometheus/node-exporter/tcptune.prom");
            kept();
            // Enabled as it was, it goes on when the package is back.
            sh(&format!("dpkg -i {later}"));
            assert!(calls().contains("restart tcptune-audit.timer"));
            sh("dpkg --remove tcptune");
            kept();
            sh("test ! -e /usr/bin/tcptune && test ! -e /usr/share/man/man8/tcptune.8.gz");

            let said = sh("dpkg --purge tcptune");
            assert!(said.contains("stay in force until the next boot"), "{said}");
            assert_eq!(settings(), live);
            sh(&format!("test ! -e {DROPIN}"));
            let left =
                sh("find /var/lib -xdev -name '*tcptune*'; ls /var/lib/prometheus/node-exporter");
            assert!(
                !left.contains("tcptune") && left.contains("apt.prom"),
                "{left}"
            );
            // What the package brought is gone, what the site wrote beside it is not.
            assert_eq!(
                sh("find /etc/tcptune -type f"),
                "/etc/tcptune/rules.d/syncookies-always.yaml\n"
            );
            nothing_is_enabled();
            assert_eq!(tried("dpkg-query -s tcptune").0, Some(1));
        },
    );
}

#[test]
fn a_purge_leaves_a_drop_in_that_somebody_edited() {
    in_own_root(
        "cycle::a_purge_leaves_a_drop_in_that_somebody_edited",
        || {
            pretend_systemd();
            if install().is_none() {
                return;
            }
            apply();
            // Behind the sum of the lines, and among the lines before it.
            for edit in [
                "-e '$a net.core.somaxconn = 8192'",
                "-e '2i net.core.somaxconn = 8192'",
            ] {
                sh(&format!(
                    "cp {DROPIN} /root/whole && sed -i {edit} {DROPIN}"
                ));
                let said = sh("dpkg --purge tcptune");
                assert!(said.contains("has been edited and was left"), "{said}");
                sh(&format!(
                    "grep -q 'somaxconn = 8192' {DROPIN} && test ! -e /etc/tcptune"
                ));
                sh(&format!("mv /root/whole {DROPIN}"));
                assert!(install().is_some());
            }
            let said = sh("dpkg --purge tcptune");
            assert!(said.contains("stay in force"), "{said}");
            sh(&format!("test ! -e {DROPIN}"));
        },
    );
}

#[test]
fn a_purge_without_any_apply_says_nothing_of_one() {
    in_own_root(
        "cycle::a_purge_without_any_apply_says_nothing_of_one",
        || {
            if install().is_none() {
                return;
            }
            let said = sh("dpkg --purge tcptune");
            assert!(!said.contains("60-tcptune.conf"), "{said}");
            assert_eq!(
                sh("find /etc /usr /var/lib -xdev -name '*tcptune*' -not -path '*/target/*'"),
                ""
            );
        },
    );
}
