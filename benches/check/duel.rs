//! Two commands that take turns.

use crate::measured::command::{Line, median};

/// Medians of two commands that took turns, in milliseconds.
#[derive(Clone, Copy)]
pub(crate) struct Duel {
    pub(crate) own: f64,
    pub(crate) peer: f64,
}

/// Lets two commands take turns, each being first in every other round.
pub(crate) fn duel(own: &Line, peer: &Line, rounds: usize) -> Result<Duel, String> {
    own.time()?;
    peer.time()?;
    let (mut owns, mut peers) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            owns.push(own.time()?);
            peers.push(peer.time()?);
        } else {
            peers.push(peer.time()?);
            owns.push(own.time()?);
        }
    }
    Ok(Duel {
        own: median(owns),
        peer: median(peers),
    })
}
