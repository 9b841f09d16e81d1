//! The units as systemd understands them, and what they run, without a systemd that runs it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use super::*;

/// A user who is nobody here, as a dynamic user is.
const USER: u32 = 61_234;

const SERVICE: &str = "contrib/systemd/tcptune-audit.service";
const TIMER: &str = "contrib/systemd/tcptune-audit.timer";

fn text(unit: &str) -> String {
    fs::read_to_string(own(unit)).unwrap()
}

/// The value of a setting of the service, its continued lines joined.
fn setting(name: &str) -> String {
    let joined = text(SERVICE).replace("\\\n", "");
    let prefix = format!("{name}=");
    let mut lines = joined.lines();
    let line = lines.find_map(|line| line.strip_prefix(&prefix)).unwrap();
    line.to_owned()
}

#[test]
fn systemd_has_nothing_to_say_about_the_units() {
    let folder = tempfile::tempdir().unwrap();
    let service = folder.path().join("tcptune-audit.service");
    let timer = folder.path().join("tcptune-audit.timer");
    // The package puts the program there.
    let there = text(SERVICE).replace("/usr/bin/tcptune", PROGRAM);
    fs::write(&service, there).unwrap();
    fs::write(&timer, text(TIMER)).unwrap();
    let verify = Command::new("systemd-analyze")
        .arg("verify")
        .args([&service, &timer])
        .output();
    let Ok(verify) = verify else {
        return netns::skip("systemd-analyze is not installed");
    };
    let said = String::from_utf8_lossy(&verify.stderr).into_owned();
    // The page is in the package too.
    let no_page = ": Command 'man tcptune(8)' failed with code 16";
    let rest: Vec<&str> = said
        .lines()
        .filter(|line| !line.ends_with(no_page))
        .collect();
    assert!(rest.is_empty(), "{said}");
}

#[test]
fn the_service_is_exposed_as_little_as_one_that_reads_the_kernel_can_be() {
    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=15", "--no-pager"])
        .arg(own(SERVICE))
        .output();
    let Ok(output) = output else {
        return netns::skip("systemd-analyze is not installed");
    };
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_units_start_nothing_until_somebody_enables_the_timer() {
    assert!(!text(SERVICE).contains("[Install]"));
    assert!(text(TIMER).ends_with("[Install]\nWantedBy=timers.target\n"));
    for setting in [
        "OnCalendar=hourly",
        "FixedRandomDelay=yes",
        "Persistent=yes",
    ] {
        assert!(text(TIMER).contains(setting), "{setting}");
    }
    // The folder of the journal must not become a dynamic user's.
    assert_eq!(setting("StateDirectory"), "tcptune-audit");
}

/// The words of the service for an unprivileged user, and for root what moves the metrics.
#[test]
fn what_the_service_runs_works_for_an_unprivileged_user_and_ends_where_metrics_are_collected() {
    let test = "units::what_the_service_runs_works_for_an_unprivileged_user_and_ends_where_metrics_are_\
                collected";
    netns::in_new_netns(test, || {
        let user = USER.to_string();
        let other = ["--reuid", &user, "--regid", &user, "--clear-groups"];
        let tried = Command::new("setpriv").args(other).arg("true").output();
        if !tried.is_ok_and(|tried| tried.status.success()) {
            return netns::skip("nobody here can become another user");
        }
        let folder = tempfile::tempdir().unwrap();
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        let program = folder.path().join("tcptune");
        fs::copy(PROGRAM, &program).unwrap();
        let state = folder.path().join("state");
        fs::create_dir(&state).unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
        chown(&state, Some(USER), Some(USER)).unwrap();

        let directory = state.to_str().unwrap();
        let line = setting("ExecStart").replace("${STATE_DIRECTORY}", directory);
        let line = line.replace("/usr/bin/tcptune", program.to_str().unwrap());
        let run = || {
            let output = Command::new("setpriv")
                .args(other)
                .args(["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"])
                .args(line.split(' '))
                .env_clear()
                .env("STATE_DIRECTORY", directory)
                .output();
            let run = Ran::of(&output.unwrap());
            assert!(matches!(run.code, Some(0 | 1)), "{}", run.warned);
            assert_eq!((run.said.as_str(), run.warned.as_str()), ("", ""));
        };
        run();
        only_sample(&state);
        run();
        only_sample(&state);

        let after = setting("ExecStopPost").replace("${STATE_DIRECTORY}", directory);
        let script = after
            .strip_prefix("-+/bin/sh -c '")
            .unwrap()
            .strip_suffix('\'')
            .unwrap();
        let metrics = state.join("tcptune.prom");
        // Nobody collects: the file stays.
        let on = |before: &str, then: &str| {
            let whole = format!(
                "mount -t tmpfs -o mode=755 tmpfs /var/lib && {before} && ( {script} ) && {then}"
            );
            let unshare = Command::new("unshare")
                .args(["--mount", "sh", "-c", &whole])
                .output();
            let run = Ran::of(&unshare.unwrap());
            assert_eq!(run.code, Some(0), "{}{}", run.said, run.warned);
            run.said
        };
        on("true", "true");
        assert!(metrics.is_file());
        let collector = "setpriv --reuid 61235 --regid 61235 --clear-groups";
        let read = format!("{collector} cat /var/lib/prometheus/node-exporter/*");
        let page = on("mkdir -p /var/lib/prometheus/node-exporter", &read);
        assert!(page.contains("\ntcptune_last_run_success 1\n"), "{page}");
        assert!(!metrics.exists());
        let file = folder.path().join("page");
        fs::write(&file, &page).unwrap();
        let check = Command::new("promtool")
            .args(["check", "metrics"])
            .stdin(fs::File::open(&file).unwrap())
            .output();
        let Ok(check) = check else {
            return netns::skip("promtool is not installed");
        };
        assert!(
            check.status.success(),
            "{}",
            String::from_utf8_lossy(&check.stderr)
        );
    });
}
