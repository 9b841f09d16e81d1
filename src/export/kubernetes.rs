//! The security context of a pod.

use std::io::{self, Write};

use super::container::{from_kernel, host_wide};
use super::quote::yaml;
use super::setting::Setting;
use super::sheet::{Sheet, comment};
use super::target::{Target, Terms};

/// `securityContext.sysctls` of a pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kubernetes;

impl Target for Kubernetes {
    fn word(&self) -> &'static str {
        "kubernetes"
    }

    fn about(&self) -> &'static str {
        "A securityContext with sysctls; read back in a test, and by hand with kubectl kustomize; no kubelet was asked"
    }

    fn refuses(&self, setting: &Setting, terms: &Terms) -> Option<String> {
        host_wide(setting, "node", "pod")
            .or_else(|| odd_name(&setting.key))
            .or_else(|| {
                let carried = terms.allow_unsafe || is_safe(setting, terms);
                (!carried).then(|| why_unsafe(setting, terms))
            })
    }

    /// The runtime goes through a map.
    fn keeps_order(&self) -> bool {
        false
    }

    fn write(&self, sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
        let release = match sheet.terms.kubernetes {
            Some((major, minor)) => format!("For Kubernetes {major}.{minor}. "),
            None => String::new(),
        };
        let place = format!(
            "{release}For spec of a pod, spec.template.spec of a Deployment; not with hostNetwork: true."
        );
        let is_unsafe = |one: &&Setting| !is_safe(one, &sheet.terms);
        let unsafe_keys: Vec<&str> = sheet
            .settings
            .iter()
            .filter(is_unsafe)
            .map(|one| one.key.as_str())
            .collect();
        let allow = format!(
            "Start the kubelet with --allowed-unsafe-sysctls={}; without it the pod is refused.",
            unsafe_keys.join(",")
        );
        let mut usage = vec![place.as_str()];
        if !unsafe_keys.is_empty() {
            usage.push(&allow);
        }
        sheet.head(&usage, out)?;
        writeln!(out, "securityContext:")?;
        writeln!(out, "  sysctls:")?;
        for setting in &sheet.settings {
            Sheet::reasons("    ", setting, out)?;
            let since = setting.spec().and_then(|spec| spec.kubernetes_safe_since);
            match since.filter(|_| is_safe(setting, &sheet.terms)) {
                Some(since) => comment("    ", &format!("safe since Kubernetes {since}"), out)?,
                None => comment("    ", "unsafe: the kubelet has to allow it", out)?,
            }
            if let Some(text) = from_kernel(setting) {
                comment("    ", &text, out)?;
            }
            writeln!(out, "    - name: {}", yaml(&setting.key))?;
            writeln!(out, "      value: {}", yaml(&setting.value))?;
        }
        Ok(())
    }
}

/// Whether a pod may set the key without the kubelet being told.
fn is_safe(setting: &Setting, terms: &Terms) -> bool {
    let since = setting.spec().and_then(|spec| spec.kubernetes_safe_since);
    let Some(since) = since.and_then(release) else {
        return false;
    };
    terms.kubernetes.is_none_or(|wanted| wanted >= since)
}

fn why_unsafe(setting: &Setting, terms: &Terms) -> String {
    let since = setting.spec().and_then(|spec| spec.kubernetes_safe_since);
    let help = "--allow-unsafe where the kubelet allows it";
    match (since, terms.kubernetes) {
        (Some(since), Some((major, minor))) => {
            format!("safe from Kubernetes {since} on, not in {major}.{minor}; {help}")
        }
        _ => format!("Kubernetes does not call it safe for pods; {help}"),
    }
}

fn release(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// That the API server would refuse the name (`SysctlContainSlashFmt` and `SysctlMaxLength` of
/// `pkg/apis/core/validation`), or that the runtime would take another key for it.
fn odd_name(key: &str) -> Option<String> {
    if key.contains('/') {
        return Some(
            "the runtime makes a slash of every dot, of those in names of interfaces too"
                .to_owned(),
        );
    }
    let alphanumeric = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let is_plain = |part: &str| {
        part.starts_with(alphanumeric)
            && part.ends_with(alphanumeric)
            && part
                .chars()
                .all(|letter| alphanumeric(letter) || "-_".contains(letter))
    };
    (key.len() > 253 || !key.split('.').all(is_plain))
        .then(|| "the API of Kubernetes takes no such name".to_owned())
}
