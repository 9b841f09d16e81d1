//! The guard, as a process.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, getpid, getsid, kill_process, kill_process_group};
use rustix::thread::UnshareFlags;
use tcptune::apply::{
    self, Applied, Confirmation, JOURNAL_SCHEMA, Journal as _, Ports, Record, Stack, State, Step,
    Sysctls as _,
};
use tcptune::fact::Reading;
use tcptune::fact::boot::Forecast;
use tcptune::host::{
    DiskJournal, DropinFile, Environment, GuardError, LiveSysctls, Lock, SystemClock, become_guard,
    start_guard, watch,
};

use crate::room::{inside, skip};

const KEY: &str = "net.ipv4.tcp_fin_timeout";

/// Where a guard and its starter find each other; it is told to both as `HOME`.
#[derive(Clone, Debug)]
struct Home(PathBuf);

impl Home {
    fn make() -> Self {
        let home = PathBuf::from("/mnt/home");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("of-a-test"), "").unwrap();
        Self(home)
    }

    /// That of this process, if a test started it.
    fn told() -> Option<Self> {
        let home = PathBuf::from(env::var_os("HOME")?);
        home.join("of-a-test").exists().then_some(Self(home))
    }

    fn journal(&self) -> DiskJournal {
        DiskJournal::at(&self.0.join("journal"))
    }

    fn lock(&self) -> PathBuf {
        self.0.join("tcptune/lock")
    }

    fn record(&self) -> Option<Record> {
        self.journal().find(1).unwrap()
    }

    fn start_guard(&self) -> Result<u32, GuardError> {
        start_guard(
            &program("guard::as_the_guard"),
            &Environment {
                home: Some(self.0.clone()),
                ..Environment::default()
            },
        )
    }

    fn with_ports<T>(&self, run: impl FnOnce(&mut Ports<'_>) -> T) -> T {
        let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        run(&mut Ports {
            sysctls: &mut LiveSysctls::open(),
            journal: &mut self.journal(),
            files: &mut DropinFile::new(&self.0, |_| Ok(Forecast::Untouched)),
            clock: &SystemClock,
            boot_id: Some(boot_id.trim()),
        })
    }

    /// What a guard wrote about itself, as soon as it has.
    fn about(&self, guard: u32) -> About {
        let file = self.0.join("about");
        while !file.exists() {
            // The file first: a guard that has ended has written it before.
            assert!(
                is_alive(guard) || file.exists(),
                "the guard ended and said nothing"
            );
            thread::yield_now();
        }
        let text = fs::read_to_string(file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let [session, net, mount, folder, variables, descriptors] = lines[..] else {
            panic!("{text}")
        };
        About {
            session: session.parse().unwrap(),
            net: net.parse().unwrap(),
            mount: mount.parse().unwrap(),
            folder: folder.to_owned(),
            variables: variables.to_owned(),
            descriptors: descriptors.split(' ').map(str::to_owned).collect(),
        }
    }
}

/// What a guard sees of itself.
#[derive(Debug)]
struct About {
    session: u32,
    net: u64,
    mount: u64,
    folder: String,
    variables: String,
    descriptors: BTreeSet<String>,
}

/// The arguments that make this program run one of the two processes below.
fn program(test: &str) -> Vec<OsString> {
    [
        "--exact",
        test,
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]
    .map(OsString::from)
    .into()
}

fn namespace(kind: &str) -> u64 {
    fs::metadata(format!("/proc/thread-self/ns/{kind}"))
        .unwrap()
        .ino()
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A process that has ended and is not waited for is a `Z`.
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).unwrap()).unwrap()
}

#[test]
#[ignore = "other tests start it"]
fn as_the_guard() {
    let Some(home) = Home::told() else { return };
    become_guard().unwrap();
    let links = fs::read_dir("/proc/self/fd").unwrap();
    let links = links.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let links: Vec<String> = links.map(|link| link.display().to_string()).collect();
    let variables: BTreeSet<String> = env::vars().map(|(name, _)| name).collect();
    let about = format!(
        "{}\n{}\n{}\n{}\n{}\n{}\n",
        getsid(None).unwrap().as_raw_nonzero(),
        namespace("net"),
        namespace("mnt"),
        env::current_dir().unwrap().display(),
        variables.into_iter().collect::<Vec<_>>().join(" "),
        links.join(" "),
    );
    fs::write(home.0.join("unfinished"), about).unwrap();
    fs::rename(home.0.join("unfinished"), home.0.join("about")).unwrap();
    home.with_ports(|ports| watch(1, &home.journal(), &home.lock(), ports));
}

/// Makes an apply that waits for ever, guarded, and says the numbers of the guard and of itself.
#[test]
#[ignore = "other tests start it"]
#[expect(clippy::print_stdout, reason = "its starter waits for the word")]
fn as_the_starter() {
    let Some(home) = Home::told() else { return };
    let held = Lock::take(&home.lock()).unwrap();
    let guard = home.start_guard().unwrap();
    let applied = home.with_ports(|ports| {
        let Reading::Known(before) = ports.sysctls.read(KEY) else {
            panic!("{KEY} cannot be written")
        };
        let record = Record {
            schema: JOURNAL_SCHEMA.to_owned(),
            tool: "0".to_owned(),
            id: 1,
            at: 0,
            user: None,
            boot_id: ports.boot_id.map(str::to_owned),
            netns: Some(namespace("net")),
            state: State::Journaled,
            steps: vec![Step {
                key: KEY.to_owned(),
                before,
                after: "17".to_owned(),
                rules: Vec::new(),
                on: None,
                entry_on: None,
                attempted: false,
                written: None,
                undone: None,
            }],
            dropin: None,
            confirm: Some(Confirmation {
                until_uptime: 0.0,
                seconds: 1_000_000_000,
            }),
            proof: None,
            faults: Vec::new(),
        };
        apply::apply(record, &Stack::default(), ports)
    });
    assert!(matches!(applied, Applied::Waiting(_)), "{applied:?}");
    drop(held);
    println!("waiting {guard} {}", getpid().as_raw_nonzero());
    // Until it is killed, or the test that started it ends.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

/// Starts the starter, has somebody end it, lets time run out, and sees what the guard does.
fn is_taken_back_after(starter: &mut Command, end: impl FnOnce(u32, u32)) {
    let home = Home::make();
    let before = LiveSysctls::open().read(KEY);
    let mut child = starter
        .env("HOME", &home.0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let said = lines.map(Result::unwrap).find_map(|line| {
        let (_, numbers) = line.split_once("waiting ")?;
        let mut numbers = numbers
            .split_whitespace()
            .map(|number| number.parse().unwrap());
        Some((numbers.next()?, numbers.next()?))
    });
    let (guard, starter): (u32, u32) = said.unwrap();
    assert_eq!(home.record().unwrap().state, State::Waiting);
    assert_eq!(
        LiveSysctls::open().read(KEY),
        Reading::Known("17".to_owned())
    );
    end(child.id(), starter);
    child.wait().unwrap();
    while is_alive(starter) {
        thread::yield_now();
    }
    let mut record = home.record().unwrap();
    record.confirm.as_mut().unwrap().until_uptime = 0.0;
    home.journal().save(&record).unwrap();
    while is_alive(guard) {
        thread::yield_now();
    }
    let record = home.record().unwrap();
    assert_eq!(record.state, State::RolledBack, "{record:?}");
    assert_eq!(record.faults, ["nobody confirmed it in time"]);
    assert_eq!(LiveSysctls::open().read(KEY), before);
}

fn starter() -> Command {
    let mut starter = Command::new(env::current_exe().unwrap());
    starter
        .args(program("guard::as_the_starter"))
        .process_group(0);
    starter
}

#[test]
fn a_guard_survives_the_death_of_its_starter() {
    if !inside("guard::a_guard_survives_the_death_of_its_starter") {
        return;
    }
    is_taken_back_after(&mut starter(), |child, _| {
        kill_process(pid(child), Signal::KILL).unwrap();
    });
}

#[test]
fn a_guard_survives_a_hangup_and_a_kill_of_the_group_it_was_started_in() {
    if !inside("guard::a_guard_survives_a_hangup_and_a_kill_of_the_group_it_was_started_in") {
        return;
    }
    is_taken_back_after(&mut starter(), |child, _| {
        kill_process_group(pid(child), Signal::HUP).unwrap();
        kill_process_group(pid(child), Signal::KILL).unwrap();
    });
}

#[test]
fn a_guard_survives_the_end_of_its_terminal() {
    if !inside("guard::a_guard_survives_the_end_of_its_terminal") {
        return;
    }
    if Command::new("script").arg("--version").output().is_err() {
        return skip("`script` (util-linux) is not installed");
    }
    let program = env::current_exe().unwrap();
    let mut command = program.into_os_string();
    for argument in self::program("guard::as_the_starter") {
        command.push(" ");
        command.push(argument);
    }
    let mut terminal = Command::new("script");
    terminal
        .args(["--quiet", "--command"])
        .arg(command)
        .arg("/dev/null");
    is_taken_back_after(&mut terminal, |script, starter| {
        let stat = fs::read_to_string(format!("/proc/{starter}/stat")).unwrap();
        let terminal = stat.rsplit_once(") ").unwrap().1.split(' ').nth(4).unwrap();
        assert_ne!(terminal, "0", "the starter has no terminal to lose");
        kill_process(pid(script), Signal::KILL).unwrap();
    });
}

#[test]
fn a_guard_lets_go_of_everything_but_the_namespaces_of_the_thread_that_starts_it() {
    if !inside(
        "guard::a_guard_lets_go_of_everything_but_the_namespaces_of_the_thread_that_starts_it",
    ) {
        return;
    }
    let home = Home::make();
    let own = (namespace("net"), namespace("mnt"));
    // As a shell's `exec 9>file` leaves it to whatever is started.
    let inherited = File::create("/mnt/inherited").unwrap();
    fcntl_setfd(&inherited, FdFlags::empty()).unwrap();
    let (there, guard) = thread::scope(|scope| {
        let elsewhere = scope.spawn(|| {
            #[expect(
                deprecated,
                reason = "its successor is unsafe for flags that are not asked for"
            )]
            rustix::thread::unshare(UnshareFlags::NEWNET | UnshareFlags::NEWNS).unwrap();
            (
                (namespace("net"), namespace("mnt")),
                home.start_guard().unwrap(),
            )
        });
        elsewhere.join().unwrap()
    });
    let about = home.about(guard);
    assert_eq!((about.net, about.mount), there);
    assert!(there.0 != own.0 && there.1 != own.1);
    assert_eq!(about.session, guard);
    assert_eq!(about.folder, "/");
    assert_eq!(about.variables, "HOME");
    let open = |part: &str| about.descriptors.iter().any(|link| link.contains(part));
    assert!(
        open("/dev/null") && !open("inherited") && !open("pipe:"),
        "{about:?}"
    );
}

#[test]
fn a_guard_without_an_apply_ends() {
    if !inside("guard::a_guard_without_an_apply_ends") {
        return;
    }
    let home = Home::make();
    let guard = home.start_guard().unwrap();
    while is_alive(guard) {
        thread::yield_now();
    }
    assert_eq!(home.record(), None);
}

#[test]
fn a_program_that_does_not_become_a_guard_is_none() {
    if !inside("guard::a_program_that_does_not_become_a_guard_is_none") {
        return;
    }
    let arguments = [OsString::from("--no-such-option")];
    let error = start_guard(&arguments, &Environment::default()).unwrap_err();
    assert_eq!(error, GuardError::Ended);
    assert!(!error.help().is_empty());
    assert!(Path::new("/proc/self/exe").exists());
}
