//! A manifest for Puppet.

use std::io::{self, Write};

use super::FILE;
use super::quote::puppet;
use super::setting::Setting;
use super::sheet::Sheet;
use super::target::{Target, Terms};

/// Resources of Puppet itself, which has none for sysctls: a file, and loading it when it changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Puppet;

impl Target for Puppet {
    fn word(&self) -> &'static str {
        "puppet"
    }

    fn about(&self) -> &'static str {
        "A file and an exec, no module needed; applied by hand with Puppet 7.23"
    }

    fn refuses(&self, _: &Setting, _: &Terms) -> Option<String> {
        None
    }

    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
        let usage = [
            "Resources for a class or a node. Values are loaded when the file changes; what is changed by hand",
            "on a host stays until then: `tcptune check` tells.",
        ];
        sheet.head(&usage, out)?;
        let mut lines = b"# Managed by Puppet.\n".to_vec();
        sheet.lines("", &mut lines)?;
        let lines = String::from_utf8_lossy(&lines);
        let file = puppet(FILE);
        writeln!(out, "file {{ {file}:")?;
        writeln!(out, "  ensure  => file,")?;
        writeln!(out, "  owner   => 'root',")?;
        writeln!(out, "  group   => 'root',")?;
        writeln!(out, "  mode    => '0644',")?;
        writeln!(out, "  content => {},", puppet(&lines))?;
        writeln!(out, "}}")?;
        writeln!(out, "~> exec {{ {}:", puppet(&format!("sysctl -p {FILE}")))?;
        writeln!(
            out,
            "  path        => ['/usr/sbin', '/sbin', '/usr/bin', '/bin'],"
        )?;
        writeln!(out, "  refreshonly => true,")?;
        writeln!(out, "}}")
    }
}
