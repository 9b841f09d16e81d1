//! The settings that recipes for servers repeat, as the rules of a site.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{ROLLBACK, apply, run};
use crate::site::{Wish, lay_out};
use crate::stage::on_stage;
use crate::world::{DROPIN, read, write};

const FOLDER: &str = "/run/rules/recipe";

const RECIPE: [Wish; 7] = [
    (
        "recipe-syncookies",
        "sysctl.net.ipv4.tcp_syncookies != 1",
        "net.ipv4.tcp_syncookies",
        "1",
    ),
    (
        "recipe-tw-reuse",
        "sysctl.net.ipv4.tcp_tw_reuse != 1",
        "net.ipv4.tcp_tw_reuse",
        "1",
    ),
    // A condition that holds with or without the key: the wish itself is what a recipe brings.
    (
        "recipe-tw-recycle",
        "sysctl.net.ipv4.tcp_fin_timeout > 0",
        "net.ipv4.tcp_tw_recycle",
        "1",
    ),
    (
        "recipe-fin-timeout",
        "sysctl.net.ipv4.tcp_fin_timeout != 30",
        "net.ipv4.tcp_fin_timeout",
        "30",
    ),
    (
        "recipe-keepalive-time",
        "sysctl.net.ipv4.tcp_keepalive_time != 60",
        "net.ipv4.tcp_keepalive_time",
        "60",
    ),
    (
        "recipe-keepalive-intvl",
        "sysctl.net.ipv4.tcp_keepalive_intvl != 20",
        "net.ipv4.tcp_keepalive_intvl",
        "20",
    ),
    (
        "recipe-keepalive-probes",
        "sysctl.net.ipv4.tcp_keepalive_probes != 3",
        "net.ipv4.tcp_keepalive_probes",
        "3",
    ),
];

/// Every setting of the namespace that can be read.
fn everything() -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::from("/proc/sys/net")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                found.insert(path, bytes);
            }
        }
    }
    found
}

#[test]
fn the_recipe_is_applied_but_for_what_this_kernel_lacks_and_taken_back_to_the_byte() {
    on_stage(
        "recipe::the_recipe_is_applied_but_for_what_this_kernel_lacks_and_taken_back_to_the_byte",
        || {
            lay_out(FOLDER, &RECIPE);
            write("net.ipv4.tcp_syncookies", "0");
            write("net.ipv4.tcp_tw_reuse", "0");
            let before = everything();
            assert!(before.len() > 100, "{} settings only", before.len());
            let ran = run(&apply(FOLDER));
            assert_eq!(ran.code, Some(0), "{}", ran.said);
            let recycle = "net.ipv4.tcp_tw_recycle";
            let there = Path::new("/proc/sys/net/ipv4/tcp_tw_recycle").exists();
            let named = ran
                .said
                .lines()
                .skip_while(|line| !(line.starts_with("not done") && line.contains(recycle)));
            let named: Vec<&str> = named.take(4).collect();
            assert!(
                there || !named.is_empty(),
                "{recycle} is not named: {}",
                ran.said
            );
            let file = fs::read_to_string(DROPIN).unwrap_or_default();
            assert!(!file.contains(recycle), "{file}");
            for (_, _, key, value) in RECIPE.iter().filter(|wish| wish.2 != recycle) {
                assert_eq!(read(key), *value, "{key}");
                assert!(file.contains(&format!("{key} = {value}\n")), "{file}");
            }
            let again = run(&apply(FOLDER));
            assert_eq!(again.code, Some(0), "{}", again.said);
            let back = run(&ROLLBACK);
            assert_eq!(back.code, Some(0), "{}", back.said);
            let after = everything();
            let changed: Vec<_> = before
                .iter()
                .filter(|(key, value)| after.get(*key) != Some(value))
                .collect();
            assert!(
                changed.is_empty() && before.len() == after.len(),
                "{changed:?}"
            );
            assert!(
                !Path::new(DROPIN).exists(),
                "the drop-in was not there before"
            );
        },
    );
}
