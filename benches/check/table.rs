//! What was measured, against what was wanted.

use crate::duel::Duel;
use crate::measured::command::{CHECK, SS, SYSCTL};
use crate::measured::verdict::Verdict;

/// One line of the table.
pub(crate) struct Row {
    figure: String,
    goal: String,
    verdict: Verdict,
    what: String,
}

impl Row {
    /// The part of the peer's time that is needed, at most `bound`.
    pub(crate) fn share(what: &str, duel: Duel, bound: f64) -> Self {
        let share = duel.own / duel.peer;
        Self {
            figure: format!("{share:.2}"),
            goal: format!("<= {bound:.2}"),
            verdict: Verdict::of(share <= bound),
            what: format!("{what}, part of the time of `sysctl`: {}", times(duel)),
        }
    }

    /// How many times as fast as the peer, at least `bound`.
    pub(crate) fn faster(what: &str, duel: Duel, bound: f64) -> Self {
        let factor = duel.peer / duel.own;
        Self {
            figure: format!("{factor:.2}x"),
            goal: format!(">= {bound:.2}x"),
            verdict: Verdict::of(factor >= bound),
            what: format!("{what}, faster than `ss`: {}", times(duel)),
        }
    }

    /// A size in bytes, at most so many MiB.
    pub(crate) fn size(what: &str, bytes: u64, mebibytes: u64) -> Self {
        Self {
            figure: format!("{:.2} MiB", bytes as f64 / f64::from(1 << 20)),
            goal: format!("<= {mebibytes} MiB"),
            verdict: Verdict::of(bytes <= mebibytes << 20),
            what: what.to_owned(),
        }
    }

    /// Why there is no figure.
    pub(crate) fn not_measured(what: &str, why: &str) -> Self {
        Self {
            figure: "-".to_owned(),
            goal: String::new(),
            verdict: Verdict::NotMeasured,
            what: format!("{what}: {why}"),
        }
    }

    fn line(&self) -> String {
        format!(
            "{:>9}  {:<9}  {:<12}  {}\n",
            self.figure,
            self.goal,
            self.verdict.words(),
            self.what
        )
    }

    pub(crate) const fn is_missed(&self) -> bool {
        matches!(self.verdict, Verdict::Missed)
    }
}

fn times(duel: Duel) -> String {
    format!("{:.2} ms against {:.2} ms", duel.own, duel.peer)
}

/// The table, and the commands it speaks of.
pub(crate) fn render(rows: &[Row], rounds: usize) -> String {
    let lines: String = rows.iter().map(Row::line).collect();
    format!(
        "Medians of {rounds} rounds, the commands taking turns.\n\n{lines}\n\
         tcptune  {}\nsysctl   {}\nss       {}\n",
        CHECK.shown, SYSCTL.shown, SS.shown
    )
}
