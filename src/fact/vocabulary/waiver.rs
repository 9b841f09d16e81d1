//! The facts of the waivers that a site has given.

use super::{FactClass, FactKind, FactSpec, of};

const FILE: &str = "waivers.yaml";

const fn waiver(name: &'static str, kind: FactKind, summary: &'static str) -> FactSpec {
    of(FactClass::Waiver, name, kind, FILE, summary)
}

const TEXT: FactKind = FactKind::Text;

#[rustfmt::skip]
pub(super) const WAIVERS: [FactSpec; 7] = [
    waiver("waiver.rule", TEXT, "the rule whose finding is accepted"),
    waiver("waiver.key", TEXT, "the key it is accepted for; absent: for every key"),
    waiver("waiver.reason", TEXT, "why it is accepted"),
    waiver("waiver.owner", TEXT, "who accepted it"),
    waiver("waiver.until", TEXT, "the last day it holds, YYYY-MM-DD"),
    waiver("waiver.place", TEXT, "FILE:LINE"),
    waiver("waiver.expired", FactKind::Bool, "that day is over"),
];
