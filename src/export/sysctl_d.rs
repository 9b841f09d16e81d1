//! A file in `/etc/sysctl.d`, as systemd-sysctl and procps read it.

use std::io::{self, Write};

use super::FILE;
use super::setting::Setting;
use super::sheet::Sheet;
use super::target::{Target, Terms};

/// `sysctl.d(5)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct SysctlD;

impl Target for SysctlD {
    fn word(&self) -> &'static str {
        "sysctl.d"
    }

    fn about(&self) -> &'static str {
        "A file for /etc/sysctl.d; applied in tests by systemd-sysctl and by procps"
    }

    fn refuses(&self, _: &Setting, _: &Terms) -> Option<String> {
        None
    }

    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
        let place = format!("Install it as {FILE}.");
        sheet.head(&[&place], out)?;
        writeln!(out)?;
        sheet.lines("", out)
    }
}
