//! The facts of the boot configuration: one definition, one setting.

use super::{FactClass, FactKind, FactSpec, of};

const FILES: &str = "boot configuration";
const KNOWN: &str = "key catalogue";
const BOTH: &str = "boot configuration, /proc/sys";

const fn definition(
    name: &'static str,
    kind: FactKind,
    source: &'static str,
    summary: &'static str,
) -> FactSpec {
    of(FactClass::Definition, name, kind, source, summary)
}

const fn setting(
    name: &'static str,
    kind: FactKind,
    source: &'static str,
    summary: &'static str,
) -> FactSpec {
    of(FactClass::Setting, name, kind, source, summary)
}

const TEXT: FactKind = FactKind::Text;
const BOOL: FactKind = FactKind::Bool;

/// A text that does not apply to a subject is absent: `has()` asks for it.
#[rustfmt::skip]
pub(super) const BOOT: [FactSpec; 38] = [
    definition("definition.key", TEXT, FILES, "the key or pattern it names"),
    definition("definition.place", TEXT, FILES, "FILE:LINE"),
    definition("definition.file", TEXT, FILES, "the file; /proc/cmdline for the kernel command line"),
    definition("definition.value", TEXT, FILES, "the value as written; absent for an exclusion"),
    definition("definition.fate", TEXT, FILES, "wins, shadowed, masked, excluded, ignored or invalid"),
    definition("definition.by", TEXT, FILES, "the place of what shadows, masks or excludes it"),
    definition("definition.by_value", TEXT, FILES, "the value written there"),
    definition("definition.why", TEXT, FILES, "why it is ignored or invalid"),
    definition("definition.unread", BOOL, FILES, "the loader never opens its file"),
    definition("definition.vendor", BOOL, FILES, "its file belongs to the distribution, not to the host"),
    definition("definition.in_force", BOOL, BOTH, "the key is known to have this value after the next boot"),
    definition("definition.removed", BOOL, BOTH, "the key was removed from Linux, and is not on this kernel"),
    definition("definition.removed_in", TEXT, KNOWN, "the release that removed the key"),
    definition("definition.replacement", TEXT, KNOWN, "what took the place of the removed key"),
    definition("definition.no_op", BOOL, KNOWN, "this kernel has the key and ignores it"),
    definition("definition.no_op_since", TEXT, KNOWN, "the release that began to ignore it"),
    definition("definition.duplicate", BOOL, FILES, "a later line of the same file sets the same key"),
    definition("definition.duplicate_of", TEXT, FILES, "the place of the last such line"),
    definition("definition.duplicate_value", TEXT, FILES, "the value of the last such line"),
    definition("definition.ineffective", TEXT, KNOWN, "why the value does not do what the line says"),
    definition("definition.module", TEXT, BOTH, "the module that has the key and is not loaded at that time"),
    definition("definition.below_default", BOOL, BOTH, "a limit that is below this kernel's default"),
    definition("definition.default", TEXT, KNOWN, "the kernel's own default"),
    setting("setting.key", TEXT, BOTH, "the key"),
    setting("setting.live", TEXT, "/proc/sys", "its value now"),
    setting("setting.next_boot", TEXT, FILES, "its value after the next boot"),
    setting("setting.default", TEXT, KNOWN, "the kernel's own default"),
    setting("setting.set_by", TEXT, FILES, "the place of the line that sets it at boot"),
    setting("setting.system_now", TEXT, FILES, "its value if `sysctl --system` were run now"),
    setting("setting.system_by", TEXT, FILES, "the place of the line that would set it then"),
    setting("setting.changes", BOOL, BOTH, "a line sets it, and the next boot brings another value"),
    setting("setting.vanishes", BOOL, BOTH, "no line sets it, and the next boot brings another value"),
    setting("setting.writer", TEXT, FILES, "another program that is known to set it"),
    setting("setting.interface", BOOL, KNOWN, "it belongs to one interface, or is a template for them"),
    setting("setting.writable", BOOL, KNOWN, "a change of it can be undone, and it is no secret"),
    setting("setting.below_default", BOOL, BOTH, "a limit that is below this kernel's default now"),
    setting("setting.no_op", BOOL, KNOWN, "this kernel has the key and ignores it"),
    setting("setting.no_op_since", TEXT, KNOWN, "the release that began to ignore it"),
];
