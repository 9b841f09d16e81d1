//! A state file for Salt.

use std::io::{self, Write};

use super::FILE;
use super::ansible::template;
use super::quote::yaml;
use super::setting::Setting;
use super::sheet::Sheet;
use super::target::{Target, Terms};

/// States of `sysctl.present`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Salt;

impl Target for Salt {
    fn word(&self) -> &'static str {
        "salt"
    }

    fn about(&self) -> &'static str {
        "States of sysctl.present; read back in a test, and applied by hand with Salt 3007"
    }

    fn refuses(&self, setting: &Setting, _: &Terms) -> Option<String> {
        template(setting)
    }

    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
        sheet.head(
            &["States, made in this order; include them in a highstate."],
            out,
        )?;
        for setting in &sheet.settings {
            writeln!(out)?;
            Sheet::reasons("", setting, out)?;
            // An id stands for one state of all files, so it says whose it is.
            writeln!(out, "{}:", yaml(&format!("tcptune {}", setting.key)))?;
            writeln!(out, "  sysctl.present:")?;
            writeln!(out, "    - name: {}", yaml(&setting.key))?;
            writeln!(out, "    - value: {}", yaml(&setting.value))?;
            writeln!(out, "    - config: {FILE}")?;
        }
        Ok(())
    }
}
