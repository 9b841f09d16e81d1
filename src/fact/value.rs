//! Values: what a fact holds once it is understood.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One typed value. Settings compare by this, token by token, never as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A whole number: integers, enumerations, bit masks, counters, counts.
    Int(i64),
    /// A switch. The kernel keeps any non-zero byte as "on".
    Bool(bool),
    /// Three numbers, `min default max`, as in `tcp_rmem`.
    Triple([i64; 3]),
    /// A port range, `low high`.
    Range([i64; 2]),
    /// A set of ports as ascending, inclusive, disjoint ranges (`ip_local_reserved_ports`).
    Ports(Vec<(u16, u16)>),
    /// Words separated by blanks, as in `tcp_allowed_congestion_control`.
    Words(Vec<String>),
    /// One word or line of text.
    Text(String),
}

impl fmt::Display for Value {
    /// Writes the value as `/proc/sys` would take it, with single blanks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(f, "{number}"),
            Self::Bool(on) => write!(f, "{}", u8::from(*on)),
            Self::Triple([min, default, max]) => write!(f, "{min} {default} {max}"),
            Self::Range([low, high]) => write!(f, "{low} {high}"),
            Self::Ports(ranges) => {
                for (at, (low, high)) in ranges.iter().enumerate() {
                    let comma = if at == 0 { "" } else { "," };
                    if low == high {
                        write!(f, "{comma}{low}")?;
                    } else {
                        write!(f, "{comma}{low}-{high}")?;
                    }
                }
                Ok(())
            }
            Self::Words(words) => f.write_str(&words.join(" ")),
            Self::Text(text) => f.write_str(text),
        }
    }
}
