//! What is in the package, and what Debian's own checker says of it.

use std::collections::BTreeMap;

use crate::deb::{deb, install};
use crate::root::{in_own_root, installed, repository, sh, skip};

/// Every file that is not a manual page, with its mode.
const FILES: [(&str, &str); 19] = [
    ("/etc/tcptune/README", "644"),
    ("/etc/tcptune/profiles.d/README", "644"),
    ("/etc/tcptune/rules.d/README", "644"),
    ("/usr/bin/tcptune", "755"),
    ("/usr/lib/systemd/system/tcptune-audit.service", "644"),
    ("/usr/lib/systemd/system/tcptune-audit.timer", "644"),
    ("/usr/share/bash-completion/completions/tcptune", "644"),
    ("/usr/share/doc/tcptune/README.md", "644"),
    ("/usr/share/doc/tcptune/changelog.Debian.gz", "644"),
    ("/usr/share/doc/tcptune/changelog.gz", "644"),
    ("/usr/share/doc/tcptune/copyright", "644"),
    ("/usr/share/doc/tcptune/crates.txt", "644"),
    ("/usr/share/doc/tcptune/examples/sudoers", "644"),
    ("/usr/share/doc/tcptune/examples/waivers.yaml", "644"),
    ("/usr/share/doc/tcptune/systemd.md", "644"),
    ("/usr/share/fish/vendor_completions.d/tcptune.fish", "644"),
    ("/usr/share/lintian/overrides/tcptune", "644"),
    ("/usr/share/man/man8/tcptune.8.gz", "644"),
    ("/usr/share/zsh/vendor-completions/_tcptune", "644"),
];

#[test]
fn the_package_holds_these_files_with_these_modes_and_a_page_for_each_command() {
    in_own_root(
        "contents::the_package_holds_these_files_with_these_modes_and_a_page_for_each_command",
        || {
            if install().is_none() {
                return;
            }
            let listed = sh("dpkg -L tcptune | while read -r path; do
                if [ -f \"$path\" ]; then stat -c '%n %a %U:%G' \"$path\"; fi; done");
            let mut files: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
            for line in listed.lines() {
                let words: Vec<&str> = line.split(' ').collect();
                files.insert(words[0], (words[1], words[2]));
            }
            let (pages, others): (Vec<_>, Vec<_>) = files
                .into_iter()
                .partition(|(path, _)| path.starts_with("/usr/share/man/man8/tcptune-"));
            let others: Vec<_> = others
                .into_iter()
                .map(|(path, (mode, _))| (path, mode))
                .collect();
            assert_eq!(others, FILES);
            assert!(
                listed.lines().all(|line| line.ends_with(" root:root")),
                "{listed}"
            );
            // dpkg follows no list of ours: each command that the help names has its page.
            let help = sh("tcptune help");
            let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
            let commands = commands.take_while(|line| line.starts_with("  "));
            let commands = commands.filter(|line| !line.starts_with("   "));
            let mut seen = 0;
            for command in commands.filter_map(|line| line.split_whitespace().next()) {
                if command != "help" {
                    let page = format!("/usr/share/man/man8/tcptune-{command}.8.gz");
                    assert!(pages.iter().any(|(path, _)| *path == page), "{page}");
                    seen += 1;
                }
            }
            assert!(seen > 10, "{help}");
            // And so has whatever the units name.
            let named =
                sh("sed -n 's/^Documentation=man://p' /usr/lib/systemd/system/tcptune-audit.*");
            assert_eq!(named.lines().count(), 2, "{named}");
            for page in named.lines() {
                let (name, section) = page.trim_end_matches(')').split_once('(').unwrap();
                sh(&format!(
                    "test -f /usr/share/man/man{section}/{name}.{section}.gz"
                ));
            }
            assert!(
                pages.iter().all(|(_, (mode, _))| *mode == "644"),
                "{pages:?}"
            );
        },
    );
}

#[test]
fn only_libraries_of_the_system_are_needed_and_all_of_them_are_named() {
    let Some(deb) = deb() else { return };
    let needs = sh(&format!("dpkg-deb -f {} Depends", deb.display()));
    for need in needs.trim().split(", ").filter(|need| !need.is_empty()) {
        let name = need.split(' ').next().unwrap();
        assert!(["libc6", "libgcc-s1"].contains(&name), "{needs}");
    }
}

#[test]
fn lintian_has_neither_errors_nor_warnings() {
    let Some(deb) = deb() else { return };
    if installed("lintian").is_none() {
        return skip("lintian is not installed");
    }
    let said = sh(&format!(
        "lintian --allow-root --fail-on error,warning --tag-display-limit 0 {}",
        deb.display()
    ));
    let tags = said
        .lines()
        .filter(|line| line.starts_with("E:") || line.starts_with("W:"));
    assert_eq!(tags.count(), 0, "{said}");
    // An override that hides nothing is a lie by now.
    let hidden = sh(&format!(
        "lintian --allow-root --display-info --tags unused-override,mismatched-override {}",
        deb.display()
    ));
    assert!(!hidden.contains("-override"), "{hidden}");
}

/// The pages, the package and the crate tell of one release.
#[test]
fn the_release_is_the_same_everywhere() {
    let read = |file: &str| std::fs::read_to_string(repository().join(file)).unwrap();
    let changelog = read("contrib/debian/changelog");
    let head = format!("tcptune ({}-1) ", env!("CARGO_PKG_VERSION"));
    assert!(changelog.starts_with(&head), "{changelog}");
    let signed = changelog.lines().find(|line| line.starts_with(" -- "));
    let day = sh(&format!(
        "date -u -d '{}' +%F",
        signed.unwrap().split("  ").last().unwrap()
    ));
    let page = sh(&format!("{} man", env!("CARGO_BIN_EXE_tcptune")));
    let title = page.lines().find(|line| line.starts_with(".TH ")).unwrap();
    let release = format!("8 {} \"tcptune {}\"", day.trim(), env!("CARGO_PKG_VERSION"));
    assert!(title.contains(&release), "{title}");
    let manifest = read("Cargo.toml");
    let maintainer = manifest
        .lines()
        .find(|line| line.starts_with("maintainer = "));
    let (_, who) = signed.unwrap().split_once("-- ").unwrap();
    let who = who.split("  ").next().unwrap();
    assert!(maintainer.unwrap().contains(who), "{who}");
}

/// Only the program may write settings, and only when it is told to.
#[test]
fn no_script_of_the_package_can_set_a_sysctl_or_enable_a_unit() {
    for name in ["postinst", "prerm", "postrm"] {
        let script = repository().join("contrib/debian").join(name);
        let script = std::fs::read_to_string(script).unwrap();
        let code = script
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        for line in code {
            for word in [
                "/proc",
                "sysctl ",
                "sysctl -",
                "systemd-sysctl",
                "enable",
                " start",
            ] {
                assert!(!line.contains(word), "{name}: {line}");
            }
        }
    }
}
