//! A network namespace nobody has touched: it starts with the kernel's own defaults.
//!
//! It belongs to one thread, which makes it at the first question, answers by reading `/proc/sys`
//! there, and takes it along when it ends. The other threads of the program never see it.

use std::cell::OnceCell;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

use rustix::thread::UnshareFlags;

use super::namespace;
use super::sysctls::Sysctls;
use crate::catalog::{KeySpec, NewNetns};
use crate::fact::{Reading, Value};

/// A throw-away namespace, made when the first key is asked for.
#[derive(Debug, Default)]
pub(super) struct FreshNamespace {
    worker: OnceCell<Option<Worker>>,
}

/// The thread in it. Questions go one way and answers the other, one at a time.
#[derive(Debug)]
struct Worker {
    questions: Option<Sender<String>>,
    answers: Receiver<Reading<Value>>,
    thread: Option<JoinHandle<()>>,
    /// The inode number of the namespace, for tests.
    #[cfg(test)]
    inode: u64,
}

impl FreshNamespace {
    /// What a new namespace of this kernel has for a key; `None` when none can be made, as without
    /// `CAP_SYS_ADMIN`.
    pub(super) fn read(&self, key: &str) -> Option<Reading<Value>> {
        self.worker.get_or_init(Worker::start).as_ref()?.ask(key)
    }

    /// Whether it has been made.
    pub(super) fn is_made(&self) -> bool {
        self.worker.get().is_some_and(Option::is_some)
    }
}

/// Whether a new namespace tells the kernel's own default of a key: one that is there for each
/// namespace, that starts with the default and with no copy of somebody's value, and that does not
/// follow the memory of the machine.
pub(super) fn tells(spec: &KeySpec) -> bool {
    spec.new_netns == NewNetns::Default
        && spec.scaled.is_none()
        && !spec.is_pattern()
        && !spec.secret
}

impl Worker {
    fn start() -> Option<Self> {
        let (questions, asked) = channel::<String>();
        let (answer, answers) = channel();
        let (made, ready) = channel();
        let thread = Builder::new()
            .name("defaults".to_owned())
            .spawn(move || {
                let inode = leave();
                let here = inode.is_some();
                if made.send(inode).is_err() || !here {
                    return;
                }
                // Opened after the namespace is made, though `/proc/sys` follows the thread anyway.
                let sysctls = Sysctls::open(Path::new("/proc"));
                for key in asked {
                    if answer.send(sysctls.read(&key)).is_err() {
                        return;
                    }
                }
            })
            .ok()?;
        let inode = ready.recv().ok().flatten();
        let mut worker = Self {
            questions: Some(questions),
            answers,
            thread: Some(thread),
            #[cfg(test)]
            inode: inode.unwrap_or(0),
        };
        if inode.is_none() {
            worker.end();
            return None;
        }
        Some(worker)
    }

    fn ask(&self, key: &str) -> Option<Reading<Value>> {
        self.questions.as_ref()?.send(key.to_owned()).ok()?;
        self.answers.recv().ok()
    }

    /// No more questions: the thread ends, and its namespace with it.
    fn end(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has left its namespace too.
            let _ = thread.join();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

/// Moves the calling thread into a namespace of its own; its inode number, or `None` when that is
/// refused and the thread is still where it was.
fn leave() -> Option<u64> {
    let before = namespace::current().ok()?;
    #[expect(
        deprecated,
        reason = "its successor is unsafe for the sake of `UnshareFlags::FILES`, which is not asked for"
    )]
    rustix::thread::unshare(UnshareFlags::NEWNET).ok()?;
    namespace::current().ok().filter(|now| *now != before)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::catalog::{find, keys};
    use crate::fact::KernelVersion;

    /// The namespace, or the word why there is none. Where live tests are demanded there must be.
    fn made() -> Option<(FreshNamespace, u64)> {
        let fresh = FreshNamespace::default();
        let Some(_) = fresh.read("net.ipv4.tcp_sack") else {
            let demanded = std::env::var_os("TCPTUNE_REQUIRE_LIVE").is_some_and(|on| on == "1");
            assert!(
                !demanded,
                "a live test was demanded and no namespace can be made"
            );
            // Not `eprintln!`, which the harness would swallow.
            let _ = writeln!(std::io::stderr(), "skipped: no namespace can be made");
            return None;
        };
        let inode = fresh.worker.get().unwrap().as_ref().unwrap().inode;
        Some((fresh, inode))
    }

    /// Whether any thread of the machine that can be seen is in the namespace.
    fn is_inhabited(inode: u64) -> bool {
        let folders = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
        folders(Path::new("/proc"))
            .flat_map(|process| folders(&process.path().join("task")).collect::<Vec<_>>())
            .filter_map(|task| fs::metadata(task.path().join("ns/net")).ok())
            .any(|ns| ns.ino() == inode)
    }

    #[test]
    fn a_new_namespace_agrees_with_the_catalogue_on_this_kernel() {
        let Some((fresh, _)) = made() else { return };
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let kernel = KernelVersion::parse(&release).unwrap();
        let mut compared = 0;
        for spec in keys().iter().filter(|spec| tells(spec)) {
            let Some(default) = spec.default_for(&kernel) else {
                continue;
            };
            if let Some(value) = fresh.read(spec.key).unwrap().value() {
                assert_eq!(*value, default, "{}", spec.key);
                compared += 1;
            }
        }
        assert!(compared > 50, "only {compared} keys were compared");
    }

    #[test]
    fn the_asking_thread_stays_where_it_is_and_the_namespace_goes() {
        let own = namespace::current().unwrap();
        let Some((fresh, inode)) = made() else { return };
        assert_ne!(inode, own);
        assert_eq!(namespace::current().unwrap(), own);
        assert!(is_inhabited(inode));
        drop(fresh);
        assert!(!is_inhabited(inode));
    }

    #[test]
    fn what_is_inherited_scaled_or_secret_is_not_asked_for() {
        let told = |key: &str| tells(find(key).unwrap());
        assert!(told("net.ipv4.tcp_fin_timeout"));
        assert!(!told("net.ipv4.tcp_rmem"), "it follows the memory");
        assert!(!told("net.ipv4.conf.eth0.rp_filter"), "a copy");
        assert!(!told("net.core.rmem_max"), "the machine's");
        assert!(!told("net.ipv4.tcp_fastopen_key"), "secret");
    }
}
