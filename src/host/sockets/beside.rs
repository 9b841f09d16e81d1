//! Two walks at the same time.
//!
//! A walk over many sockets mostly waits for memory, and the kernel lets several go on at once, each with
//! a netlink socket of its own: it has taken no lock of the whole diagnostics for a dump since Linux 6.9
//! (`inet_diag_lock_handler` holds the module, where it held `inet_diag_table_mutex` before). Where it
//! still does, one walk waits for the other's next answer, as if they came in turn.

use std::panic::resume_unwind;
use std::thread::{self, available_parallelism};

/// Does `own` here and `other` on a thread beside it, in the same network namespace (`copy_namespaces`).
/// Where there is one processor or no thread to be had, or where they shall come in turn, `other` comes
/// afterwards, and not at all if `own` failed.
pub(super) fn both<A, B: Send, E>(
    in_turn: bool,
    own: impl FnOnce() -> Result<A, E>,
    other: impl Fn() -> B + Sync,
) -> Result<(A, B), E> {
    let one_by_one = in_turn || available_parallelism().map_or(1, usize::from) == 1;
    thread::scope(|scope| {
        let beside = if one_by_one {
            None
        } else {
            thread::Builder::new().spawn_scoped(scope, &other).ok()
        };
        let own = own();
        match beside {
            Some(beside) => {
                let other = beside.join();
                Ok((
                    own?,
                    other.unwrap_or_else(|panicked| resume_unwind(panicked)),
                ))
            }
            None => Ok((own?, other())),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_done_whether_in_turn_or_not() {
        for in_turn in [true, false] {
            let done = both(in_turn, || Ok::<_, ()>(1), || 2);
            assert_eq!(done, Ok((1, 2)));
        }
    }

    #[test]
    fn what_failed_is_not_followed_by_the_other() {
        let done = both(true, || Err::<(), _>("refused"), || panic!("it came"));
        assert_eq!(done, Err("refused"));
    }
}
