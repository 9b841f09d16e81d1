//! A profile for tuned.

use std::io::{self, Write};

use super::setting::Setting;
use super::sheet::Sheet;
use super::target::{Target, Terms};

/// The `[sysctl]` section of a `tuned.conf`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuned;

impl Target for Tuned {
    fn word(&self) -> &'static str {
        "tuned"
    }

    fn about(&self) -> &'static str {
        "A tuned.conf, `>` before numbers that may be larger; applied and verified by hand with tuned 2.20"
    }

    fn refuses(&self, setting: &Setting, _: &Terms) -> Option<String> {
        let Setting { key, value, .. } = setting;
        // `_get_sysctl_path` of its plugin.
        if key.contains('/') {
            return Some(
                "tuned makes a slash of every dot, of those in names of interfaces too".to_owned(),
            );
        }
        let taken = value.contains("${") || value.contains('#') || value.contains('"');
        if taken || value.starts_with(['<', '>']) {
            return Some("tuned gives a meaning of its own to a character of the value".to_owned());
        }
        None
    }

    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
        let usage = [
            "Install it as tuned.conf in /etc/tuned/tcptune, with newer releases in /etc/tuned/profiles/tcptune; then",
            "`tuned-adm profile tcptune`. With `include=` in [main] it builds on another profile.",
        ];
        sheet.head(&usage, out)?;
        writeln!(out, "[main]")?;
        writeln!(out, "summary=Settings of the network, by tcptune")?;
        writeln!(out)?;
        writeln!(out, "[sysctl]")?;
        for setting in &sheet.settings {
            Sheet::reasons("", setting, out)?;
            let (key, value) = (&setting.key, &setting.value);
            let raises = setting.at_least && setting.number().is_some();
            if raises {
                writeln!(out, "{key}=>{value}")?;
            } else if value.contains(char::is_whitespace) {
                writeln!(out, "{key}=\"{value}\"")?;
            } else {
                writeln!(out, "{key}={value}")?;
            }
        }
        Ok(())
    }
}
