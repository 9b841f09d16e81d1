//! The state diagram of RFC 9293 in text, with this host's counts.

use super::{Now, Told};
use crate::fact::socket::TcpState;
use crate::render::quantity::count;

/// The drawing. A state in brackets gets its count behind it, in the blanks that follow.
const DRAWING: &str = "\
       the side that waits                    the side that calls

                           [UNCONN]
           listen()      /            \\      connect(): SYN goes out
                        v              v
     [LISTEN]                             [SYN-SENT]
          | SYN comes in,                        |
          v SYN-ACK goes out                     | SYN-ACK comes in,
     [SYN-RECV]                                  | ACK goes out
          |                                      |
          |  ACK comes in                        |
          +------------> [ESTAB]        <--------+
                              |
         close() here first   |   the peer's FIN comes first
         FIN goes out         |   ACK goes out
          +-------------------+---------------------+
          v                                         v
     [FIN-WAIT-1]                              [CLOSE-WAIT]
          |           \\                              |
  ACK     |            \\  FIN comes in              | close() here,
  comes   |             \\ before the ACK            | FIN goes out
  in      v              v                          v
     [FIN-WAIT-2]          [CLOSING]           [LAST-ACK]
          |                    |                    |
  FIN     |                    | ACK comes in       | ACK comes in
  comes   v                    v                    v
  in [TIME-WAIT]         <-----+                 (gone)
          |
          |  60 s, a constant of the kernel
          v
        (gone)
";

/// The lines, and a value for each state.
pub(super) fn lines(now: &Now<'_>, values: &mut Vec<Told>) -> Vec<String> {
    DRAWING
        .lines()
        .map(|line| filled(line, now, values))
        .collect()
}

/// A line with the counts put in: the blanks behind a name make room, so that the rest stays in its column.
fn filled(line: &str, now: &Now<'_>, values: &mut Vec<Told>) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((name, behind)) = after.split_once(']') else {
            break;
        };
        out.push_str(before);
        let known = TcpState::of_ss_name(name).and_then(|state| {
            let fact = format!("socket.{}", state.name());
            let total = now.count(&fact)?;
            values.push(Told::known(fact, total.to_string(), Some("sockets")));
            Some(count(total))
        });
        let label = match known {
            Some(total) => format!("{name} {total}"),
            None => name.to_owned(),
        };
        let blanks = behind.len() - behind.trim_start_matches(' ').len();
        // Two brackets were there for the eye of whoever edits the drawing.
        let taken = label.len() - name.len();
        let spare = (blanks + 2).saturating_sub(taken);
        out.push_str(&label);
        let keep = if behind.trim_start_matches(' ').is_empty() {
            0
        } else {
            spare.max(1)
        };
        out.push_str(&" ".repeat(keep));
        rest = behind.get(blanks..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The widest count that keeps the drawing straight: `1,000,000`.
    const ROOM: usize = 9;

    #[test]
    fn every_state_stands_in_the_drawing_once_and_with_room_for_its_count() {
        for state in TcpState::ALL {
            let name = format!("[{}]", state.ss_name());
            assert_eq!(DRAWING.matches(&name).count(), 1, "{name}");
            let line = DRAWING.lines().find(|line| line.contains(&name)).unwrap();
            let behind = line.split_once(&name).unwrap().1;
            let blanks = behind.len() - behind.trim_start().len();
            let last = behind.trim().is_empty();
            assert!(last || blanks + 2 > ROOM - 3, "{name} has {blanks} blanks");
            assert!(line.len() + ROOM <= 76 || !last, "{name} leaves no room");
        }
        assert!(DRAWING.lines().all(|line| line.len() <= 72));
    }
}
