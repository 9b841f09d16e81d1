//! A list of tasks for Ansible.

use std::io::{self, Write};

use super::FILE;
use super::quote::yaml;
use super::setting::Setting;
use super::sheet::Sheet;
use super::target::{Target, Terms};

/// Tasks of the module `ansible.posix.sysctl`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ansible;

impl Target for Ansible {
    fn word(&self) -> &'static str {
        "ansible"
    }

    fn about(&self) -> &'static str {
        "Tasks of ansible.posix.sysctl; applied in a test by ansible-core 2.19, twice"
    }

    fn refuses(&self, setting: &Setting, _: &Terms) -> Option<String> {
        template(setting).or_else(|| taken_apart(setting))
    }

    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
        let usage = [
            "Tasks for a role or a play that runs as root; needs the collection ansible.posix.",
            "A file has to be named: /etc/sysctl.conf, the module's default, is not read at boot everywhere.",
        ];
        writeln!(out, "---")?;
        sheet.head(&usage, out)?;
        for setting in &sheet.settings {
            writeln!(out)?;
            Sheet::reasons("", setting, out)?;
            writeln!(out, "- name: {}", yaml(&format!("Set {}", setting.key)))?;
            writeln!(out, "  ansible.posix.sysctl:")?;
            writeln!(out, "    name: {}", yaml(&setting.key))?;
            writeln!(out, "    value: {}", yaml(&setting.value))?;
            writeln!(out, "    sysctl_file: {FILE}")?;
            writeln!(out, "    sysctl_set: true")?;
            // Else every task loads the whole file, and fails on any line of it.
            writeln!(out, "    reload: false")?;
        }
        Ok(())
    }
}

/// That the module would make something else of a text: it hands a line to a command, and takes words for
/// switches.
fn taken_apart(setting: &Setting) -> Option<String> {
    let quotes = |text: &str| text.contains(['"', '\'', '\\']);
    if quotes(&setting.key) || quotes(&setting.value) {
        return Some("ansible.posix.sysctl takes texts apart at quotes".to_owned());
    }
    let word = setting.value.to_ascii_lowercase();
    let switch = [
        "y", "yes", "on", "t", "true", "1.0", "n", "no", "off", "f", "false", "0.0",
    ];
    switch
        .contains(&word.as_str())
        .then(|| "ansible.posix.sysctl makes a number of the word".to_owned())
}

/// That Jinja would make something else of a text.
pub(super) fn template(setting: &Setting) -> Option<String> {
    let begins = ["{{", "{%", "{#"];
    let is_template = |text: &str| begins.iter().any(|begin| text.contains(begin));
    (is_template(&setting.value) || is_template(&setting.key))
        .then(|| "it would be taken for a template of Jinja".to_owned())
}
