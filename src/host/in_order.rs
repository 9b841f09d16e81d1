//! Work on many things at a time, with the results in their order and never many of them waiting.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How many results a thread may be ahead of the one that is waited for.
const AHEAD: usize = 4;

/// How often it is asked whether to stop while nothing is done.
const LOOK: Duration = Duration::from_millis(50);

/// Does `work` on every item, on so many threads, and gives the results to `take` in the order of the items.
///
/// An item that takes long holds back those behind it: no more than a few for each thread are begun before it is
/// taken, so that memory does not grow with their number. It ends early when `take` fails, or when `stop`
/// says so. Returns how many were taken.
pub fn in_order<I: Sync, O: Send, E>(
    items: &[I],
    threads: NonZeroUsize,
    stop: impl Fn() -> bool,
    work: impl Fn(&I) -> O + Sync,
    mut take: impl FnMut(&I, O) -> Result<(), E>,
) -> Result<usize, E> {
    let desk = Desk::new(threads.get().saturating_mul(AHEAD));
    let mut taken = 0;
    thread::scope(|scope| {
        // Also where `take` fails or panics.
        let _closed = Closes(&desk);
        let mut started = false;
        for _ in 0..threads.get().min(items.len()) {
            desk.come();
            let worker = thread::Builder::new().spawn_scoped(scope, || {
                let _gone = Leaves(&desk);
                while let Some(at) = desk.next(items.len()) {
                    if let Some(item) = items.get(at) {
                        desk.put(at, work(item));
                    }
                }
            });
            match worker {
                Ok(_) => started = true,
                // Those that are there do the work of all.
                Err(_) => desk.leave(),
            }
        }
        for (at, item) in items.iter().enumerate() {
            if stop() {
                break;
            }
            let result = if started {
                desk.wait_for(at, &stop)
            } else {
                Some(work(item))
            };
            let Some(result) = result else { break };
            taken += 1;
            take(item, result)?;
        }
        Ok(taken)
    })
}

/// Where results lie until it is their turn.
struct Desk<O> {
    state: Mutex<State<O>>,
    changed: Condvar,
    ahead: usize,
}

struct State<O> {
    /// The first item nobody has begun.
    next: usize,
    /// How many results were taken.
    taken: usize,
    done: BTreeMap<usize, O>,
    workers: usize,
    closed: bool,
}

impl<O> Desk<O> {
    const fn new(ahead: usize) -> Self {
        Self {
            state: Mutex::new(State {
                next: 0,
                taken: 0,
                done: BTreeMap::new(),
                workers: 0,
                closed: false,
            }),
            changed: Condvar::new(),
            ahead,
        }
    }

    /// Nothing is done under the lock that could leave the state half changed.
    fn state(&self) -> MutexGuard<'_, State<O>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn come(&self) {
        self.state().workers += 1;
    }

    fn leave(&self) {
        let mut state = self.state();
        state.workers = state.workers.saturating_sub(1);
        drop(state);
        self.changed.notify_all();
    }

    fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }

    /// The next item to begin; waits while too many are ahead.
    fn next(&self, all: usize) -> Option<usize> {
        let mut state = self.state();
        loop {
            if state.closed || state.next >= all {
                return None;
            }
            if state.next < state.taken.saturating_add(self.ahead) {
                state.next += 1;
                return Some(state.next - 1);
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn put(&self, at: usize, result: O) {
        self.state().done.insert(at, result);
        self.changed.notify_all();
    }

    /// The result of an item; `None` where it will not come, or nobody wants to wait for it.
    fn wait_for(&self, at: usize, stop: impl Fn() -> bool) -> Option<O> {
        let mut state = self.state();
        loop {
            if let Some(result) = state.done.remove(&at) {
                state.taken = at + 1;
                drop(state);
                self.changed.notify_all();
                return Some(result);
            }
            if state.workers == 0 || stop() {
                return None;
            }
            let waited = self.changed.wait_timeout(state, LOOK);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Lets the workers go when nobody takes results any more.
struct Closes<'a, O>(&'a Desk<O>);

impl<O> Drop for Closes<'_, O> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A worker that ends, in whatever way, is waited for no longer.
struct Leaves<'a, O>(&'a Desk<O>);

impl<O> Drop for Leaves<'_, O> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn threads(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    #[test]
    fn results_come_in_the_order_of_the_items_however_many_work() {
        let items: Vec<usize> = (0..500).collect();
        for number in [1, 2, 7, 600] {
            let mut seen = Vec::new();
            let work = |item: &usize| {
                if item.is_multiple_of(3) {
                    thread::yield_now();
                }
                item * 2
            };
            let taken = in_order(
                &items,
                threads(number),
                || false,
                work,
                |item, result| {
                    seen.push((*item, result));
                    Ok::<(), ()>(())
                },
            );
            assert_eq!(taken, Ok(500));
            assert!(seen.iter().copied().eq((0..500).map(|at| (at, at * 2))));
        }
    }

    /// The first item ends only when no other one can be begun any more.
    #[test]
    fn a_slow_item_holds_back_those_behind_it() {
        let begun = AtomicUsize::new(0);
        let items: Vec<usize> = (0..100).collect();
        let most = 3 * AHEAD;
        let work = |item: &usize| {
            let number = begun.fetch_add(1, Ordering::SeqCst);
            if *item == 0 {
                while begun.load(Ordering::SeqCst) < most {
                    thread::yield_now();
                }
                for _ in 0..1000 {
                    thread::yield_now();
                }
                assert_eq!(begun.load(Ordering::SeqCst), most);
            }
            number
        };
        let taken = in_order(&items, threads(3), || false, work, |_, _| Ok::<(), ()>(()));
        assert_eq!(taken, Ok(100));
    }

    #[test]
    fn an_error_and_a_wish_to_stop_end_the_work() {
        let items: Vec<usize> = (0..100).collect();
        let work = |item: &usize| *item;
        let failed = in_order(
            &items,
            threads(2),
            || false,
            work,
            |item, _| {
                if *item == 10 { Err("full") } else { Ok(()) }
            },
        );
        assert_eq!(failed, Err("full"));
        let seen = AtomicUsize::new(0);
        let stop = || seen.load(Ordering::SeqCst) == 20;
        let stopped = in_order(&items, threads(2), stop, work, |_, _| {
            seen.fetch_add(1, Ordering::SeqCst);
            Ok::<(), ()>(())
        });
        assert_eq!(stopped, Ok(20));
    }

    #[test]
    fn nothing_to_do_is_done() {
        let taken = in_order(
            &[],
            threads(2),
            || false,
            |(): &()| (),
            |(), ()| Ok::<(), ()>(()),
        );
        assert_eq!(taken, Ok(0));
    }
}
