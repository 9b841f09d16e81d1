//! A figure against what was wanted.

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Missed,
    NotMeasured,
}

impl Verdict {
    pub(crate) const fn of(met: bool) -> Self {
        if met { Self::Met } else { Self::Missed }
    }

    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Met => "goal met",
            Self::Missed => "goal missed",
            Self::NotMeasured => "not measured",
        }
    }
}
