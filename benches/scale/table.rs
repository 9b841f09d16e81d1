//! What was measured, against what was wanted.

use crate::measured::verdict::Verdict;
use crate::rounds::Rounds;
use crate::tools::{ALL, CHECKED, COUNTS, FLOOR, START, Tool};

/// What is wanted of a comparison.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// Nothing; the figure tells how many times as fast it is.
    Shown,
    /// To be so many times as fast as the peer, at least.
    Faster(f64),
    /// To need this part of the peer's time at most.
    Share(f64),
    /// To need no more than so many times the peer's time and so many milliseconds; the flag says
    /// whether that is judged, or only shown.
    Near(f64, f64, bool),
}

/// What keeps a figure from being better.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    /// What the figures of the same rounds say.
    Measured,
    Named(&'static str),
}

/// One line of the table.
pub(crate) struct Row {
    cells: [String; 10],
    verdict: Option<Verdict>,
}

const HEADS: [&str; 10] = [
    "situation",
    "measured",
    "ms",
    "MiB",
    "against",
    "ms",
    "MiB",
    "ratio",
    "goal",
    "bound by",
];

/// Columns of numbers.
const RIGHT: [bool; 10] = [
    false, false, true, true, false, true, true, true, false, false,
];

impl Row {
    /// `own` against `peer`, both measured in the same rounds.
    pub(crate) fn compared(
        situation: &str,
        rounds: &Rounds,
        (own, peer): (&Tool, &Tool),
        goal: Goal,
        bound: Bound,
    ) -> Self {
        let missing = rounds
            .missing
            .iter()
            .find(|(tool, _)| tool.name == peer.name);
        if let Some((_, program)) = missing {
            let why = format!("`{program}` is not installed");
            return Self::not_measured(situation, own.name, peer.name, &why);
        }
        let time = |tool| rounds.time(tool).unwrap_or(f64::NAN);
        let (own_time, peer_time) = (time(own), time(peer));
        let (ratio, wanted, verdict) = goal.judged(own_time, peer_time);
        let bound = match bound {
            Bound::Named(name) => name,
            Bound::Measured
                if own.name.starts_with(CHECKED.name) && time(&COUNTS) * 2.0 < own_time =>
            {
                "rest of the check"
            }
            Bound::Measured => bound_by(own_time, time(&START), time(&FLOOR)),
        };
        Self {
            cells: [
                situation.to_owned(),
                own.name.to_owned(),
                format!("{own_time:.1}"),
                mebibytes(rounds.peak(own)),
                peer.name.to_owned(),
                format!("{peer_time:.1}"),
                mebibytes(rounds.peak(peer)),
                ratio,
                wanted,
                bound.to_owned(),
            ],
            verdict,
        }
    }

    /// The time of one command alone, in milliseconds.
    pub(crate) fn time(situation: &str, rounds: &Rounds, own: &Tool, most: f64) -> Self {
        let time = rounds.time(own).unwrap_or(f64::NAN);
        Self {
            verdict: Some(Verdict::of(time <= most)),
            ..Self::alone(
                situation,
                own,
                [format!("{time:.1}"), mebibytes(rounds.peak(own))],
                format!("<= {most} ms"),
                "reading settings",
            )
        }
    }

    /// The memory of `check`, at most so many MiB.
    pub(crate) fn memory(situation: &str, rounds: &Rounds, most: u64) -> Self {
        let peak = rounds.peak(&CHECKED);
        Self {
            verdict: peak.map(|peak| Verdict::of(peak <= most << 20)),
            ..Self::alone(
                situation,
                &CHECKED,
                [String::new(), mebibytes(peak)],
                format!("<= {most} MiB"),
                "program and sample",
            )
        }
    }

    fn alone(situation: &str, own: &Tool, figures: [String; 2], goal: String, bound: &str) -> Self {
        let [time, memory] = figures;
        let none = String::new;
        let (situation, own) = (situation.to_owned(), own.name.to_owned());
        let bound = bound.to_owned();
        Self {
            cells: [
                situation,
                own,
                time,
                memory,
                none(),
                none(),
                none(),
                none(),
                goal,
                bound,
            ],
            verdict: None,
        }
    }

    /// Why there is no figure.
    pub(crate) fn not_measured(situation: &str, own: &str, peer: &str, why: &str) -> Self {
        let mut cells = [const { String::new() }; 10];
        let texts = [(0, situation), (1, own), (4, peer), (9, why)];
        for (at, text) in texts {
            if let Some(cell) = cells.get_mut(at) {
                text.clone_into(cell);
            }
        }
        Self {
            cells,
            verdict: Some(Verdict::NotMeasured),
        }
    }

    pub(crate) fn is_missed(&self) -> bool {
        self.verdict == Some(Verdict::Missed)
    }

    fn verdict(&self) -> &'static str {
        self.verdict.map_or("", Verdict::words)
    }
}

impl Goal {
    /// The figure, the goal, and whether it is met.
    fn judged(self, own: f64, peer: f64) -> (String, String, Option<Verdict>) {
        let faster = peer / own;
        let share = own / peer;
        match self {
            Self::Shown => (format!("{faster:.1}x"), String::new(), None),
            Self::Faster(least) => (
                format!("{faster:.1}x"),
                format!(">= {least}x"),
                Some(Verdict::of(faster >= least)),
            ),
            Self::Share(most) => (
                format!("{share:.2} of it"),
                format!("<= {most} of it"),
                Some(Verdict::of(share <= most)),
            ),
            Self::Near(times, plus, is_judged) => (
                format!("{share:.2} of it"),
                if is_judged {
                    format!("<= {times} of it + {plus} ms")
                } else {
                    String::new()
                },
                is_judged.then(|| Verdict::of(own <= times.mul_add(peer, plus))),
            ),
        }
    }
}

/// Where at least half of a time goes that reads sockets.
fn bound_by(own: f64, start: f64, floor: f64) -> &'static str {
    if start * 2.0 >= own {
        "process start"
    } else if floor * 2.0 >= own {
        "hash walk"
    } else {
        "kernel fill"
    }
}

fn mebibytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(String::new, |bytes| {
        format!("{:.1}", bytes as f64 / f64::from(1 << 20))
    })
}

/// The table for people, and the commands it speaks of.
pub(crate) fn text(rows: &[Row]) -> String {
    let heads = HEADS.map(str::to_owned);
    let mut widths = HEADS.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(cell.len());
        }
    }
    let line = |cells: &[String; 10], verdict: &str| {
        let columns = cells.iter().zip(widths).zip(RIGHT);
        let padded = columns.map(|((cell, width), right)| {
            if right {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        let line = padded.collect::<Vec<_>>().join("  ");
        format!("{}\n", format!("{line}  {verdict}").trim_end())
    };
    let body: String = rows
        .iter()
        .map(|row| line(&row.cells, row.verdict()))
        .collect();
    let legend = ALL.map(|tool| format!("{:<26} {}\n", tool.name, tool.line.shown));
    format!("{}{body}\n{}", line(&heads, "verdict"), legend.concat())
}

/// The table for the README.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let line = |cells: &[String; 10], verdict: &str| {
        let cells = cells.join(" | ");
        format!("| {cells} | {verdict} |\n")
    };
    let rules = RIGHT.map(|right| if right { "--:" } else { "---" }.to_owned());
    let body: String = rows
        .iter()
        .map(|row| line(&row.cells, row.verdict()))
        .collect();
    let legend = ALL.map(|tool| format!("- {}: {}\n", tool.name, tool.line.shown));
    format!(
        "{}{}{body}\n{}",
        line(&HEADS.map(str::to_owned), "verdict"),
        line(&rules, "---"),
        legend.concat()
    )
}
