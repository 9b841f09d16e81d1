//! The facts of one line of a text that sets a key.

use super::super::Unit;
use super::{FactClass, FactKind, FactSpec, of};

const LINE: &str = "the text";
const KNOWN: &str = "key catalogue";
const BOTH: &str = "the text, key catalogue";

const fn assignment(
    name: &'static str,
    kind: FactKind,
    source: &'static str,
    summary: &'static str,
) -> FactSpec {
    of(FactClass::Assignment, name, kind, source, summary)
}

const TEXT: FactKind = FactKind::Text;
const BOOL: FactKind = FactKind::Bool;

/// A text that does not apply to a line is absent: `has()` asks for it.
#[rustfmt::skip]
pub(super) const ASSIGNMENTS: [FactSpec; 40] = [
    assignment("assignment.key", TEXT, LINE, "the key"),
    assignment("assignment.value", TEXT, LINE, "the value as it reaches the kernel; absent for a secret"),
    assignment("assignment.number", FactKind::Number(Unit::Number), LINE, "the value, where it is one whole number"),
    assignment("assignment.place", TEXT, LINE, "FILE:LINE"),
    assignment("assignment.file", TEXT, LINE, "the file"),
    assignment("assignment.syntax", TEXT, LINE, "conf, command, proc, sed, yaml, nix, ruby, puppet or prose"),
    assignment("assignment.flaw", TEXT, LINE, "blanks, trailing-comment, quotes, command-in-conf, no-assignment or stray-character"),
    assignment("assignment.dynamic", BOOL, LINE, "key or value hold a variable"),
    assignment("assignment.commented", BOOL, LINE, "it is commented out"),
    assignment("assignment.known", BOOL, KNOWN, "the catalogue knows the key, or its name holds a variable"),
    assignment("assignment.family", TEXT, KNOWN, "the family of a key of which nothing else is known"),
    assignment("assignment.nearest", TEXT, KNOWN, "the key that was meant, where none is known"),
    assignment("assignment.nearest_gone", TEXT, KNOWN, "what became of that key, where it is gone or ignored"),
    assignment("assignment.corrected", TEXT, BOTH, "the assignment as it was meant: name, blanks, quotes, comment"),
    assignment("assignment.removed", BOOL, KNOWN, "no kernel asked for has the key any more"),
    assignment("assignment.removed_in", TEXT, KNOWN, "the release that removed the key"),
    assignment("assignment.removed_on", TEXT, KNOWN, "the kernels asked for on which it is gone"),
    assignment("assignment.absent_on", TEXT, KNOWN, "the kernels asked for that do not have it: gone, or not there yet"),
    assignment("assignment.replacement", TEXT, KNOWN, "what took the place of the removed key, or what to do instead"),
    assignment("assignment.renamed", TEXT, BOTH, "the same assignment under the new name of the key"),
    assignment("assignment.no_op", BOOL, KNOWN, "every kernel asked for ignores the key or does not have it"),
    assignment("assignment.no_op_since", TEXT, KNOWN, "the release that began to ignore it"),
    assignment("assignment.no_op_on", TEXT, KNOWN, "the kernels asked for that have it and ignore it"),
    assignment("assignment.ineffective", TEXT, KNOWN, "why the value does not do what the line says"),
    assignment("assignment.refused", TEXT, KNOWN, "why the kernel does not take the value"),
    assignment("assignment.default", TEXT, KNOWN, "the default of the newest kernel asked for of which it is known"),
    assignment("assignment.is_default", BOOL, KNOWN, "the value is the default of every kernel asked for"),
    assignment("assignment.below_default", BOOL, KNOWN, "a limit that is below the default of every kernel asked for"),
    assignment("assignment.below_default_on", TEXT, KNOWN, "the kernels asked for whose default is higher"),
    assignment("assignment.stated_default", TEXT, LINE, "what the line calls the default, where that is a value of the key"),
    assignment("assignment.outdated_on", TEXT, BOTH, "the kernels asked for that have `assignment.default`, where the line states another"),
    assignment("assignment.pod", BOOL, LINE, "it stands in the specification of a pod"),
    assignment("assignment.pod_unsafe", BOOL, BOTH, "it does, and the Kubernetes release does not call the key safe"),
    assignment("assignment.pod_safe_since", TEXT, KNOWN, "the Kubernetes release that began to call it safe"),
    assignment("assignment.host_wide", BOOL, KNOWN, "the key is one for the machine: no pod or container has its own"),
    assignment("assignment.never_written", BOOL, KNOWN, "a key that is read-only, or whose change cannot be undone"),
    assignment("assignment.last", BOOL, LINE, "no later line of the same host or file sets the key"),
    assignment("assignment.duplicate_of", TEXT, LINE, "the place of the later line that counts in its place, where a loader reads both"),
    assignment("assignment.duplicate_by_loader", BOOL, LINE, "which of the two counts depends on the loader: that one is in sysctl.conf, this one is not"),
    assignment("assignment.duplicate_value", TEXT, LINE, "the value written there"),
];
