//! Whose the suspicious sockets are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::process::{self, Holder, Owners};
use crate::fact::socket::{Ranked, Sockets};

/// Names the processes behind listeners and behind the sockets in `CLOSE_WAIT`, by a search of at
/// most `budget` descriptors below a process tree such as `/proc`. Says how far the search came.
pub fn attribute(sockets: &mut Sockets, proc_root: &Path, budget: usize) -> Owners {
    let listening = sockets.listeners.iter().map(|listener| listener.inode);
    let wanted: BTreeSet<u64> = listening
        .chain(sockets.close_wait_inodes.iter().copied())
        .filter(|inode| *inode != 0)
        .collect();
    let owners = process::owners(proc_root, &wanted, budget);
    for listener in &mut sockets.listeners {
        if let Holder::Known(owner) = owners.holder(listener.inode) {
            listener.process = Some(owner.to_string());
        }
    }
    let mut holders = BTreeMap::new();
    for inode in &sockets.close_wait_inodes {
        if let Holder::Known(owner) = owners.holder(*inode) {
            *holders.entry(owner).or_insert(0) += 1;
        }
    }
    // Among equals the lowest process number; `max_by_key` takes the last one.
    sockets.summary.close_wait_owner = holders
        .into_iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map(|(owner, count)| Ranked {
            name: owner.to_string(),
            count,
        });
    owners
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::host::sockets::{CollectOptions, collect};

    fn line(state: &str, remote: &str, inode: u64) -> String {
        format!(
            " 0: 0100007F:01BB {remote} {state} 00000000:00000000 00:00000000 00000000 \
             0 0 {inode} 1 0000000000000000 100 0 0 10 0\n"
        )
    }

    /// A listener on 443 with inode 1, and `CLOSE_WAIT` with inodes 2 to 4.
    fn tree() -> TempDir {
        let tree = tempfile::tempdir().unwrap();
        let mut table = "header\n".to_owned() + &line("0A", "00000000:0000", 1);
        for inode in 2..=4 {
            table += &line("08", "0100007F:C350", inode);
        }
        fs::write(tree.path().join("tcp"), table).unwrap();
        tree
    }

    #[test]
    fn the_process_with_the_most_close_wait_is_named() {
        let tree = tree();
        let options = CollectOptions::recorded((32_768, 60_999), tree.path());
        let mut sockets = collect(&options).unwrap();
        for (pid, comm, inodes) in [(1, "init", &[2_u64][..]), (812, "nginx", &[1, 3, 4])] {
            let process = tree.path().join("proc").join(pid.to_string());
            fs::create_dir_all(process.join("fd")).unwrap();
            fs::write(process.join("comm"), comm).unwrap();
            for inode in inodes {
                let link = process.join("fd").join(inode.to_string());
                std::os::unix::fs::symlink(format!("socket:[{inode}]"), link).unwrap();
            }
        }
        let owners = attribute(&mut sockets, &tree.path().join("proc"), 100);
        assert_eq!((owners.wanted, owners.found.len()), (4, 4));
        let owner = sockets.summary.close_wait_owner.unwrap();
        assert_eq!((owner.name.as_str(), owner.count), ("nginx (pid 812)", 2));
        assert_eq!(
            sockets.listeners[0].process.as_deref(),
            Some("nginx (pid 812)")
        );
    }
}
