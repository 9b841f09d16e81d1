//! The descriptors of one process.

use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::fs::{Dir, Mode, OFlags, fstat, open, readlinkat_raw};
use rustix::io::Errno;
use rustix::path::{Arg, DecInt};

use super::search::Search;
use crate::fact::inert;
use crate::host::file;

/// After so many numbers in a row without a descriptor the rest is listed, since a look at a free number
/// costs nearly as much as one at a descriptor.
const GAP: u64 = 64;

/// Looks at the descriptors of a process (its folder) until the search ends; `told` is how many there
/// are, where the kernel says so. Gives the error that made them invisible.
///
/// Descriptors are small numbers without many gaps, since the kernel gives out the lowest free one
/// (`alloc_fd`, fs/file.c). So they are looked at by number, which spares listing them.
pub(super) fn look(process: &Path, told: Option<u64>, search: &mut Search) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = open(process.join("fd"), flags, Mode::empty())?;
    let descriptors = Descriptors { process, folder };
    match told {
        Some(told) => descriptors.by_number(told, search),
        None => descriptors.listed(0, search),
    }
}

struct Descriptors<'p> {
    process: &'p Path,
    folder: OwnedFd,
}

impl Descriptors<'_> {
    /// Looks at number after number, until as many were met as there are.
    ///
    /// One that is closed meanwhile is missing in the end, and one that is opened meanwhile may be
    /// taken for it.
    fn by_number(&self, told: u64, search: &mut Search) -> Result<(), Errno> {
        let (mut met, mut gaps, mut gap) = (0, 0, 0);
        for number in 0..u32::MAX {
            if met >= told || !search.goes_on() {
                return Ok(());
            }
            if self.descriptor(DecInt::new(number), search)? {
                met += 1;
                gap = 0;
                continue;
            }
            gaps += 1;
            gap += 1;
            if gap == GAP || gaps > GAP + told / 4 {
                let now = fstat(&self.folder).map_or(0, |stat| stat.st_size);
                if u64::try_from(now).is_ok_and(|now| now > met) {
                    return self.listed(number, search);
                }
                return Ok(());
            }
        }
        Ok(())
    }

    /// Lists the descriptors, and looks at those from a number on.
    fn listed(&self, from: u32, search: &mut Search) -> Result<(), Errno> {
        for entry in Dir::read_from(&self.folder)? {
            let entry = entry?;
            let number = entry.file_name().to_str().ok().map(str::parse::<u32>);
            let Some(Ok(number)) = number else {
                continue;
            };
            if number < from {
                continue;
            }
            if !search.goes_on() {
                return Ok(());
            }
            self.descriptor(entry.file_name(), search)?;
        }
        Ok(())
    }

    /// Whether there is such a descriptor; shows it to the search where it is a socket.
    fn descriptor(&self, name: impl Arg, search: &mut Search) -> Result<bool, Errno> {
        // `socket:[`, ten digits at most, `]`. What is longer is none, and cut.
        let mut target = [0_u8; 24];
        let length = match readlinkat_raw(&self.folder, name, &mut target) {
            Ok(length) => length,
            Err(Errno::NOENT) => return Ok(false),
            Err(error @ (Errno::ACCESS | Errno::PERM)) => return Err(error),
            Err(_) => return Ok(true),
        };
        if let Some(inode) = target.get(..length).and_then(socket) {
            search.meets(inode, || comm(self.process));
        }
        Ok(true)
    }
}

/// The number in `socket:[4711]`.
fn socket(target: &[u8]) -> Option<u64> {
    let digits = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.wrapping_sub(b'0');
        let number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
        (digit < 10).then_some(number)
    })
}

/// The name of a process, which it may set to any bytes.
fn comm(process: &Path) -> String {
    use std::io::Read as _;

    let mut bytes = Vec::new();
    let read = file::open(&process.join("comm")).and_then(|file| {
        // The kernel keeps 15 bytes, for kernel threads some more.
        file.take(64).read_to_end(&mut bytes)
    });
    if read.is_err() {
        return "?".to_owned();
    }
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    inert(&String::from_utf8_lossy(bytes)).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::super::wanted::Wanted;
    use super::super::{Ended, Owners};
    use super::*;

    /// A process with a socket at each of these numbers, its inode 1000 more.
    fn process(numbers: impl IntoIterator<Item = u64>) -> TempDir {
        let process = tempfile::tempdir().unwrap();
        fs::create_dir(process.path().join("fd")).unwrap();
        for number in numbers {
            let link = process.path().join("fd").join(number.to_string());
            symlink(format!("socket:[{}]", number + 1000), link).unwrap();
        }
        process
    }

    fn looked(process: &TempDir, told: Option<u64>, wanted: &[u64], budget: usize) -> Owners {
        let mut search = Search::new(Wanted::each(wanted.iter().copied()), budget);
        search.enter(1);
        look(process.path(), told, &mut search).unwrap();
        search.finish(0)
    }

    #[test]
    fn by_number_ends_at_the_last_of_so_many() {
        let process = process((0..10).chain([400]));
        // As many as the kernel told were met; what came later is not looked for.
        let owners = looked(&process, Some(10), &[1009, 1400], 10);
        assert_eq!((owners.ended, owners.named), (Ended::AllSeen, 1));
    }

    #[test]
    fn free_numbers_do_not_count_as_descriptors() {
        let process = process([0, 1, 40, 90]);
        let owners = looked(&process, Some(4), &[1000, 1040, 1090], 91);
        assert_eq!((owners.ended, owners.named), (Ended::AllFound, 3));
    }

    #[test]
    fn behind_a_wide_gap_the_rest_is_listed() {
        let process = process([0, 1, 4_000_000, 2_000_000_000]);
        let last = 2_000_001_000;
        let budget = 2 + 64 + 2;
        let owners = looked(&process, Some(4), &[1001, last], budget);
        assert_eq!((owners.ended, owners.named), (Ended::AllFound, 2));
    }

    #[test]
    fn among_too_many_gaps_the_rest_is_listed_and_no_descriptor_is_looked_at_twice() {
        let process = process((0..1000).step_by(2));
        let owners = looked(&process, Some(500), &[1998, 7], usize::MAX);
        assert_eq!((owners.ended, owners.named), (Ended::AllSeen, 1));
        // 64 and a quarter of them are gaps that were looked at before.
        let (gaps, descriptors) = (64 + 500 / 4 + 1, 500);
        let enough = looked(&process, Some(500), &[7], gaps + descriptors);
        assert_eq!(enough.ended, Ended::AllSeen);
        let too_few = looked(&process, Some(500), &[7], gaps + descriptors - 1);
        assert_eq!(too_few.ended, Ended::Budget);
    }

    #[test]
    fn descriptors_that_are_gone_do_not_cost_the_others() {
        // The kernel told 1000, and all but three are closed by now.
        let process = process([3, 500, 999]);
        let owners = looked(&process, Some(1000), &[1003, 1500, 1999], usize::MAX);
        assert_eq!(owners.named, 3);
    }

    #[test]
    fn only_a_whole_socket_link_has_a_number() {
        assert_eq!(socket(b"socket:[4294967295]"), Some(4_294_967_295));
        assert_eq!(socket(b"socket:[0]"), Some(0));
        for other in [
            &b"socket:[]"[..],
            b"socket:[",
            b"socket:[1",
            b"socket:[1x]",
            b"socket:[ 1]",
            b"socket:[+1]",
            b"socket:[99999999999999999999999]",
            b"pipe:[1]",
            b"",
        ] {
            assert_eq!(socket(other), None, "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_socket_or_none(target in prop::collection::vec(any::<u8>(), 0..30)) {
            let whole = [b"socket:[", &*target, b"]"].concat();
            let number = std::str::from_utf8(&target).ok().filter(|text| !text.starts_with('+'));
            prop_assert_eq!(socket(&whole), number.and_then(|text| text.parse().ok()));
        }
    }
}
