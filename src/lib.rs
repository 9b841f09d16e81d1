//! `tcptune` audits a Linux host's TCP/IP settings with evidence from its own kernel.
//!
//! One run is one sentence: **load → collect → check → plan → (prepare → apply) → render → exit**
//! (`cli::command::check::run`, `cli::command::apply::run`). Rules come first because they name the exact facts worth collecting.
//!
//! ```text
//! rules/ ─► rulebook ─┬─► needs ─► host ─► snapshot ─┐
//!                     └──────────────────────────────┴─► check ─► verdicts ─► plan ─► render
//! ```
//!
//! | floor | module | what it knows | imports | touches the world |
//! |---|---|---|---|---|
//! | 1 | [`fact`] | names, units, values, readings, samples, sockets; parsers of kernel text | – | no |
//! | 1 | [`catalog`] | every known key and counter: type, range, scope, defaults | `fact` | no |
//! | 1 | [`topic`] | sentences about every key, state, error, counter and option; which word means which | `catalog` | no |
//! | 1 | [`timing`] | times and rates that follow from settings | `catalog` | no |
//! | 2 | [`bootconf`] | files that set keys at boot: who wins, what follows | 1 | no |
//! | 2 | [`assign`] | assignments of keys in texts of any kind: files of settings, scripts, playbooks, prose | 1, `bootconf` | no |
//! | 2 | [`rule`] | schema, expressions, the rulebook, cases | 1 | no |
//! | 3 | [`mod@check`] | snapshot × rulebook → one verdict for each rule | 1–2 | no |
//! | 4 | [`mod@lint`] | texts × rules → findings, for kernels and without a host | 1–3 | no |
//! | 4 | [`mod@plan`] | proposals → one guarded change for each key | 1–3 | no |
//! | 5 | [`mod@apply`] | what is to be changed, the transaction and the way back, over ports | 1–4 | ports |
//! | 6 | [`render`] | any result → one format | 1–5 | no |
//! | 6 | [`mod@export`] | settings of a plan or a profile → the words of another tool | 1–5 | no |
//! | 6 | [`host`] | the kernel, files, the clock | 1–2, `apply` | **yes** |
//! | 7 | [`cli`] | arguments, commands, exit codes, printing | all | **yes** |
//!
//! Imports only look down; `tests/architecture.rs` holds that, and that the core touches nothing.
//!
//! Five laws:
//!
//! 1. A reading has five states ([`fact::Reading`]) and a verdict has four ([`check::Verdict`]).
//!    Unknown is never folded into a pass.
//! 2. Counters are judged over a window or over the time since boot, never bare.
//! 3. Values compare by type, token by token, never as text.
//! 4. A change has a value to come back to, lies in the kernel's range, and is a fixpoint of its rule.
//! 5. One fact has one home; where a thing must be said twice, a test compares the two.

#![deny(clippy::disallowed_methods)]
// Whatever a kernel, a file or a rule says, no run ends in a panic; tests may.
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

pub mod apply;
pub mod assign;
pub mod bootconf;
pub mod catalog;
pub mod check;
#[expect(clippy::disallowed_methods, reason = "the imperative shell")]
pub mod cli;
pub mod export;
pub mod fact;
#[expect(clippy::disallowed_methods, reason = "the imperative shell")]
pub mod host;
pub mod lint;
pub mod plan;
pub mod render;
pub mod rule;
pub mod timing;
pub mod topic;
