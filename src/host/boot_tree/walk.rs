//! Following a path below a root, component by component.
//!
//! The kernel does the same with `openat2(RESOLVE_IN_ROOT)`, from 5.6 on and where no filter of system
//! calls is in the way. This walk does it elsewhere, and tells where a link ends, which the kernel
//! tells nobody.

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, readlinkat, statat};
use rustix::io::Errno;

/// As many links as the kernel follows in one path (`MAXSYMLINKS`).
const LINKS: usize = 40;

/// More components than 40 links of 4 KiB in a sensible tree lead through: an end to `a/../a/../…`.
const STEPS: usize = 100_000;

/// Where a path ends.
pub(super) struct End {
    /// The path below the root, without links as far as it could be followed.
    pub(super) path: Vec<u8>,
    /// The folder of the last component, and its name (`.` where the path is a folder gone back to);
    /// or why there is none.
    pub(super) found: Result<(OwnedFd, Vec<u8>), Errno>,
}

impl End {
    /// Opens what the path leads to.
    pub(super) fn open(&self, flags: OFlags) -> Result<OwnedFd, Errno> {
        let (folder, name) = self.found.as_ref().map_err(|errno| *errno)?;
        openat(
            folder,
            name.as_slice(),
            flags | OFlags::NOFOLLOW,
            Mode::empty(),
        )
    }
}

/// Follows a path to its end. No link, no `..` leads above the root.
pub(super) fn follow(root: BorrowedFd<'_>, path: &[u8]) -> End {
    let mut walk = Walk {
        root,
        folder: None,
        passed: Vec::new(),
        ahead: components(path).collect(),
        links: 0,
    };
    let found = walk.run();
    let mut parts = walk.passed;
    if let Ok((_, name)) = &found
        && name != b"."
    {
        parts.push(name.clone());
    }
    if found.is_err() {
        parts.extend(walk.ahead.into_iter().rev());
    }
    let mut path = b"/".to_vec();
    path.extend_from_slice(&parts.join(&b'/'));
    End { path, found }
}

/// The components, last one first. A slash at the end asks for a folder, as a `.` there does.
fn components(path: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let slash = path.len() > 1 && path.ends_with(b"/");
    let end = slash.then(|| b".".to_vec());
    let parts = path.split(|byte| *byte == b'/').rev();
    let named = parts.filter(|part| !part.is_empty()).map(<[u8]>::to_vec);
    end.into_iter().chain(named)
}

struct Walk<'a> {
    root: BorrowedFd<'a>,
    /// The folder the walk stands in; `None` at the root.
    folder: Option<OwnedFd>,
    /// The names that led there.
    passed: Vec<Vec<u8>>,
    /// What is still to be followed, the next one last.
    ahead: Vec<Vec<u8>>,
    links: usize,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<(OwnedFd, Vec<u8>), Errno> {
        for _ in 0..STEPS {
            let Some(name) = self.ahead.pop() else {
                return Ok((self.here()?, b".".to_vec()));
            };
            match name.as_slice() {
                b"." => {}
                b".." => self.back(),
                _ => match self.step(&name) {
                    Ok(true) => {}
                    Ok(false) => return Ok((self.here()?, name)),
                    Err(errno) => {
                        self.ahead.push(name);
                        return Err(errno);
                    }
                },
            }
        }
        Err(Errno::LOOP)
    }

    /// Goes back to the folder above by way of the root: the names passed are no links.
    fn back(&mut self) {
        self.passed.pop();
        self.ahead.extend(self.passed.drain(..).rev());
        self.folder = None;
    }

    /// Takes one name, and tells whether the path goes on after it.
    fn step(&mut self, name: &[u8]) -> Result<bool, Errno> {
        let stat = statat(self.at(), name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => {
                self.links += 1;
                if self.links > LINKS {
                    return Err(Errno::LOOP);
                }
                let target = readlinkat(self.at(), name, Vec::new())?.into_bytes();
                if target.starts_with(b"/") {
                    self.passed.clear();
                    self.folder = None;
                }
                self.ahead.extend(components(&target));
            }
            _ if self.ahead.is_empty() => return Ok(false),
            FileType::Directory => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                self.folder = Some(openat(self.at(), name, flags, Mode::empty())?);
                self.passed.push(name.to_vec());
            }
            _ => return Err(Errno::NOTDIR),
        }
        Ok(true)
    }

    fn at(&self) -> BorrowedFd<'_> {
        self.folder
            .as_ref()
            .map_or(self.root, |folder| folder.as_fd())
    }

    /// A descriptor of its own for the folder the walk stands in.
    fn here(&self) -> Result<OwnedFd, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(self.at(), ".", flags, Mode::empty())
    }
}
