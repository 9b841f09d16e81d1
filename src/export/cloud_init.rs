//! A cloud-config for the first boot.

use std::io::{self, Write};

use super::FILE;
use super::setting::Setting;
use super::sheet::{Sheet, comment};
use super::target::{Target, Terms};

/// `write_files` and `runcmd` of cloud-init.
#[derive(Clone, Copy, Debug)]
pub(super) struct CloudInit;

impl Target for CloudInit {
    fn word(&self) -> &'static str {
        "cloud-init"
    }

    fn about(&self) -> &'static str {
        "A cloud-config that writes a file and loads it; held in a test against the schema of cloud-init"
    }

    fn refuses(&self, _: &Setting, _: &Terms) -> Option<String> {
        None
    }

    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "#cloud-config")?;
        sheet.head(&[], out)?;
        writeln!(out, "write_files:")?;
        writeln!(out, "  - path: {FILE}")?;
        writeln!(out, "    owner: root:root")?;
        writeln!(out, "    permissions: \"0644\"")?;
        writeln!(out, "    content: |")?;
        comment("      ", "Written by cloud-init.", out)?;
        sheet.lines("      ", out)?;
        comment(
            "",
            "On the first boot the file comes after sysctl.d was loaded.",
            out,
        )?;
        writeln!(out, "runcmd:")?;
        writeln!(out, "  - [sysctl, -p, {FILE}]")
    }
}
