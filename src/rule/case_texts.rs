//! The texts of a case: lines that set keys, and the kernels they are for, written down instead of files.

use crate::catalog;
use crate::fact::KernelVersion;
use crate::fact::assigned::{Assigned, Assignments, FLAWS, SYNTAXES, Target};

use super::case::scalar;
use super::fields::{Fields, Sink, text};
use super::form::ASSIGNMENT;
use super::problem::ProblemKind;
use super::yaml::{Node, Place};

/// The kernel where a case names none.
const KERNEL: &str = "6.12.0";

/// Reads `assignments`, `kernels` and `kubernetes`; `None` when the case has no `assignments`, which stands
/// for texts that were not read.
pub(super) fn texts(fields: &Fields<'_>, sink: &mut Sink) -> Option<Assignments> {
    let named = fields.items("kernels", sink);
    let mut targets: Vec<Target> = named
        .iter()
        .filter_map(|node| target(text(node, "kernels", sink)?, sink))
        .collect();
    let kubernetes = fields.optional_text("kubernetes", sink);
    let kubernetes = kubernetes.and_then(|(release, place)| numbers(release, place, sink));
    fields.optional("assignments")?;
    let lines = fields.items("assignments", sink);
    let lines = lines.iter().filter_map(|node| line(node, sink)).collect();
    if named.is_empty() {
        targets.extend(KernelVersion::parse(KERNEL).map(|kernel| Target {
            name: KERNEL.to_owned(),
            kernel,
        }));
    }
    Some(Assignments {
        lines,
        targets,
        kubernetes,
    })
}

fn target((name, place): (&str, Place), sink: &mut Sink) -> Option<Target> {
    let Some(kernel) = KernelVersion::parse(name) else {
        let message = format!("`{}` is no kernel release", name.escape_debug());
        let help = Some("write 5.14.0, or \"5.14\"".to_owned());
        sink.at(place, ProblemKind::Other(message, help));
        return None;
    };
    Some(Target {
        name: name.to_owned(),
        kernel,
    })
}

fn numbers(release: &str, place: Place, sink: &mut Sink) -> Option<(u32, u32)> {
    let parts = release.split_once('.');
    let numbers = parts.and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    if numbers.is_none() {
        let message = format!("`{}` is no Kubernetes release", release.escape_debug());
        let help = Some("write \"1.29\"".to_owned());
        sink.at(place, ProblemKind::Other(message, help));
    }
    numbers
}

fn line(node: &Node, sink: &mut Sink) -> Option<Assigned> {
    let fields = Fields::open(node, "an assignment", ASSIGNMENT, sink)?;
    let place = fields.required_text("place", sink);
    let key = fields.required_text("key", sink);
    let syntax = word(&fields, "syntax", &SYNTAXES, sink).unwrap_or("conf");
    let flaw = word(&fields, "flaw", &FLAWS, sink);
    let [commented, dynamic, pod] =
        ["commented", "dynamic", "pod"].map(|name| fields.flag(name, sink).unwrap_or(false));
    let place = place?.0;
    let numbered = place.rsplit_once(':');
    let numbered = numbered.and_then(|(file, line)| Some((file, line.parse().ok()?)));
    let (file, line) = numbered.unwrap_or((place, 1));
    Some(Assigned {
        file: file.to_owned(),
        line,
        key: catalog::canonical(key?.0).into_owned(),
        value: fields.optional("value").and_then(scalar),
        syntax,
        flaw,
        commented,
        dynamic,
        pod,
        stated_default: fields.optional("stated_default").and_then(scalar),
        loaded: syntax == "conf",
        branch: None,
    })
}

fn word(
    fields: &Fields<'_>,
    name: &'static str,
    words: &[&'static str],
    sink: &mut Sink,
) -> Option<&'static str> {
    let (written, place) = fields.optional_text(name, sink)?;
    let found = words.iter().find(|word| **word == written).copied();
    if found.is_none() {
        let known = words.iter().map(|word| format!("`{word}`"));
        let known = known.collect::<Vec<_>>().join(", ");
        sink.at(
            place,
            ProblemKind::UnknownWord(name, written.to_owned(), known),
        );
    }
    found
}
