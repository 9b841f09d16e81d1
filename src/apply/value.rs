//! Whose value is it? Comparing what is read with what was there and what was wanted.

use crate::catalog;
use crate::fact::Value;

/// Whether two texts are the same value of a key: by its type, token by token, never as text.
pub fn same(key: &str, one: &str, other: &str) -> bool {
    match (typed(key, one), typed(key, other)) {
        (Some(one), Some(other)) => one == other,
        _ => one.split_whitespace().eq(other.split_whitespace()),
    }
}

/// Whether our own write of `after` over `before` can have left `now`: one of the two, or a vector of
/// which the kernel took the first fields (`proc_dointvec_minmax` stores field by field).
pub(super) fn is_ours(key: &str, before: &str, after: &str, now: &str) -> bool {
    if same(key, now, before) || same(key, now, after) {
        return true;
    }
    let fields = |text: &str| numbers(&typed(key, text)?);
    let (Some(before), Some(after), Some(now)) = (fields(before), fields(after), fields(now))
    else {
        return false;
    };
    // The fields that were taken come first, those that were not follow.
    let taken = now
        .iter()
        .zip(&after)
        .take_while(|(now, after)| now == after)
        .count();
    now.len() == before.len()
        && now.len() > 1
        && now
            .iter()
            .zip(&before)
            .skip(taken)
            .all(|(now, before)| now == before)
}

/// Whether the kernel has words of its own for this value: a mask is shown without leading zeros
/// (`rps_default_mask_sysctl`), a list of numbers as ranges (`proc_do_large_bitmap`). A number is not reworded: one that
/// the kernel would round to its clock tick is refused before anything is written ([`super::prepare()`]).
pub(super) fn is_reworded(key: &str, after: &str) -> bool {
    !matches!(
        typed(key, after),
        Some(Value::Int(_) | Value::Bool(_) | Value::Range(_) | Value::Triple(_))
    )
}

fn typed(key: &str, text: &str) -> Option<Value> {
    catalog::find(key)?.parse(text).ok()
}

fn numbers(value: &Value) -> Option<Vec<i64>> {
    match value {
        Value::Int(number) => Some(vec![*number]),
        Value::Range(numbers) => Some(numbers.to_vec()),
        Value::Triple(numbers) => Some(numbers.to_vec()),
        Value::Bool(_) | Value::Ports(_) | Value::Words(_) | Value::Text(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RMEM: &str = "net.ipv4.tcp_rmem";

    #[test]
    fn a_vector_is_compared_token_by_token() {
        assert!(same(RMEM, "4096\t131072\t6291456", "4096 131072 6291456"));
        assert!(!same(RMEM, "4096 131072 6291456", "4096 131072 6291457"));
        assert!(same("net.core.default_qdisc", "fq\n", "fq"));
    }

    #[test]
    fn the_first_fields_of_a_refused_vector_are_ours() {
        let (before, after) = ("4096 131072 6291456", "8192 262144 12582912");
        for now in [before, after, "8192 131072 6291456", "8192 262144 6291456"] {
            assert!(is_ours(RMEM, before, after, now), "{now}");
        }
        for now in ["4096 262144 6291456", "1 2 3", "8192 131072 12582912"] {
            assert!(!is_ours(RMEM, before, after, now), "{now}");
        }
    }
}
