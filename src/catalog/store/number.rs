//! Numbers: `proc_get_long` of `kernel/sysctl.c`, and what each kind of key makes of one.

use super::{Beside, Stored, refused};
use crate::catalog::{Handler, KeyScope, KeySpec, Kind};
use crate::fact::Value;

/// The largest signed 32-bit number.
const INT_MAX: i64 = i32::MAX as i64;

/// A number as `proc_get_long` reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Long {
    /// The number without its sign.
    pub(super) magnitude: u64,
    /// A `-` stands before it.
    pub(super) negative: bool,
    /// Where the text goes on.
    pub(super) after: usize,
}

/// `proc_get_long`: an optional `-`, then digits as `strtoul` reads them with base 0 (`0x15`, `025`), in
/// at most 20 bytes, followed by one of `trailers` or the end. `None` stands for `EINVAL`.
pub(super) fn long(text: &[u8], at: usize, trailers: &[u8]) -> Option<Long> {
    /// `TMPBUFLEN` without the zero.
    const WINDOW: usize = 21;
    let rest = text.get(at..)?;
    let window = rest.get(..WINDOW).unwrap_or(rest);
    let negative = window.first() == Some(&b'-') && rest.len() > 1;
    let digits = window.get(usize::from(negative)..)?;
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    let (base, prefix) = match digits {
        [b'0', b'x' | b'X', first, ..] if first.is_ascii_hexdigit() => (16, 2),
        [b'0', ..] => (8, 0),
        _ => (10, 0),
    };
    let mut magnitude = 0_u64;
    let mut length = usize::from(negative) + prefix;
    for byte in digits.get(prefix..)? {
        let Some(digit) = char::from(*byte).to_digit(base) else {
            break;
        };
        magnitude = magnitude
            .checked_mul(u64::from(base))?
            .checked_add(u64::from(digit))?;
        length += 1;
    }
    if length == WINDOW {
        return None;
    }
    match rest.get(length) {
        Some(next) if !trailers.contains(next) => None,
        _ => Some(Long {
            magnitude,
            negative,
            after: at + length,
        }),
    }
}

/// What a key makes of one number.
enum Made {
    Number(i64),
    Refused,
    Unknown(&'static str),
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

/// `isspace` of the kernel, which counts the Latin-1 no-break space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0xa0)
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
        let small = self.read(text.get(..4095).unwrap_or(text));
        let large = self.read(text);
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
    fn read(&self, text: &[u8]) -> Read {
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
                self.made_of(long)
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

    /// One number, as the handler of the key converts and checks it.
    fn made_of(&self, long: Long) -> Made {
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
            self.outside(number)
        }
    }

    /// A number outside the bounds of the catalogue.
    fn outside(&self, number: i64) -> Made {
        match self.key {
            // The bound is `tcp_max_reordering`.
            "net.ipv4.tcp_reordering" if (1..=INT_MAX).contains(&number) => Made::Number(number),
            _ => Made::Refused,
        }
    }

    /// The value with its first numbers replaced; `None` when the others are not known.
    fn whole(&self, before: &[i64], new: &[i64]) -> Option<Value> {
        let at = |place: usize| new.get(place).or_else(|| before.get(place)).copied();
        Some(match self.kind {
            Kind::Bool => Value::Bool(at(0)? != 0),
            Kind::Triple => Value::Triple([at(0)?, at(1)?, at(2)?]),
            Kind::Range => Value::Range([at(0)?, at(1)?]),
            _ => Value::Int(at(0)?),
        })
    }

    /// The keys whose number is held against another key; `None` for all others.
    fn judged_beside(
        &self,
        number: i64,
        old: Option<&Value>,
        beside: &dyn Beside,
    ) -> Option<Stored> {
        let number_of = |key: &str| match beside.value(key) {
            Some(Value::Int(number) | Value::Range([number, _])) => Some(number),
            _ => None,
        };
        let held = |fits: Option<bool>| match fits {
            Some(true) => Some(Stored::Taken(Value::Int(number))),
            Some(false) => Some(refused("EINVAL", old)),
            None => Some(Stored::Unknown(
                "it depends on another key, whose value is not known",
            )),
        };
        match self.key {
            // `ipv4_privileged_ports`; the range never begins below 1.
            "net.ipv4.ip_unprivileged_port_start" => {
                let low = number_of("net.ipv4.ip_local_port_range").unwrap_or(32_768);
                held(Some(number <= low))
            }
            "net.ipv4.tcp_reordering" => {
                let most = number_of("net.ipv4.tcp_max_reordering").unwrap_or(300);
                // Older kernels have no bound here.
                held((number <= most).then_some(true))
            }
            // AccECN is not in every kernel that has the key.
            "net.ipv4.tcp_ecn" if number > 2 => held(None),
            // `addrconf_sysctl_addr_gen_mode`: a stable address needs a secret, which is never read here.
            key if number == 2 && key.ends_with(".addr_gen_mode") => held(None),
            // `ip4_frags_ns_ctl_table_register`, `ip6_frags_…`: each is the bound of the other.
            key if key.ends_with("frag_high_thresh") || key.ends_with("frag6_high_thresh") => {
                let low = number_of(&key.replace("_high_", "_low_")).unwrap_or(3_145_728);
                held(Some(number >= low))
            }
            key if key.ends_with("frag_low_thresh") || key.ends_with("frag6_low_thresh") => {
                let high = number_of(&key.replace("_low_", "_high_")).unwrap_or(4_194_304);
                held(Some(number <= high))
            }
            _ => None,
        }
    }

    /// Ranges are checked as a whole and change as a whole.
    fn store_range(
        &self,
        old: Option<&Value>,
        before: &[i64],
        new: &[i64],
        beside: &dyn Beside,
    ) -> Stored {
        let Some(Value::Range([low, high])) = self.whole(before, new) else {
            return Stored::Unknown("the numbers it leaves as they are are not known");
        };
        if self.key == "net.ipv4.ping_group_range" {
            // `ipv4_ping_group_range`: a range that does not ascend stands for "no group".
            let range = if high < low { [1, 0] } else { [low, high] };
            return Stored::Taken(Value::Range(range));
        }
        // `ipv4_local_port_range`: the range must ascend and not reach into the privileged ports.
        let start = match beside.value("net.ipv4.ip_unprivileged_port_start") {
            Some(Value::Int(start)) => start,
            _ => 1024,
        };
        if high < low || low < start {
            refused("EINVAL", old)
        } else {
            Stored::Taken(Value::Range([low, high]))
        }
    }
}

/// `proc_dointvec_ms_jiffies`: `msecs_to_jiffies` takes 32 bits, and refuses what is negative as such.
fn milliseconds(long: Long, min: i64) -> Made {
    let bits = long.magnitude & u64::from(u32::MAX);
    let bits = if long.negative {
        (u64::from(u32::MAX) + 1 - bits) & u64::from(u32::MAX)
    } else {
        bits
    };
    match i64::try_from(bits) {
        Ok(number) if number > INT_MAX || number < min => Made::Refused,
        // Whole ticks at 100, 250, 300 and 1000 Hz.
        Ok(number) if number % 20 == 0 => Made::Number(number),
        _ => Made::Unknown("the number is rounded to clock ticks of the kernel"),
    }
}

/// `proc_dointvec_userhz_jiffies`: hundredths of a second.
fn user_ticks(long: Long) -> Made {
    /// Fits 31 bits at 1000 Hz.
    const MOST: u64 = 214_748_364;
    // `proc_dointvec_userhz_jiffies` multiplies in 64 bits, and overflows behind this at 1000 Hz.
    const WIDE: u64 = i64::MAX as u64 / 10;
    match i64::try_from(long.magnitude) {
        Ok(0) => Made::Number(0),
        Ok(number) if !long.negative && number % 2 == 0 && long.magnitude <= MOST => {
            Made::Number(number)
        }
        Ok(_) if long.magnitude <= WIDE => {
            Made::Unknown("the number is rounded to clock ticks of the kernel")
        }
        _ => Made::Unknown("whether the kernel takes this number depends on its clock tick"),
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
