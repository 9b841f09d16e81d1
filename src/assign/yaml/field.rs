//! What the names of fields tell about what they hold.

/// Fields of text that nobody runs: titles, messages, conditions, patterns.
const PROSE: [&str; 33] = [
    "name",
    "title",
    "description",
    "summary",
    "msg",
    "message",
    "fail_msg",
    "success_msg",
    "comment",
    "comments",
    "doc",
    "docs",
    "help",
    "note",
    "notes",
    "label",
    "tags",
    "when",
    "that",
    "until",
    "changed_when",
    "failed_when",
    "regexp",
    "regex",
    "pattern",
    "search_string",
    "insertafter",
    "insertbefore",
    "remediation",
    "rationale",
    "reason",
    "register",
    "notify",
];

/// Fields whose text goes into a file.
const CONTENT: [&str; 9] = [
    "line",
    "newline",
    "new_string",
    "content",
    "contents",
    "block",
    "replace",
    "text",
    "data",
];

/// Of these, such that hold lines and no scripts.
const LINES: [&str; 5] = ["line", "newline", "new_string", "block", "replace"];

/// Fields that hold what a key is set to.
const VALUES: [&str; 10] = [
    "value",
    // In a profile of this program: no less than that.
    "at_least",
    "val",
    "values",
    "v",
    "sysctl_value",
    "to",
    "setting",
    "set",
    "sysctlval",
];

/// Fields that hold commands.
const COMMANDS: [&str; 10] = [
    "command", "shell", "cmd", "run", "raw", "script", "args", "runcmd", "bootcmd", "exec",
];

/// Maps of what is only tested for.
const TESTS: [&str; 4] = ["kernel-param", "kernel_param", "kernel_parameter", "assert"];

/// The name without its collection: `ansible.posix.sysctl` is `sysctl`.
pub(super) fn base(name: &str) -> &str {
    let is_module = ["ansible.", "community."]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    if is_module {
        name.rsplit('.').next().unwrap_or(name)
    } else {
        name
    }
}

/// Its text is prose, a condition or a pattern.
pub(super) fn is_prose(name: &str) -> bool {
    PROSE.contains(&base(name))
}

/// Its text is lines of a file.
pub(super) fn is_lines(name: &str) -> bool {
    LINES.contains(&base(name))
}

/// Its text goes into a file.
pub(super) fn is_content(name: &str) -> bool {
    CONTENT.contains(&base(name))
}

/// Its text is run.
pub(super) fn is_command(name: &str) -> bool {
    COMMANDS.contains(&base(name))
}

/// It holds the value to a key beside it.
pub(super) fn is_value(name: &str) -> bool {
    VALUES.contains(&name) || name.ends_with("value") || name.ends_with("_val")
}

/// It is Ansible's module.
pub(in crate::assign) fn is_module(name: &str) -> bool {
    base(name) == "sysctl"
}

/// What Ansible's module writes for a word that Ansible takes for a switch: 0 or 1
/// (`_parse_value` in ansible.posix, plugins/modules/sysctl.py).
pub(in crate::assign) fn switch(value: &str) -> Option<&'static str> {
    match value.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "on" | "true" | "t" => Some("1"),
        "n" | "no" | "off" | "false" | "f" => Some("0"),
        _ => None,
    }
}

/// What is below is only tested for.
pub(super) fn is_test(name: &str) -> bool {
    TESTS.contains(&base(name))
}

/// The name speaks of sysctls.
pub(super) fn is_sysctl(name: &str) -> bool {
    name.contains("sysctl") || name.contains("Sysctl") || name.contains("SYSCTL")
}

/// A list to loop over.
pub(super) fn is_loop(name: &str) -> bool {
    name == "loop" || name.starts_with("with_")
}

/// It says whether the entry is to be there at all.
pub(in crate::assign) fn is_state(name: &str) -> bool {
    matches!(name, "state" | "ensure")
}

/// The entry is to be gone.
pub(in crate::assign) fn is_gone(value: &str) -> bool {
    matches!(value.trim(), "absent" | "removed" | "purged")
}
