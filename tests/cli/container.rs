//! Inside a container that has the network of its host, and files of its own.

use std::process::Command;

use crate::run::{Tcptune, skipped};

/// Makes the folders those of an image with a file that sets a key. The network, and with it every setting, stays
/// that of the host; none is written.
const IMAGE: &str = "
mount --make-rprivate / || exit 90
for folder in /etc/sysctl.d /run /usr/lib/sysctl.d; do
    [ ! -d $folder ] || mount -t tmpfs none $folder || exit 90
done
echo net.core.somaxconn = 512 >/etc/sysctl.d/50-image.conf || exit 90
";

/// With processes of its own.
const OWN_PROCESSES: &str = "mount -t proc proc /proc || exit 90\n";

/// With those of a host whose init system is systemd.
const HOST_PROCESSES: &str =
    "echo systemd >/run/comm && mount --bind /run/comm /proc/1/comm || exit 90\n";

/// Both kinds, as launchers of the program; none where no namespace can be made.
fn containers() -> Vec<Vec<String>> {
    let kinds = [("-mpf", OWN_PROCESSES), ("-m", HOST_PROCESSES)];
    let launchers = kinds.map(|(options, processes)| {
        let script = format!("{IMAGE}{processes}exec \"$@\"");
        ["unshare", options, "sh", "-c", &script, "sh"]
            .map(str::to_owned)
            .to_vec()
    });
    let made = |launcher: &Vec<String>| {
        let tried = Command::new(&launcher[0])
            .args(&launcher[1..])
            .arg("true")
            .status();
        tried.is_ok_and(|status| status.success())
    };
    if launchers.iter().all(made) {
        return launchers.to_vec();
    }
    skipped("no mount and process namespaces can be made here");
    Vec::new()
}

#[test]
fn the_files_of_an_image_are_not_those_of_the_next_boot_of_its_host() {
    for launcher in containers() {
        let run = |args: &[&str]| Tcptune::through(&launcher).args(args).run();
        let ran = run(&["why", "net.core.somaxconn"]).exits(0).quiet();
        let ran = ran.says("no init system is seen here");
        assert!(!ran.stdout.contains("the next boot changes it"), "{ran}");
        let words = ["check", "--interval", "0", "--format", "json"];
        let report = run(&words).audited().json();
        let rules =
            [&report["findings"], &report["not_fired"]].map(|list| list.as_array().unwrap());
        let is_judged = |name: &str| {
            let mut rules = rules.iter().copied().flatten();
            let rule = rules.find(|rule| rule["rule"] == name).unwrap();
            rule["verdict"].as_str().unwrap_or("fires").to_owned()
        };
        assert_eq!(
            is_judged("boot-differs-from-live"),
            "unknown",
            "{launcher:?}"
        );
        // Whoever names the loader says that these files will be read.
        let named = ["why", "net.core.somaxconn", "--boot-engine", "procps"];
        run(&named).exits(0).says("/etc/sysctl.d/50-image.conf:1");
    }
}
