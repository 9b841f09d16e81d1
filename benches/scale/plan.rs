//! How much is measured, and how often.

/// What the arguments ask for.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// Sockets in the mix of open connections.
    pub(crate) established: Vec<u32>,
    pub(crate) time_wait: u32,
    pub(crate) syn_recv: u32,
    /// Descriptors of the processes among which an owner is looked for.
    pub(crate) descriptors: u32,
    /// Sockets in the namespace beside an empty one.
    pub(crate) beside: u32,
    pub(crate) markdown: bool,
    /// The part of a situation's name that is asked for.
    only: Option<String>,
}

impl Plan {
    /// `--quick`: fewer of everything. `--million`: the largest size as well. `--sizes 2000,5000`: these
    /// sizes, for work on this program. `--only NAME`: one situation. `--markdown`: a table for a page.
    pub(crate) fn of(arguments: &[String]) -> Result<Self, String> {
        let has = |name: &str| arguments.iter().any(|argument| argument == name);
        let after = |name: &str| {
            let at = arguments.iter().position(|argument| argument == name)?;
            arguments.get(at + 1).map(String::as_str)
        };
        let mut plan = Self {
            rounds: 9,
            established: vec![10_000, 100_000, 500_000],
            time_wait: 500_000,
            syn_recv: 100_000,
            descriptors: 200_000,
            beside: 500_000,
            markdown: has("--markdown"),
            only: after("--only").map(str::to_owned),
        };
        if has("--quick") {
            plan.rounds = 5;
            plan.established = vec![10_000, 100_000];
            plan.time_wait = 100_000;
            plan.syn_recv = 20_000;
            plan.descriptors = 50_000;
            plan.beside = 100_000;
        }
        if let Some(sizes) = after("--sizes") {
            let sizes: Result<Vec<u32>, _> = sizes.split(',').map(str::parse).collect();
            let sizes = sizes.map_err(|_| "--sizes takes numbers: 2000,5000")?;
            let last = sizes.last().copied().unwrap_or_default();
            if !(500..=1_000_000).contains(&last) {
                return Err("--sizes are at least 500 and at most a million".to_owned());
            }
            plan.time_wait = last.min(500_000);
            plan.syn_recv = last.min(100_000);
            plan.descriptors = last.min(200_000);
            plan.beside = last.min(500_000);
            plan.established = sizes;
        }
        if has("--million") {
            plan.established.push(1_000_000);
        }
        Ok(plan)
    }

    pub(crate) fn wants(&self, situation: &str) -> bool {
        let only = self.only.as_deref();
        only.is_none_or(|only| situation.contains(only))
    }
}
