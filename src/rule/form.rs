//! The fields of every mapping a site can write: what the reader takes, and what editors are told.
//!
//! One table for both: `fields` refuses what is not in it, and holds it against what is read; `json_schema`
//! writes it down for editors.

use super::case::Expect;
use super::terms::{Kind, Maturity, Owner, Scope, Severity, Subject, Term};
use crate::fact::assigned::{FLAWS, SYNTAXES};
use crate::fact::boot::Fate;

/// One field of a mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// Whether it must be there.
    pub(super) must: bool,
    pub(super) form: Form,
    /// What it is, for editors.
    pub(super) says: &'static str,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// An id in kebab-case.
    Id,
    /// Text that is not empty, or may be.
    Text,
    /// A day, `YYYY-MM-DD`.
    Day,
    /// An https address.
    Address,
    /// True and nothing else.
    True,
    /// A switch.
    Flag,
    /// Zero or more, whole.
    Whole,
    /// Zero or more.
    Seconds,
    /// Seconds, or `none`.
    Window,
    /// A word of a closed list.
    Word(fn() -> Vec<&'static str>),
    /// One word and no other.
    Only(&'static str),
    /// An expression: text, or a bare number or switch.
    Expression,
    /// A list of expressions.
    Expressions,
    /// A list of texts.
    Texts,
    /// The changes: each key with its target.
    Targets,
    /// A target: one expression, or one for each number of the value.
    Target,
    /// A mapping of these fields.
    Group(&'static [Field]),
    /// A list of such mappings.
    Groups(&'static [Field]),
    /// A value as `/proc/sys` takes it.
    Scalar,
    /// A mapping from names to such values.
    Scalars,
    /// A mapping from keys to such values, those of several numbers as a list too.
    Values,
    /// A mapping from facts to readings: one, or the earlier one and the one now.
    Readings,
    /// A count, or the earlier one and the one now.
    Counts,
}

const fn must(name: &'static str, form: Form, says: &'static str) -> Field {
    Field {
        name,
        must: true,
        form,
        says,
    }
}

const fn may(name: &'static str, form: Form, says: &'static str) -> Field {
    Field {
        name,
        must: false,
        form,
        says,
    }
}

fn words<T: Term>() -> Vec<&'static str> {
    T::WORDS.iter().map(|(word, _)| *word).collect()
}

fn syntaxes() -> Vec<&'static str> {
    SYNTAXES.to_vec()
}

fn flaws() -> Vec<&'static str> {
    FLAWS.to_vec()
}

/// A rule.
#[rustfmt::skip]
pub(super) const RULE: &[Field] = &[
    must("id", Form::Id, "the fault; equals the file name without .yaml"),
    must("title", Form::Text, "lower case, at most about 48 characters when rendered; a template"),
    must("severity", Form::Word(words::<Severity>), "high: wake somebody; medium: repair this week; low: when convenient; info: good to know"),
    must("kind", Form::Word(words::<Kind>), "symptom: judged from counters and sockets; setting: judged from values"),
    must("maturity", Form::Word(words::<Maturity>), "stable: an experiment proves it (lab); preview: not yet"),
    must("scope", Form::Word(words::<Scope>), "netns: the setting belongs to the network namespace; host: to the whole machine"),
    must("owner", Form::Word(words::<Owner>), "who must act"),
    may("requires", Form::Texts, "facts; if one is absent, the rule is not applicable"),
    may("each", Form::Word(words::<Subject>), "judged for each one of these"),
    must("when", Form::Expression, "the condition, with the reason for each threshold beside it"),
    may("past", Form::Group(PAST), "what happened since boot and is over"),
    may("evidence", Form::Expressions, "expressions shown with value and unit"),
    must("message", Form::Text, "how we know: one or two short sentences with numbers; a template"),
    may("first", Form::Text, "what the application or peer should do first; a template"),
    may("set", Form::Targets, "the changes; {} when advise says what to do"),
    may("guards", Form::Groups(GUARD), "reasons that block the changes"),
    may("below_default", Form::Text, "why a target may be below the kernel's default"),
    may("waiting", Form::Group(WAITING), "the setting is right, running sockets keep the old value"),
    may("advise", Form::Text, "what no sysctl can do; a template"),
    may("cost", Form::Text, "one line: what the change costs; a template"),
    may("explain", Form::Text, "six headings, or free text"),
    may("references", Form::Groups(REFERENCE), "public pages"),
    may("lab", Form::Text, "module::function of the experiment"),
];

/// A file that takes a rule out.
#[rustfmt::skip]
pub(super) const DISABLING: &[Field] = &[
    must("id", Form::Id, "the rule of the layers below; equals the file name without .yaml"),
    must("disabled", Form::True, "the rule is not judged"),
    may("reason", Form::Text, "why; shown in every report"),
];

#[rustfmt::skip]
pub(super) const PAST: &[Field] = &[
    must("when", Form::Expression, "the condition, judged over the time since boot"),
    must("message", Form::Text, "how we know, with totals; a template"),
];

#[rustfmt::skip]
pub(super) const TARGET: &[Field] = &[
    must("to", Form::Target, "the value, or one for each number of it"),
    may("when", Form::Expression, "the change is made only when this holds"),
];

#[rustfmt::skip]
pub(super) const GUARD: &[Field] = &[
    must("when", Form::Expression, "true or unknown blocks the changes"),
    must("because", Form::Text, "the reason, as shown; a template"),
];

#[rustfmt::skip]
pub(super) const WAITING: &[Field] = &[
    must("when", Form::Expression, "the setting is right already"),
    must("what", Form::Text, "what has to happen; a template"),
];

#[rustfmt::skip]
pub(super) const REFERENCE: &[Field] = &[
    must("title", Form::Text, "what the page is called"),
    must("url", Form::Address, "where it is"),
];

/// A file of cases.
#[rustfmt::skip]
pub(super) const CASES: &[Field] = &[
    must("rule", Form::Text, "the id of the rule"),
    may("cases", Form::Groups(CASE), "what the rule must say of which facts"),
];

#[rustfmt::skip]
pub(super) const CASE: &[Field] = &[
    must("name", Form::Text, "a sentence"),
    may("window", Form::Window, "seconds between the two samples, default 1; none: a single sample"),
    may("uptime", Form::Seconds, "seconds since boot, default 86400"),
    may("facts", Form::Readings, "a value, [earlier, now], absent or denied"),
    may("listeners", Form::Groups(LISTENER), "listening sockets"),
    may("destinations", Form::Groups(DESTINATION), "destinations of outgoing connections"),
    may("sockets", Form::Only("denied"), "denied: sockets cannot be read"),
    may("kernel", Form::Text, "the release, default 6.12.0"),
    may("definitions", Form::Groups(DEFINITION), "lines that set keys at boot; [] for none"),
    may("boot", Form::Scalars, "values after the next boot: a value, untouched or unknown"),
    may("writers", Form::Groups(WRITER), "other programs that set keys"),
    may("waivers", Form::Groups(WAIVER), "what the site has accepted; [] for nothing"),
    may("today", Form::Day, "the day, for waivers"),
    may("assignments", Form::Groups(ASSIGNMENT), "lines of texts that set keys; [] for none"),
    may("kernels", Form::Texts, "the kernels such lines are for, oldest first; default 6.12.0"),
    may("kubernetes", Form::Text, "the Kubernetes release of pods; default: the newest"),
    must("expect", Form::Word(words::<Expect>), "the verdict"),
    may("set", Form::Scalars, "with fires: exactly these changes; without it none"),
    may("blocked", Form::Flag, "a guard blocks the changes"),
    may("waiting", Form::Flag, "the change is made and waits"),
    may("missing", Form::Texts, "with unknown: facts that are named"),
    may("instances", Form::Whole, "how many lines, keys or waivers are listed"),
];

#[rustfmt::skip]
pub(super) const LISTENER: &[Field] = &[
    must("address", Form::Text, "0.0.0.0:443"),
    may("queue", Form::Whole, "connections that wait for accept()"),
    may("bound", Form::Whole, "the length the queue may have"),
    may("drops", Form::Counts, "drops, or [earlier, now]"),
    may("process", Form::Text, "nginx (pid 812)"),
];

#[rustfmt::skip]
pub(super) const DESTINATION: &[Field] = &[
    must("source", Form::Text, "10.0.1.7"),
    must("address", Form::Text, "10.0.3.9:8080"),
    may("used", Form::Whole, "ports in use"),
    may("time_wait", Form::Whole, "those in TIME_WAIT"),
];

#[rustfmt::skip]
pub(super) const DEFINITION: &[Field] = &[
    must("place", Form::Text, "FILE:LINE"),
    must("key", Form::Text, "the key or pattern"),
    may("value", Form::Scalar, "as written; without it, it is an exclusion"),
    may("fate", Form::Word(words::<Fate>), "default: wins, or ignored when its file is not read"),
    may("by", Form::Text, "the place of what overrides it"),
    may("why", Form::Text, "why it is ignored or invalid"),
    may("unread", Form::Flag, "its file is not read"),
    may("lenient", Form::Flag, "errors are ignored: -key = value"),
];

#[rustfmt::skip]
pub(super) const ASSIGNMENT: &[Field] = &[
    must("place", Form::Text, "FILE:LINE"),
    must("key", Form::Text, "the key"),
    may("value", Form::Scalar, "the value as it reaches the kernel"),
    may("syntax", Form::Word(syntaxes), "how it is written, default conf"),
    may("flaw", Form::Word(flaws), "why it does not do what it means to do"),
    may("commented", Form::Flag, "it is commented out"),
    may("dynamic", Form::Flag, "key or value hold a variable"),
    may("pod", Form::Flag, "it stands in the specification of a pod"),
    may("stated_default", Form::Scalar, "what the line calls the default"),
];

#[rustfmt::skip]
pub(super) const WRITER: &[Field] = &[
    must("name", Form::Text, "the program"),
    may("place", Form::Text, "its file"),
    may("sets", Form::Texts, "the keys it sets"),
];

/// A profile.
#[rustfmt::skip]
pub(super) const PROFILE: &[Field] = &[
    must("profile", Form::Text, "the name, in kebab-case; it is what --profile takes"),
    may("title", Form::Text, "what kind of host it is for, in a few words"),
    may("params", Form::Scalars, "parameters that rules read as param.NAME"),
    may("want", Form::Values, "the value each key is to have"),
];

/// What a key is to have at least.
#[rustfmt::skip]
pub(super) const LEAST: &[Field] = &[
    must("at_least", Form::Scalar, "this much or more; a range may be wider"),
];

/// The site's file of waivers.
#[rustfmt::skip]
pub(super) const WAIVERS: &[Field] = &[
    may("waivers", Form::Groups(WAIVER), "findings that are accepted"),
];

#[rustfmt::skip]
pub(super) const WAIVER: &[Field] = &[
    must("rule", Form::Id, "the rule whose finding is accepted"),
    may("key", Form::Text, "only for this key; without it, whatever the rule finds"),
    must("reason", Form::Text, "why"),
    must("owner", Form::Text, "who accepts it"),
    must("until", Form::Day, "the last day it holds, in universal time"),
];
