//! YAML and JSON: Ansible, compose, Kubernetes, Helm, Hiera, Salt, cloud-init, Talos, node pools of AKS.
//!
//! Real files hold templates that no YAML parser takes, so the text is read by lines and indentation, and what
//! cannot be placed is passed over.

mod camel;
mod comment;
pub(super) mod field;
mod flow;
mod node;
pub(super) mod oneline;
mod read;
mod record;
mod repeat;
mod walk;

use super::Assignment;
use super::spot::{Spot, settle};
use super::written;

use read::Reader;
use walk::Walk;

/// Every assignment of the text.
pub(super) fn find(text: &str) -> Vec<Assignment> {
    settle(text, spots(text, 0))
}

/// Every assignment by its offset; `depth` counts the texts around this one.
pub(super) fn spots(text: &str, depth: usize) -> Vec<Spot> {
    let may_hold = written::may_hold_key(text) || text.contains("ysctl");
    if !may_hold || is_about_keys(text) {
        return Vec::new();
    }
    let mut reader = Reader::new(text);
    let parts = reader.document();
    let mut walk = Walk::new(text, depth, false);
    walk.lists = repeat::lists(text, &parts);
    for part in &parts {
        walk.part(part);
    }
    let mut spots = walk.spots;
    spots.extend(comment::spots(text, &reader, depth));
    spots
}

/// Whether the text is a rule, the cases of a rule, or a profile of this program: such a file names keys, and
/// expressions about them, and sets none.
fn is_about_keys(text: &str) -> bool {
    let has = |name: &str| {
        let mut lines = text.lines();
        lines.any(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(':'))
        })
    };
    (has("rule") && has("cases"))
        || (has("profile") && has("want"))
        || (has("id") && has("when") && has("message"))
}

#[cfg(test)]
mod ansible_tests;
#[cfg(test)]
mod cluster_tests;
#[cfg(test)]
mod nested_tests;
#[cfg(test)]
mod script_tests;
