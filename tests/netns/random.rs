//! Random numbers that a seed repeats.

/// A small generator, so that a seed repeats a run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn of(&mut self, list: &[&'static str]) -> &'static str {
        let at = self.below(list.len() as u64);
        list[usize::try_from(at).unwrap_or_default()]
    }
}

/// The seed of this run: `TCPTUNE_SEED`, or the clock.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("TCPTUNE_SEED").ok();
    let seed = given.and_then(|text| text.parse().ok()).unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(1, |now| {
            u64::try_from(now.as_nanos() & 0xffff_ffff).unwrap_or(1)
        })
    });
    seed.max(1)
}
