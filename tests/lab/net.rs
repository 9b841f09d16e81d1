//! One unnamed network namespace, and its settings.
//!
//! The namespace is held by a small child that ends when its standard input closes. However this
//! process ends, also by SIGKILL, the pipe closes, the child ends, and the kernel takes the
//! namespace away with every interface, socket and setting in it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Empty files and folders over everything a boot loader would read, so that neither the machine's
/// own sysctl files nor a run of the program reach through; then the loopback device; then hold.
const HOLD: &str = "
for dir in /etc/sysctl.d /run /usr/lib/sysctl.d /lib/sysctl.d /usr/local/lib; do
    [ ! -d $dir ] || mount -t tmpfs tmpfs $dir || exit 1
done
[ ! -f /etc/sysctl.conf ] || mount --bind /dev/null /etc/sysctl.conf || exit 1
ip link set lo up || exit 1
echo held
exec cat >/dev/null
";

/// Descriptors the largest situation needs, both ends being in this process.
const DESCRIPTORS: u64 = 4096;

/// A network namespace (with a mount namespace of its own) that lives as long as this value.
#[derive(Debug)]
pub(crate) struct Net {
    holder: Child,
    link: File,
}

impl Net {
    /// A new namespace, or why this machine gives none.
    pub(crate) fn open() -> Result<Self, String> {
        let mut holder = Command::new("unshare")
            .args(["--net", "--mount", "--propagation", "private"])
            .args(["sh", "-c", HOLD])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare (util-linux) cannot be started: {error}"))?;
        let mut answer = String::new();
        let pipe = holder.stdout.take().map(BufReader::new);
        let read = pipe.map(|mut pipe| pipe.read_line(&mut answer));
        if !matches!(read, Some(Ok(_))) || answer.trim() != "held" {
            let output = holder.wait_with_output().map_err(|e| e.to_string())?;
            let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("no namespace: {words}"));
        }
        let link = File::open(format!("/proc/{}/ns/net", holder.id()));
        link.map_err(|error| format!("the namespace cannot be opened: {error}"))
            .map(|link| Self { holder, link })
    }

    /// The namespace of this process, for what no other has. Nothing of it is written here.
    pub(crate) fn machine() -> Self {
        let holder = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("cat starts");
        let link = File::open("/proc/self/ns/net").expect("the namespace can be opened");
        Self { holder, link }
    }

    /// The process that stands for the namespace.
    pub(crate) fn pid(&self) -> u32 {
        self.holder.id()
    }

    /// Runs `work` on a thread inside the namespace. Sockets made there stay there, whoever uses
    /// them later, and a program started there starts there.
    pub(crate) fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = scope.spawn(|| {
                let link = self.link.as_fd();
                move_into_link_name_space(link, Some(LinkNameSpaceType::Network))
                    .expect("the namespace can be entered");
                work()
            });
            match inside.join() {
                Ok(value) => value,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    /// Runs `ip -batch` inside the namespace.
    pub(crate) fn ip(&self, lines: &str) {
        let output = self.enter(|| {
            let mut ip = Command::new("ip")
                .args(["-batch", "-"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("ip starts");
            let mut stdin = ip.stdin.take().expect("ip has a standard input");
            stdin.write_all(lines.as_bytes()).expect("ip reads");
            drop(stdin);
            ip.wait_with_output().expect("ip ends")
        });
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ip: {words} in\n{lines}");
    }

    /// What `ss` prints inside the namespace.
    pub(crate) fn ss(&self, arguments: &[&str]) -> String {
        let output = self.enter(|| Command::new("ss").args(arguments).output());
        let output = output.expect("ss starts");
        assert!(output.status.success(), "ss {arguments:?} failed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The value of `key` (`net.ipv4.tcp_fin_timeout`), tokens joined by one space.
    pub(crate) fn read(&self, key: &str) -> String {
        let text = self.enter(|| fs::read_to_string(path_of(key)));
        tokens(&text.unwrap_or_else(|error| panic!("{key} cannot be read: {error}")))
    }

    /// Whether this kernel has `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.enter(|| path_of(key).exists())
    }

    /// Writes `key`, reads it back, and gives the value it had.
    pub(crate) fn write(&self, key: &str, value: &str) -> String {
        let before = self.read(key);
        // With the newline: a write of no bytes would leave a list as it is instead of emptying it.
        let written = self.enter(|| fs::write(path_of(key), format!("{value}\n")));
        written.unwrap_or_else(|error| panic!("{key} = {value} is refused: {error}"));
        assert_eq!(self.read(key), tokens(value), "{key} reads back otherwise");
        before
    }

    /// Every writable `net.*` setting of the namespace, by path.
    pub(crate) fn settings(&self) -> BTreeMap<PathBuf, String> {
        self.enter(|| {
            let mut found = BTreeMap::new();
            collect(Path::new("/proc/sys/net"), &mut found);
            assert!(found.len() > 100, "only {} settings seen", found.len());
            found
        })
    }

    /// Fails naming each setting that is not as it was `before`.
    pub(crate) fn has_settings(&self, before: &BTreeMap<PathBuf, String>) {
        let now = self.settings();
        let keys = before.keys().chain(now.keys());
        let changed: BTreeMap<_, _> = keys
            .filter(|key| before.get(*key) != now.get(*key))
            .map(|key| (key, (before.get(key), now.get(key))))
            .collect();
        assert!(changed.is_empty(), "not as before: {changed:#?}");
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        // The pipe closes with the child's handle; killing only makes the end prompt.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Values written over old ones, to be taken back in reverse order.
#[must_use]
#[derive(Debug, Default)]
pub(crate) struct Undo(Vec<(String, String)>);

impl Undo {
    /// Writes `changes` into `net`, remembering what was there.
    pub(crate) fn write<'a>(
        net: &Net,
        changes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let write = |(key, value): (&str, &str)| (key.to_owned(), net.write(key, value));
        Self(changes.into_iter().map(write).collect())
    }

    /// Puts every old value back.
    pub(crate) fn take_back(self, net: &Net) {
        for (key, value) in self.0.iter().rev() {
            net.write(key, value);
        }
    }
}

fn path_of(key: &str) -> PathBuf {
    Path::new("/proc/sys").join(key.replace('.', "/"))
}

fn tokens(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn collect(dir: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(dir).expect("a settings folder is readable") {
        let entry = entry.expect("a settings entry is readable");
        let meta = entry.metadata().expect("a settings entry has a mode");
        if meta.is_dir() {
            collect(&entry.path(), found);
        } else if meta.permissions().mode() & 0o600 == 0o600 {
            // Some keys answer EINVAL until they are set (a fast-open key): equal, too.
            let text = fs::read_to_string(entry.path());
            let text = text.unwrap_or_else(|error| format!("({})", error.kind()));
            found.insert(entry.path(), tokens(&text));
        }
    }
}

/// Whether experiments can run here, found out once by writing a setting in a namespace. Where they
/// cannot: `skipped: why` on standard error, or a failure when `TCPTUNE_REQUIRE_LIVE=1` asks for them.
pub(crate) fn usable() -> bool {
    static PROBED: OnceLock<Result<(), String>> = OnceLock::new();
    allowed(PROBED.get_or_init(probe))
}

/// Whether an experiment may go on with what was found out about the machine.
pub(crate) fn allowed(probed: &Result<(), String>) -> bool {
    let Err(why) = probed else {
        return true;
    };
    let required = std::env::var_os("TCPTUNE_REQUIRE_LIVE").is_some_and(|value| value == "1");
    assert!(!required, "TCPTUNE_REQUIRE_LIVE=1, but: {why}");
    // Not `eprintln!`: the harness would keep it to itself in a test that passes.
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
    false
}

fn probe() -> Result<(), String> {
    raise_descriptors()?;
    for tool in ["ip", "ss", "nsenter"] {
        let found = Command::new(tool).arg("-V").output();
        found.map_err(|error| format!("{tool} cannot be started: {error}"))?;
    }
    let net = Net::open()?;
    let outcome = net.enter(|| {
        let path = path_of("net.ipv4.tcp_fin_timeout");
        fs::write(&path, "31").and_then(|()| fs::read_to_string(&path))
    });
    match outcome {
        Ok(text) if text.trim() == "31" => Ok(()),
        Ok(text) => Err(format!("a setting written as 31 reads {}", text.trim())),
        Err(error) => Err(format!("settings of a namespace are not writable: {error}")),
    }
}

fn raise_descriptors() -> Result<(), String> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if maximum.is_some_and(|hard| hard < DESCRIPTORS) {
        return Err(format!("fewer than {DESCRIPTORS} descriptors (ulimit -Hn)"));
    }
    if current == maximum {
        return Ok(());
    }
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).map_err(|error| error.to_string())
}
