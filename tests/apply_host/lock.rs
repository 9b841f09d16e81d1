//! The lock between processes.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tcptune::host::{Lock, LockError};

use crate::room::inside;

/// Where the process that holds the lock finds it.
const LOCK: &str = "TCPTUNE_TEST_LOCK";

/// Holds the lock, in a process of its own.
#[test]
#[ignore = "other tests start it"]
#[expect(clippy::print_stdout, reason = "its starter waits for the word")]
fn holder() {
    let Some(path) = env::var_os(LOCK) else {
        return;
    };
    let _held = Lock::take(Path::new(&path)).unwrap();
    println!("held");
    // Until its starter kills it, or dies.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn start_holder(path: &Path) -> Child {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "lock::holder", "--ignored", "--nocapture"])
        .env(LOCK, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    assert!(
        lines.any(|line| line.ends_with("held")),
        "it ended without the lock"
    );
    child
}

#[test]
fn the_holder_is_named_and_a_killed_one_holds_nothing() {
    // Alone in its process: what another test starts has the lock until it is another program.
    if !inside("lock::the_holder_is_named_and_a_killed_one_holds_nothing") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("tcptune/lock");
    let mut holder = start_holder(&path);
    for _ in 0..2 {
        let refused = Lock::take(&path).unwrap_err();
        assert_eq!(refused, LockError::Held(Some(holder.id())));
    }
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(Lock::take(&path).is_ok());
}

#[test]
fn a_child_does_not_inherit_the_lock() {
    // Alone in its process: what another test starts has the lock until it is another program.
    if !inside("lock::a_child_does_not_inherit_the_lock") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tcptune/lock");
    let held = Lock::take(&path).unwrap();
    let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    drop(held);
    let taken = Lock::take(&path);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(taken.is_ok(), "{taken:?}");
}
