//! Which files make one host, and in which order its loader reads them.

/// Where the folders of a tree lie, the one that wins last: a file of `/etc` replaces one of the same name in
/// `/run`, and that one of `/usr` (sysctl.d(5)).
const FOLDERS: [&str; 5] = [
    "lib/sysctl.d",
    "usr/lib/sysctl.d",
    "usr/local/lib/sysctl.d",
    "run/sysctl.d",
    "etc/sysctl.d",
];

/// What stands for the host a file belongs to: the root of its tree of sysctl.d folders, a sysctl.d folder
/// that is in no such tree, or else the file itself. Paths of different hosts never have the same.
pub(super) fn host_of(file: &str, is_conf: bool) -> String {
    let parts = is_conf.then(|| split(file)).flatten();
    match parts {
        Some((root, _)) => format!("{root}/*"),
        None => file.to_owned(),
    }
}

/// The place of a file in the order of its host: sysctl.conf is read last, the others by name. So it is for
/// `sysctl --system`; systemd-sysctl reads no sysctl.conf.
pub(super) fn order_of(file: &str) -> (bool, &str, usize) {
    let base = file.rsplit('/').next().unwrap_or(file);
    let rank = split(file).map_or(0, |(_, rank)| rank);
    (rank == FOLDERS.len(), base, rank)
}

/// The root of a tree, and how much its folder counts.
fn split(file: &str) -> Option<(&str, usize)> {
    let (folder, base) = file.rsplit_once('/')?;
    let within = |wanted: &str| {
        let root = folder.strip_suffix(wanted)?;
        (root.is_empty() || root.ends_with('/')).then(|| root.trim_end_matches('/'))
    };
    if base == "sysctl.conf"
        && let Some(root) = within("etc")
    {
        return Some((root, FOLDERS.len()));
    }
    // The longest ending is the right one: `usr/lib/sysctl.d` ends with `lib/sysctl.d`.
    let folders = FOLDERS.iter().enumerate();
    let found = folders.filter_map(|(rank, wanted)| Some((within(wanted)?, rank)));
    found
        .min_by_key(|(root, _)| root.len())
        .or_else(|| (within("sysctl.d")).map(|_| (folder, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_tree_are_one_host() {
        for file in [
            "web/etc/sysctl.d/10-a.conf",
            "web/usr/lib/sysctl.d/50-b.conf",
            "web/run/sysctl.d/c.conf",
            "web/etc/sysctl.conf",
        ] {
            assert_eq!(host_of(file, true), "web/*", "{file}");
        }
        assert_eq!(host_of("etc/sysctl.d/a.conf", true), "/*");
        assert_eq!(host_of("/etc/sysctl.d/a.conf", true), "/*");
        assert_eq!(host_of("role/sysctl.d/a.conf", true), "role/sysctl.d/*");
        assert_eq!(host_of("w/etc/sysctl.d/sysctl.conf", true), "w/*");
    }

    #[test]
    fn other_files_stand_alone() {
        for file in [
            "web.conf",
            "files/web.conf",
            "files/sysctl.conf",
            "sysctl.conf",
            "my-sysctl.d/a.conf",
        ] {
            assert_eq!(host_of(file, true), file);
        }
        assert_eq!(host_of("etc/sysctl.d/README", false), "etc/sysctl.d/README");
    }

    #[test]
    fn files_are_read_by_name_and_sysctl_conf_last() {
        let mut files = [
            "w/etc/sysctl.conf",
            "w/etc/sysctl.d/sysctl.conf",
            "w/etc/sysctl.d/z.conf",
            "w/etc/sysctl.d/50-a.conf",
            "w/usr/lib/sysctl.d/50-a.conf",
            "w/usr/lib/sysctl.d/10-z.conf",
        ];
        files.sort_by_key(|file| order_of(file));
        assert_eq!(
            files,
            [
                "w/usr/lib/sysctl.d/10-z.conf",
                "w/usr/lib/sysctl.d/50-a.conf",
                "w/etc/sysctl.d/50-a.conf",
                "w/etc/sysctl.d/sysctl.conf",
                "w/etc/sysctl.d/z.conf",
                "w/etc/sysctl.conf",
            ]
        );
    }
}
