//! The remembered sample as a file: damaged, not to be written, half-written by a run that was killed.

use std::fs;

use super::*;

/// What strace(1) ends a run at, by `kill -9`.
const CALLS: [&str; 5] = ["flock", "write", "fchmod", "fsync", "renameat,renameat2"];

#[test]
fn a_sample_that_cannot_be_used_is_named_and_replaced() {
    let state = tempfile::tempdir().unwrap();
    assert!(
        ran(&mut remembering(&[], state.path()))
            .looked_back()
            .is_none()
    );
    let file = only_sample(state.path());
    let whole = fs::read_to_string(&file).unwrap();
    let newer = whole.replace("snapshot/1", "snapshot/9");
    for (text, why) in [
        ("", "ends in the middle"),
        (&whole[..whole.len() / 2], "ends in the middle"),
        ("nonsense", "is not understood"),
        (&newer, "has the format `tcptune.snapshot/9`"),
    ] {
        fs::write(&file, text).unwrap();
        let run = ran(&mut remembering(&[], state.path()));
        assert!(matches!(run.code, Some(0 | 1)), "{}", run.warned);
        assert!(run.notes().contains(why), "{}", run.said);
        assert_eq!((run.looked_back(), run.warned.as_str()), (None, ""));
        let next = ran(&mut remembering(&[], state.path()));
        assert!(next.looked_back().is_some(), "{}", next.said);
    }
}

#[test]
fn where_nothing_can_be_kept_the_report_comes_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let run = ran(&mut remembering(&[], &file));
    assert!(matches!(run.code, Some(0 | 1)), "{}", run.warned);
    assert_eq!(run.looked_back(), None);
    let warning = format!("warning: cannot remember this run in `{}/", file.display());
    assert!(run.warned.starts_with(&warning), "{}", run.warned);
    assert!(run.warned.contains("help: "), "{}", run.warned);
}

#[test]
fn what_would_make_no_window_is_refused() {
    for other in [["--since", "/x"], ["--snapshot", "/x"], ["--proc", "/x"]] {
        let mut command = audit(&[]);
        command.arg("--remember").args(other);
        let run = ran(&mut command);
        assert_eq!(run.code, Some(2), "{}", run.warned);
        assert!(run.warned.contains("cannot be used with"), "{}", run.warned);
    }
}

#[test]
fn a_run_that_was_killed_leaves_the_old_sample_or_the_new_one_whole() {
    if Command::new("strace").arg("-V").output().is_err() {
        return netns::skip("strace is not installed");
    }
    let state = tempfile::tempdir().unwrap();
    ran(&mut remembering(&[], state.path()));
    let folder = state.path().join("remembered");
    let mut killed = 0;
    for calls in CALLS {
        for nth in 1..=2 {
            // Only what touches the folder: the program writes elsewhere too.
            let inject = format!("inject={calls}:signal=KILL:when={nth}");
            let launcher = ["strace", "-qq", "-f", "-o", "/dev/null"];
            let mut command =
                remembering(&[&launcher[..], &["-e", &inject]].concat(), state.path());
            // The report goes into a file, so that the first writes are those to files.
            command.args(["-o", "/dev/null"]);
            killed += usize::from(
                command
                    .output()
                    .unwrap()
                    .status
                    .code()
                    .is_none_or(|code| code > 3),
            );
            let samples: Vec<String> = names(&folder)
                .into_iter()
                .filter(|name| !name.starts_with('.'))
                .collect();
            assert_eq!(samples.len(), 1, "{calls} {nth}: {samples:?}");
            let next = ran(&mut remembering(&[], state.path()));
            assert!(next.looked_back().is_some(), "{calls} {nth}: {}", next.said);
            assert!(next.warned.is_empty(), "{calls} {nth}: {}", next.warned);
            assert_eq!(
                names(&folder).len(),
                1,
                "{calls} {nth}: nothing half is left"
            );
        }
    }
    assert!(killed >= CALLS.len(), "{killed} runs were killed");
}
