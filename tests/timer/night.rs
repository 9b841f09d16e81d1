//! A burst that is over before anybody looks.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::*;

const RULE: &str = "accept-queue-overflow";

/// A service whose queue is as long as the host lets it be, which is short.
fn service() -> (TcpListener, SocketAddr) {
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    assert!(up.unwrap().success());
    fs::write("/proc/sys/net/core/somaxconn", "16").unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// More clients than the queue holds while nobody accepts, and then all of it is over: nobody connects, nothing
/// waits.
fn burst(listener: &TcpListener, to: SocketAddr) {
    let patience = Duration::from_millis(50);
    let clients: Vec<_> = (0..60)
        .map(|_| TcpStream::connect_timeout(&to, patience))
        .collect();
    let met = clients.iter().filter(|client| client.is_ok()).count();
    assert!((1..50).contains(&met), "{met} found room");
    drop(clients);
    listener.set_nonblocking(true).unwrap();
    while listener.accept().is_ok() {}
    listener.set_nonblocking(false).unwrap();
}

#[test]
fn a_burst_between_two_runs_is_found_by_the_second_and_forgotten_by_the_third() {
    let test = "night::a_burst_between_two_runs_is_found_by_the_second_and_forgotten_by_the_third";
    netns::in_new_netns(test, || {
        let (listener, address) = service();
        let state = tempfile::tempdir().unwrap();
        let first = ran(&mut remembering(&[], state.path()));
        assert_eq!((first.code, first.looked_back()), (Some(0), None));
        let why = "nothing is known of the time before this run: no run was remembered yet";
        assert!(first.notes().contains(why), "{}", first.said);

        burst(&listener, address);

        // Nobody else takes the window away: neither a run that does not ask for it, nor one elsewhere.
        let without = ran(&mut audit(&[]));
        assert!(without.finding(RULE).is_none(), "{}", without.said);
        let elsewhere = ran(&mut remembering(&["unshare", "--net"], state.path()));
        assert_eq!(elsewhere.looked_back(), None);
        let why = "no run in this network namespace was remembered yet";
        assert!(elsewhere.notes().contains(why), "{}", elsewhere.said);
        assert_eq!(names(&state.path().join("remembered")).len(), 2);

        let second = ran(&mut remembering(&[], state.path()));
        assert_eq!(second.code, Some(1), "{}", second.said);
        let seconds = second.looked_back().unwrap();
        assert!(seconds > second.report()["window"]["seconds"].as_f64().unwrap());
        let found = second.finding(RULE).unwrap();
        assert_eq!(
            (&found["period"], &found["severity"]),
            (&"now".into(), &"high".into())
        );
        let message = found["message"].as_str().unwrap();
        // So many seconds as the window is long, and the listener that dropped them.
        let length = format!(" in {:.1}", (seconds * 10.0).round() / 10.0);
        assert!(
            message.contains(length.trim_end_matches(".0")),
            "{message} of {seconds}"
        );
        assert!(message.contains(&address.to_string()), "{message}");
        // Whose it is was looked for, though it dropped nothing during this run. On a machine with very many
        // descriptors the search ends early, and says so.
        let named = format!("(pid {})", std::process::id());
        let ended = second.notes().contains("owners named for");
        assert!(
            ended || found.to_string().contains(&named),
            "{}",
            second.said
        );

        let third = ran(&mut remembering(&[], state.path()));
        assert_eq!(third.code, Some(0), "{}", third.said);
        assert!(third.finding(RULE).is_none(), "{}", third.said);
        assert!(third.looked_back().is_some());
    });
}

#[test]
fn another_boot_starts_anew_and_takes_the_old_one_away() {
    let test = "night::another_boot_starts_anew_and_takes_the_old_one_away";
    netns::in_new_netns(test, || {
        let (listener, address) = service();
        let state = tempfile::tempdir().unwrap();
        ran(&mut remembering(&[], state.path()));
        burst(&listener, address);
        let before = only_sample(state.path());
        let made = fs::read_dir(state.path().join("remembered")).unwrap();
        let made = fs::File::options()
            .write(true)
            .open(made.flatten().next().unwrap().path());
        let ago = std::time::SystemTime::now() - Duration::from_secs(2 * 86_400);
        made.unwrap().set_modified(ago).unwrap();

        let boot_id = state.path().join("boot_id");
        fs::write(&boot_id, "00000000-1111-2222-3333-444444444444\n").unwrap();
        let cover = format!(
            "mount --bind {} /proc/sys/kernel/random/boot_id && exec \"$@\"",
            boot_id.display()
        );
        let launcher = ["unshare", "--mount", "sh", "-c", &cover, "sh"];
        let run = ran(&mut remembering(&launcher, state.path()));
        assert_eq!(
            (run.code, run.looked_back()),
            (Some(0), None),
            "{}",
            run.said
        );
        let why = "the last run was in another boot";
        assert!(run.notes().contains(why), "{}", run.said);
        let after = only_sample(state.path());
        assert_ne!(before, after);
        assert!(run.warned.is_empty(), "{}", run.warned);
        let next = ran(&mut remembering(&launcher, state.path()));
        assert!(next.looked_back().is_some());
    });
}

#[test]
fn the_window_of_one_sample_is_enough_to_see_the_night() {
    let test = "night::the_window_of_one_sample_is_enough_to_see_the_night";
    netns::in_new_netns(test, || {
        let (listener, address) = service();
        let state = tempfile::tempdir().unwrap();
        let run = || {
            let mut command = Command::new(PROGRAM);
            command.args(["check", "--remember", "--interval", "0"]);
            command.args(["--select", "accept-queue", "--format", "json"]);
            ran(command.env("STATE_DIRECTORY", state.path()))
        };
        run();
        burst(&listener, address);
        assert!(run().finding(RULE).is_some());
        let quiet = run();
        assert_eq!(quiet.report()["summary"]["unknown"], 0, "{}", quiet.said);
    });
}
