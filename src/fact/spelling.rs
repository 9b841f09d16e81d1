//! Spelling: how far a mistyped word is from a known one.

/// The candidate nearest to a mistyped word, if one is near enough to be meant: a slip for every three
/// letters, three at most.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer texts are no mistyped word, and the cost stays bounded.
    const LONGEST: usize = 128;
    if word.len() > LONGEST {
        return None;
    }
    let most = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .filter_map(|candidate| Some((distance(word, candidate, most)?, candidate)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal
/// string alignment), or `None` when they are more than `most`.
pub fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    // Names of one family begin alike, and what both begin with costs nothing.
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (a.get(same..)?, b.get(same..)?);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut cost = (at(&above, j) + usize::from(x != y))
                .min(at(&above, j + 1) + 1)
                .min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && Some(x) == b.get(j - 1) && a.get(i - 1) == Some(y);
            if swapped && x != y {
                cost = cost.min(at(&before, j - 1) + 1);
            }
            row.push(cost);
        }
        if row.iter().min().is_some_and(|least| *least > most) {
            return None;
        }
        before = above;
        above = row;
    }
    above.last().copied().filter(|cost| *cost <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_recognised_and_a_far_one_is_not() {
        let known = ["severity", "set", "scope"];
        assert_eq!(nearest("severty", known.into_iter()), Some("severity"));
        assert_eq!(nearest("skope", known.into_iter()), Some("scope"));
        assert_eq!(nearest("threshold", known.into_iter()), None);
        assert_eq!(nearest(&"scope".repeat(1000), known.into_iter()), None);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_slip() {
        assert_eq!(distance("resue", "reuse", 3), Some(1));
        assert_eq!(distance("", "ab", 3), Some(2));
        assert_eq!(distance("abcd", "wxyz", 3), None);
    }
}
