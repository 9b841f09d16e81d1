//! Commented-out entries: what the structure would hold without the marks.

use super::read::Reader;
use super::walk::Walk;
use crate::assign::spot::Spot;
use crate::assign::written;

/// The entries of each run of comment lines.
pub(super) fn spots(text: &str, reader: &Reader<'_>, depth: usize) -> Vec<Spot> {
    let mut comments = reader.comments.clone();
    comments.sort_unstable();
    comments.dedup();
    let mut spots = Vec::new();
    for run in comments.chunk_by(|one, next| one + 1 == *next) {
        let bounds = run.first().zip(run.last()).and_then(|(first, last)| {
            let start = reader.lines.get(*first)?.0;
            let end = reader.lines.get(*last)?.1;
            Some((start, text.get(start..end)?))
        });
        let Some((start, block)) = bounds else {
            continue;
        };
        if !written::may_hold_key(block) {
            continue;
        }
        let bared = bared(block);
        let mut inner = Reader::new(&bared);
        inner.is_flat = true;
        let parts = inner.document();
        let mut walk = Walk::new(&bared, depth, true);
        for part in &parts {
            walk.part(part);
        }
        spots.extend(walk.spots.into_iter().map(|mut spot| {
            spot.key_at += start;
            spot.value_at += start;
            spot
        }));
    }
    spots
}

/// The lines with blanks for their marks, so that every column stays.
fn bared(block: &str) -> String {
    let mut bared = String::with_capacity(block.len());
    for line in block.split_inclusive('\n') {
        let body = line.trim_start();
        let rest = body.trim_start_matches(['#', '/']);
        let marks = line.len() - rest.len();
        let lead = line.len() - body.len();
        bared.push_str(line.get(..lead).unwrap_or_default());
        bared.extend(std::iter::repeat_n(' ', marks - lead));
        bared.push_str(rest);
    }
    bared
}
