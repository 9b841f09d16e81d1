//! The file of the package, and its successor.

use std::fs;
use std::path::PathBuf;

use crate::root::{repository, sh, skip};

/// The package that `.ci/package` made.
pub(crate) fn deb() -> Option<PathBuf> {
    let folder = repository().join("target/package/debian");
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut debs = files
        .map(|file| file.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "deb"));
    let found = debs.next();
    if found.is_none() {
        skip("no package was made: .ci/package makes it");
    }
    found
}

/// Installs the package with dpkg alone: what it depends on is there. What dpkg and the scripts said.
pub(crate) fn install() -> Option<String> {
    let deb = deb()?;
    Some(sh(&format!("dpkg -i {}", deb.display())))
}

/// The same package as a later release, at this path; it comes with one more line in one of its own files.
pub(crate) fn successor() -> Option<&'static str> {
    let deb = deb()?;
    let deb = deb.display();
    sh(&format!(
        "dpkg-deb -R {deb} /tmp/later && cd /tmp/later
         sed -i 's/^Version: .*/Version: 9.0.0-1/' DEBIAN/control
         echo 'A line of the later release.' >>usr/share/doc/tcptune/README.md
         dpkg-deb -Znone --root-owner-group -b /tmp/later /tmp/later.deb && rm -r /tmp/later"
    ));
    Some("/tmp/later.deb")
}
