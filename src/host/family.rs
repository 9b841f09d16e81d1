//! The members of a family of keys, without a walk over all others.

use super::collect::Source;
use crate::catalog;

/// The keys of a pattern with one `*` that there is a folder for, in the order of the folder: every interface,
/// `all` and `default`. Whether each has the key is left to whoever reads it.
pub fn members(source: &Source, pattern: &str) -> Vec<String> {
    let Some((front, back)) = pattern.split_once('*') else {
        return Vec::new();
    };
    let Some(folder) = catalog::path(front.trim_end_matches('.')) else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(source.proc().join("sys").join(folder)) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    // A dot of an interface name is a slash in a dotted key.
    let names = names.filter_map(|name| Some(name.to_str()?.replace('.', "/")));
    names.map(|name| format!("{front}{name}{back}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_is_a_member_and_its_dots_are_slashes() {
        let tree = tempfile::tempdir().unwrap();
        for name in ["all", "eth0.5"] {
            std::fs::create_dir_all(tree.path().join("sys/net/ipv4/conf").join(name)).unwrap();
        }
        let source = Source::recorded(tree.path());
        let mut found = members(&source, "net.ipv4.conf.*.rp_filter");
        found.sort();
        assert_eq!(
            found,
            [
                "net.ipv4.conf.all.rp_filter",
                "net.ipv4.conf.eth0/5.rp_filter"
            ]
        );
        assert!(members(&source, "net.ipv4.tcp_sack").is_empty());
        assert!(members(&source, "net.made.*.up").is_empty());
    }
}
