//! What the drop-in comes to when the machine's own loaders read it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::program::{apply, run};
use crate::site::{SITE, SITE_FOLDER};
use crate::stage::on_stage;
use crate::world::{Beginning, DROPIN, read, tokens};

/// Reads the drop-in in a new namespace and tells the values there.
const LOAD: &str = r#"
"$@" >&2 || exit 1
for key in net.ipv4.tcp_fin_timeout net.core.somaxconn net.ipv4.tcp_sack net.ipv4.tcp_rmem \
    net.ipv4.ip_unprivileged_port_start net.ipv4.ip_local_port_range; do
    printf '%s = ' $key
    cat /proc/sys/$(echo $key | tr . /) || exit 1
done
"#;

#[test]
fn loaders_make_of_the_drop_in_what_was_planned() {
    on_stage(
        "loaders::loaders_make_of_the_drop_in_what_was_planned",
        || {
            let _ = Beginning::fresh();
            let ran = run(&apply(SITE_FOLDER));
            assert_eq!(ran.code, Some(0), "{}", ran.said);
            let wanted: Vec<(&str, String)> =
                SITE.iter().map(|wish| (wish.2, read(wish.2))).collect();
            let systemd = [
                "/usr/lib/systemd/systemd-sysctl",
                "/lib/systemd/systemd-sysctl",
            ];
            let systemd = systemd.into_iter().find(|path| Path::new(path).exists());
            let systemd = systemd.expect("systemd-sysctl (package systemd) is there");
            for loader in [vec![systemd], vec!["sysctl", "-p", DROPIN], vec!["true"]] {
                let mut unshare = Command::new("unshare");
                unshare
                    .args(["--net", "sh", "-c", LOAD, "sh"])
                    .args(&loader);
                let output = unshare.output().expect("unshare starts");
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{loader:?}: {said}");
                let values = String::from_utf8_lossy(&output.stdout);
                for (key, value) in &wanted {
                    let line = values
                        .lines()
                        .find_map(|line| line.strip_prefix(&format!("{key} = ")));
                    let now = tokens(line.unwrap_or_default());
                    // Without a loader the values are others: the comparison can fail.
                    assert_eq!(
                        now == *value,
                        loader != ["true"],
                        "{loader:?}, {key}: {now}"
                    );
                }
            }
            assert!(fs::read_to_string(DROPIN).is_ok_and(|text| !text.is_empty()));
        },
    );
}
