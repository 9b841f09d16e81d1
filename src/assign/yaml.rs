//! YAML and JSON: Ansible, compose, Kubernetes, Helm, Hiera, Salt, cloud-init, Talos, node pools of AKS.
//!
//! Real files hold templates that no YAML parser takes, so the text is read by lines and indentation, and what
//! cannot be placed is passed over.

mod camel;
mod comment;
mod field;
mod flow;
mod node;
mod oneline;
mod read;
mod record;
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
    if !may_hold {
        return Vec::new();
    }
    let mut reader = Reader::new(text);
    let parts = reader.document();
    let mut walk = Walk::new(text, depth, false);
    for part in &parts {
        walk.part(part);
    }
    let mut spots = walk.spots;
    spots.extend(comment::spots(text, &reader, depth));
    spots
}

#[cfg(test)]
mod ansible_tests;
#[cfg(test)]
mod cluster_tests;
#[cfg(test)]
mod nested_tests;
#[cfg(test)]
mod script_tests;
