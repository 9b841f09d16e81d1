//! Keys of numbers: `do_proc_dointvec` of `kernel/sysctl.c` and its like.

use super::long::{Long, is_space, long};
use super::ticks::{milliseconds, user_ticks};
use super::{Beside, Stored, refused};
use crate::catalog::{Bounds, Handler, KeyScope, KeySpec, Kind};
use crate::fact::Value;

/// The largest signed 32-bit number.
pub(super) const INT_MAX: i64 = i32::MAX as i64;

/// What a key makes of one number.
pub(super) enum Made {
    Number(i64),
    Refused,
    Unknown(&'static str),
}

/// What the release of the kernel that is written to says of the bounds of a key.
#[derive(Clone, Copy, Debug)]
enum ByRelease {
    /// Nothing: no kernel is meant, or the bounds are those of every release.
    Always,
    /// It has these.
    Within(Bounds),
    /// They are not known of it.
    Unknown,
}

/// What became of the numbers of a text.
struct Read {
    numbers: Vec<i64>,
    end: End,
}

/// Why the reading ended.
#[derive(Clone, Copy)]
enum End {
    /// The text or the numbers of the key are used up.
    Done,
    Refused,
    Unknown(&'static str),
}

impl KeySpec {
    /// `__do_proc_dointvec` and its like: number by number, each stored as it is read.
    pub(super) fn store_numbers(
        &self,
        old: Option<&Value>,
        text: &[u8],
        beside: &dyn Beside,
    ) -> Stored {
        if self.handler == Handler::Own {
            return Stored::Unknown("a function of the key's own decides");
        }
        // The kernel reads one page; how large that is only matters for a text of blanks.
        let by_release = self.by_release(beside);
        let small = self.read(text.get(..4095).unwrap_or(text), by_release);
        let large = self.read(text, by_release);
        if small.numbers != large.numbers {
            return Stored::Unknown("the text is longer than a page");
        }
        let before = old.map(numbers_of).unwrap_or_default();
        match (self.kind, small.end) {
            (_, End::Unknown(why)) => Stored::Unknown(why),
            (Kind::Range, End::Refused) => refused("EINVAL", old),
            (Kind::Range, End::Done) if small.numbers.is_empty() => refused("EINVAL", old),
            (Kind::Range, End::Done) => self.store_range(old, &before, &small.numbers, beside),
            (_, End::Done) if !small.numbers.is_empty() => {
                if let [number] = small.numbers.as_slice()
                    && let Some(answer) = self.judged_beside(*number, old, beside)
                {
                    return answer;
                }
                self.whole(&before, &small.numbers).map_or(
                    Stored::Unknown("the numbers it leaves as they are are not known"),
                    Stored::Taken,
                )
            }
            (_, End::Done | End::Refused) => Stored::Refused {
                errno: "EINVAL",
                value: if small.numbers.is_empty() {
                    old.cloned()
                } else {
                    self.whole(&before, &small.numbers)
                },
            },
        }
    }

    /// How many numbers the key has.
    fn width(&self) -> usize {
        match self.kind {
            Kind::Triple => 3,
            Kind::Range => 2,
            _ => 1,
        }
    }

    /// The numbers at the beginning of a text, up to what ends the reading.
    fn read(&self, text: &[u8], by_release: ByRelease) -> Read {
        let mut numbers = Vec::new();
        let mut line = text.to_vec();
        line.push(b'\n');
        let mut at = 0;
        while numbers.len() < self.width() {
            while line.get(at).is_some_and(|byte| is_space(*byte)) {
                at += 1;
            }
            if at >= line.len() {
                break;
            }
            let made = long(&line, at, b" \t\n").map_or(Made::Refused, |long| {
                at = long.after;
                self.made_of(long, by_release)
            });
            let end = match made {
                Made::Number(number) => {
                    numbers.push(number);
                    continue;
                }
                Made::Refused => End::Refused,
                Made::Unknown(why) => End::Unknown(why),
            };
            return Read { numbers, end };
        }
        Read {
            numbers,
            end: End::Done,
        }
    }

    fn by_release(&self, beside: &dyn Beside) -> ByRelease {
        let Some(kernel) = beside.kernel() else {
            return ByRelease::Always;
        };
        match self.bounds_in(kernel) {
            None => ByRelease::Unknown,
            Some(bounds) if (self.min, self.max) == (Some(bounds.min), Some(bounds.max)) => {
                ByRelease::Always
            }
            // Another key is the upper bound, and is asked later.
            Some(_) if self.max_key.is_some() => ByRelease::Always,
            Some(bounds) => ByRelease::Within(bounds),
        }
    }

    /// One number, as the handler of the key converts and checks it.
    fn made_of(&self, long: Long, by_release: ByRelease) -> Made {
        match (self.whatever_its_kernel(long), by_release) {
            (Made::Refused, ByRelease::Unknown)
                if long.magnitude <= u64::from(i32::MAX.unsigned_abs()) =>
            {
                Made::Unknown("what this kernel accepts is not known")
            }
            (Made::Number(number), ByRelease::Within(bounds))
                if !(bounds.min..=bounds.max).contains(&number) =>
            {
                Made::Refused
            }
            (made, _) => made,
        }
    }

    /// The same by the bounds of the newest kernels.
    fn whatever_its_kernel(&self, long: Long) -> Made {
        let min = self.min.unwrap_or(i64::MIN);
        let max = self.max.unwrap_or(i64::MAX);
        match self.handler {
            Handler::Milliseconds => return milliseconds(long, min),
            Handler::UserTicks => return user_ticks(long),
            Handler::Plain | Handler::Signed | Handler::Own => {}
        }
        let wide = max > i64::from(u32::MAX);
        let unsigned = wide || (min >= 0 && max != INT_MAX && self.handler != Handler::Signed);
        if unsigned && long.negative {
            return Made::Refused;
        }
        let Ok(magnitude) = i64::try_from(long.magnitude) else {
            return if wide && max == i64::MAX {
                Made::Unknown("the number is larger than any that can be kept here")
            } else {
                Made::Refused
            };
        };
        let number = if long.negative { -magnitude } else { magnitude };
        if (min..=max).contains(&number) {
            return if self.scope != KeyScope::Netns && min == i64::from(i32::MIN) && number <= 0 {
                Made::Unknown("whether the kernel takes this number is not known")
            } else {
                Made::Number(number)
            };
        }
        // Seconds are kept in clock ticks: the catalogue has the bounds of 1000 Hz, and 100 Hz takes ten
        // times as much.
        let ticks = [2_147_483, 4_294_967].contains(&max)
            && number >= min.saturating_mul(10)
            && number <= max.saturating_mul(10) + 9;
        if ticks {
            Made::Unknown("the bound depends on the clock tick of the kernel")
        } else {
            self.out_of_range(number)
        }
    }

    /// A number outside the bounds of the catalogue.
    fn out_of_range(&self, number: i64) -> Made {
        let min = self.min.unwrap_or(i64::MIN);
        // Where another key is the upper bound, that one is asked later.
        if self.max_key.is_some() && (min..=INT_MAX).contains(&number) {
            Made::Number(number)
        } else {
            Made::Refused
        }
    }

    /// The value with its first numbers replaced; `None` when the others are not known.
    pub(super) fn whole(&self, before: &[i64], new: &[i64]) -> Option<Value> {
        let at = |place: usize| new.get(place).or_else(|| before.get(place)).copied();
        Some(match self.kind {
            Kind::Bool => Value::Bool(at(0)? != 0),
            Kind::Triple => Value::Triple([at(0)?, at(1)?, at(2)?]),
            Kind::Range => Value::Range([at(0)?, at(1)?]),
            _ => Value::Int(at(0)?),
        })
    }
}

/// The numbers of a value.
fn numbers_of(value: &Value) -> Vec<i64> {
    match value {
        Value::Int(number) => vec![*number],
        Value::Bool(on) => vec![i64::from(*on)],
        Value::Triple(numbers) => numbers.to_vec(),
        Value::Range(numbers) => numbers.to_vec(),
        _ => Vec::new(),
    }
}
