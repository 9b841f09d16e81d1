//! What kind of file a text is.

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// sysctl.conf, sysctl.d/*.conf, and templates of them.
    Conf,
    /// A shell script.
    Shell,
    /// A Dockerfile or Containerfile.
    Docker,
    /// YAML: Ansible, compose, Kubernetes, Helm, Hiera, Salt, cloud-init, Talos.
    Yaml,
    /// JSON.
    Json,
    /// Nix.
    Nix,
    /// Ruby, as of Chef.
    Ruby,
    /// Puppet.
    Puppet,
    /// A unit of systemd.
    Unit,
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
    /// Anything else.
    Text,
}

impl FileKind {
    /// The kind of a text, by the name of its file, else by its first lines.
    pub fn of(name: &str, text: &str) -> Self {
        let base = without_template(name.rsplit('/').next().unwrap_or(name));
        let end = base.rsplit_once('.').map_or("", |(_, end)| end);
        match end {
            "conf" => Self::Conf,
            "sh" | "bash" | "zsh" | "ksh" => Self::Shell,
            "yml" | "yaml" | "sls" => Self::Yaml,
            "json" | "ign" => Self::Json,
            "nix" => Self::Nix,
            "rb" => Self::Ruby,
            "pp" => Self::Puppet,
            "service" | "socket" | "timer" | "mount" | "path" => Self::Unit,
            "md" | "markdown" => Self::Markdown,
            "html" | "htm" => Self::Html,
            _ if base.starts_with("Dockerfile")
                || base.starts_with("Containerfile")
                || end == "Dockerfile" =>
            {
                Self::Docker
            }
            _ => Self::by_text(text),
        }
    }

    fn by_text(text: &str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        if first.starts_with("#!") && first.contains("sh") {
            Self::Shell
        } else if first.starts_with("---") || first.starts_with("#cloud-config") {
            Self::Yaml
        } else if first.trim_start().starts_with('<') {
            Self::Html
        } else {
            Self::Text
        }
    }
}

/// The name of what a template makes.
fn without_template(base: &str) -> &str {
    let base = base
        .strip_suffix(".j2")
        .or_else(|| base.strip_suffix(".erb"))
        .unwrap_or(base);
    base.strip_suffix(".tmpl")
        .or_else(|| base.strip_suffix(".tpl"))
        .unwrap_or(base)
}

/// Whether a name says that a loader of sysctls reads the file: `sysctl.conf`, or a place in `sysctl.d`.
pub(super) fn is_for_loader(name: &str) -> bool {
    let (folder, base) = name.rsplit_once('/').unwrap_or(("", name));
    let base = without_template(base);
    base == "sysctl.conf" || folder.rsplit('/').next() == Some("sysctl.d")
}
