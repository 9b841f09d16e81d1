//! What role a host seems to have, from its sockets.

use crate::fact::{Reading, Snapshot, Unit, Value};
use crate::rule::expr::{ExprType, Outcome, Quantity, format_value};

/// A guess, and what it rests on. It decides nothing: two hosts of one role would be guessed apart by the
/// hour of the day, and their settings with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// The name of a built-in profile.
    pub profile: &'static str,
    /// The numbers, as a phrase: "2 listeners, 28,390 outgoing connections".
    pub because: String,
}

/// The facts a guess needs.
pub const GUESSED_FROM: [&str; 2] = ["socket.incoming", "socket.outgoing"];

/// Fewer open connections than this tell nothing of a role: a login, a package manager, an agent.
const FEW: u64 = 20;

/// Guesses by listeners that other hosts can reach and by who opened the connections.
pub fn guess(snapshot: &Snapshot) -> Guess {
    let now = &snapshot.now;
    let count = |fact: &str| match now.readings.get(fact).and_then(Reading::value) {
        Some(Value::Int(number)) => u64::try_from(*number).ok(),
        _ => None,
    };
    let (Some(sockets), Some(incoming), Some(outgoing)) = (
        &now.sockets,
        count("socket.incoming"),
        count("socket.outgoing"),
    ) else {
        return Guess {
            profile: "general",
            because: "sockets cannot be seen".to_owned(),
        };
    };
    let reachable = sockets.listeners.iter();
    let reachable = reachable.filter(|one| !one.address.ip().is_loopback());
    let listeners = u64::try_from(reachable.count()).unwrap_or(u64::MAX);
    // One connection in five in the other direction is more than monitoring and name lookups make.
    let balanced = incoming.min(outgoing) >= incoming.max(outgoing) / 5;
    let profile = if incoming.saturating_add(outgoing) < FEW {
        "general"
    } else if listeners > 0 && balanced {
        "proxy"
    } else if listeners > 0 && incoming > outgoing {
        "server"
    } else if outgoing > incoming {
        "client"
    } else {
        "general"
    };
    Guess {
        profile,
        because: format!(
            "{}, {} incoming and {} outgoing {}",
            some(listeners, "reachable listener"),
            grouped(incoming),
            grouped(outgoing),
            if outgoing == 1 {
                "connection"
            } else {
                "connections"
            },
        ),
    }
}

fn some(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// A number as messages show counts.
fn grouped(number: u64) -> String {
    let count = ExprType::Number(Quantity::of(Unit::Count));
    format_value(&Outcome::Number(number as f64), count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Sample;
    use crate::fact::socket::{
        Family, Listener, PortOccupancy, SocketSource, SocketSummary, Sockets,
    };

    fn guessed(addresses: &[&str], incoming: i64, outgoing: i64) -> Guess {
        let listener = |address: &&str| Listener {
            family: Family::Ipv4,
            address: address.parse().unwrap(),
            queue: 0,
            bound: None,
            drops: None,
            inode: 1,
            process: None,
        };
        let mut now = Sample {
            sockets: Some(Sockets {
                source: SocketSource::Diagnostics,
                summary: SocketSummary::default(),
                listeners: addresses.iter().map(listener).collect(),
                ports: PortOccupancy::default(),
                close_wait_inodes: Vec::new(),
                unread: [].into(),
                notes: Vec::new(),
            }),
            ..Sample::default()
        };
        for (fact, number) in [("socket.incoming", incoming), ("socket.outgoing", outgoing)] {
            let reading = Reading::Known(Value::Int(number));
            now.readings.insert(fact.to_owned(), reading);
        }
        guess(&Snapshot::new(None, now))
    }

    #[test]
    fn the_direction_of_connections_tells_the_role() {
        let web = &["0.0.0.0:443", "127.0.0.1:9000"][..];
        assert_eq!(guessed(web, 900, 20).profile, "server");
        assert_eq!(guessed(web, 900, 850).profile, "proxy");
        assert_eq!(guessed(web, 10, 28_390).profile, "client");
        assert_eq!(guessed(&["127.0.0.1:9000"], 0, 500).profile, "client");
        assert_eq!(guessed(web, 12, 7).profile, "general");
        // Connections between its own programs make no server.
        assert_eq!(guessed(&["127.0.0.1:9000"], 300, 300).profile, "general");
    }

    #[test]
    fn the_numbers_stand_beside_the_guess() {
        let because = guessed(&["0.0.0.0:443"], 12, 28_390).because;
        assert_eq!(
            because,
            "1 reachable listener, 12 incoming and 28,390 outgoing connections"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_said_and_not_guessed_around() {
        let guess = guess(&Snapshot::new(None, Sample::default()));
        assert_eq!(guess.profile, "general");
        assert_eq!(guess.because, "sockets cannot be seen");
    }
}
