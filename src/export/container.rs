//! Containers of Docker: options of its command, and a service of Compose.

use std::io::{self, Write};

use super::quote::{compose, shell, yaml};
use super::setting::Setting;
use super::sheet::Sheet;
use super::target::{Target, Terms};
use crate::catalog::{KeyScope, Release};

/// `docker run --sysctl`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Docker;

/// `services.NAME.sysctls` of a Compose file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compose;

/// That a key is one for the whole machine, which no container can set.
pub(super) fn host_wide(setting: &Setting, whole: &str, part: &str) -> Option<String> {
    let scope = setting.spec().map(|spec| spec.scope);
    (scope != Some(KeyScope::Netns))
        .then(|| format!("one setting for the whole {whole}, which no {part} can set"))
}

/// Every supported distribution has this release behind it.
const OLDEST: Release = Release::new(4, 18);

/// The kernel that a key is one of containers from on, where that is not any; as a comment.
pub(super) fn from_kernel(setting: &Setting) -> Option<String> {
    let spec = setting.spec()?;
    let since = spec
        .netns_since
        .or(spec.since)
        .filter(|since| *since > OLDEST)?;
    Some(format!("a container has it from Linux {since} on"))
}

fn refuses(setting: &Setting) -> Option<String> {
    host_wide(setting, "machine", "container").or_else(|| {
        // Docker makes interfaces while the container starts, under names that it chooses.
        let name = setting.interface().filter(|name| *name != "lo")?;
        Some(format!(
            "the interface {} is not there yet when Docker sets keys; it takes them with the network",
            name.replace('/', ".")
        ))
    })
}

impl Target for Docker {
    fn word(&self) -> &'static str {
        "docker"
    }

    fn about(&self) -> &'static str {
        "Options --sysctl for a shell; taken apart in a test by sh, and by hand by the docker command"
    }

    fn refuses(&self, setting: &Setting, _: &Terms) -> Option<String> {
        refuses(setting)
    }

    /// The runtime goes through a map.
    fn keeps_order(&self) -> bool {
        false
    }

    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
        let usage = [
            "eval \"docker run $(grep -v '^#' FILE | paste -sd ' ' -) IMAGE\"",
            "Not with --network host: the keys are those of the container's own network.",
        ];
        sheet.head(&usage, out)?;
        for setting in &sheet.settings {
            reasons("", setting, out)?;
            let word = shell(&format!("{}={}", setting.key, setting.value));
            writeln!(out, "--sysctl {word}")?;
        }
        Ok(())
    }
}

impl Target for Compose {
    fn word(&self) -> &'static str {
        "compose"
    }

    fn about(&self) -> &'static str {
        "A service with sysctls to extend from; read back in a test, and by hand with docker-compose 1.29"
    }

    fn refuses(&self, setting: &Setting, _: &Terms) -> Option<String> {
        refuses(setting)
    }

    fn keeps_order(&self) -> bool {
        false
    }

    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
        let usage = [
            "In a service of yours: `extends: {file: THIS FILE, service: tcptune}`. Or give the service here the",
            "name of yours, and this file to Compose as a second -f. Not with network_mode: host.",
        ];
        sheet.head(&usage, out)?;
        writeln!(out, "services:")?;
        writeln!(out, "  tcptune:")?;
        writeln!(out, "    sysctls:")?;
        for setting in &sheet.settings {
            reasons("      ", setting, out)?;
            writeln!(
                out,
                "      {}: {}",
                yaml(&setting.key),
                compose(&setting.value)
            )?;
        }
        Ok(())
    }
}

fn reasons(indent: &str, setting: &Setting, out: &mut dyn Write) -> io::Result<()> {
    Sheet::reasons(indent, setting, out)?;
    match from_kernel(setting) {
        Some(text) => super::sheet::comment(indent, &text, out),
        None => Ok(()),
    }
}
