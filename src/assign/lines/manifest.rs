//! Manifests in a word: `kubectl patch … -p '{"spec": …}'`, `kubectl run --overrides='{…}'`.

use super::words::Word;
use crate::assign::embed::{self, Hint, Passage};
use crate::assign::found::Found;

/// What a manifest in the word sets.
pub(super) fn find(word: &Word, depth: usize, found: &mut Vec<Found>) {
    let text = word.text();
    let Some(begin) = text.find(['{', '[']).filter(|_| text.contains("sysctls")) else {
        return;
    };
    let mut passage = Passage::default();
    for (at, letter) in text.char_indices().filter(|(at, _)| *at >= begin) {
        let mut written = [0; 4];
        passage.push(letter.encode_utf8(&mut written), word.source.at(at));
    }
    found.extend(
        embed::find(&passage, Hint::Any, depth + 1)
            .into_iter()
            .map(Found::from),
    );
}
