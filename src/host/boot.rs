//! The boot configuration of a host: which files, which loader, and the kernel's side of it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::boot_keys::{CatalogueKeys, KernelKeys};
use super::boot_modules::KernelModules;
use super::boot_tree::BootTree;
use super::collect::Source;
use super::defaults::Defaults;
use super::errno::io_name;
use super::file;
use super::namespace;
use super::sysctls::Sysctls;
use crate::apply::Fault;
use crate::bootconf::{self, Entry, Overlay, Recording, Request, Tree};
use crate::catalog;
use crate::fact::boot::{Boot, BootSetting, Engine, Forecast};
use crate::fact::{KernelVersion, Reading, Sample, Value};

/// Why nothing is foretold where neither an init system nor a person has a say.
const CONTAINER: &str =
    "no init system is seen here that would load boot files into this namespace";

/// Why nothing is foretold in a namespace that was made beside that of the init system, as `ip netns` does.
const BESIDE: &str = "boot files act on the network namespace of process 1, and this is another";

/// What is said where no kernel command line was read, of files alone or of a recording without one.
const NO_COMMAND_LINE: &str =
    "no kernel command line was read, so `sysctl.KEY=VALUE` on it is not seen";

/// Where the files are that set keys at boot, and who reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootSource {
    /// The root of the files: `/`, an image, a chroot.
    pub root: PathBuf,
    /// The loader; `None` to find out.
    pub engine: Option<Engine>,
}

impl BootSource {
    /// The files of this host, read by the loader it is booted with.
    pub fn own() -> Self {
        Self {
            root: PathBuf::from("/"),
            engine: None,
        }
    }

    fn is_own(&self) -> bool {
        self.root == Path::new("/")
    }
}

/// The loader of a tree, and how that was found out.
fn decide(tree: &dyn Tree, source: &BootSource) -> (Engine, String) {
    /// Since the merge of `/usr` one leads to the other; before it the program lay in `/lib`.
    const LOADERS: [&str; 2] = ["/usr/lib/systemd", "/lib/systemd"];
    const MANAGER: &str = "/run/systemd/system";
    if let Some(engine) = source.engine {
        return (engine, "as you said".to_owned());
    }
    if source.is_own() {
        // sd_booted(3): the folder is there exactly where systemd is the init system.
        return if is_booted(tree) {
            (Engine::Systemd, format!("{MANAGER} exists"))
        } else {
            (Engine::Procps, format!("{MANAGER} does not exist"))
        };
    }
    let mut folders = LOADERS.iter();
    match folders.find(|folder| tree.entry(folder, b"systemd-sysctl") == Some(Entry::File)) {
        Some(folder) => (
            Engine::Systemd,
            format!("{folder}/systemd-sysctl is in this tree"),
        ),
        None => (
            Engine::Procps,
            "systemd-sysctl is not in this tree".to_owned(),
        ),
    }
}

fn is_booted(tree: &dyn Tree) -> bool {
    tree.entry("/run/systemd", b"system") == Some(Entry::Directory)
}

/// The kernel of a tree, if there is one only: its modules lie in a folder of its release.
fn kernel_of(tree: &dyn Tree) -> Option<KernelVersion> {
    let listed = ["/usr/lib/modules", "/lib/modules"].map(|folder| tree.list(folder));
    let names: BTreeSet<Vec<u8>> = listed.into_iter().flatten().flatten().collect();
    let mut kernels = names
        .iter()
        .filter_map(|name| KernelVersion::parse(std::str::from_utf8(name).ok()?));
    let only = kernels.next()?;
    kernels.next().is_none().then_some(only)
}

/// The boot configuration of a tree of files alone: of the kernel that will read it nothing is known but
/// its release, where the tree tells it.
pub fn boot_of_files(source: &BootSource) -> io::Result<Boot> {
    let tree = BootTree::open(&source.root)?;
    let kernel = kernel_of(&tree);
    let keys = CatalogueKeys::new(kernel.clone());
    let (engine, decided) = decide(&tree, source);
    let request = Request {
        engine,
        decided,
        cmdline: None,
        kernel,
        live: &|_| None,
        default: &|_| None,
        available: &|_, _| None,
        builtin: &|_| None,
        opaque: None,
    };
    let mut boot = bootconf::read(&tree, &keys, &request);
    boot.notes.push(NO_COMMAND_LINE.to_owned());
    boot.writers = bootconf::writers(&tree);
    Ok(boot)
}

/// Collects the boot configuration beside a kernel, live or recorded, into a sample.
pub(super) fn collect(
    files: &BootSource,
    source: &Source,
    sysctls: &Sysctls,
    defaults: &Defaults<'_>,
    sample: &mut Sample,
) {
    let tree = match BootTree::open(&files.root) {
        Ok(tree) => tree,
        Err(error) => {
            let root = files.root.display();
            let note = format!("boot configuration of {root}: {}", io_name(&error));
            sample.notes.push(note);
            return;
        }
    };
    let kernel = sample.host.kernel.clone();
    let opaque = opaque(files, source, &tree, sample);
    let beside = Beside {
        files,
        source,
        sysctls,
        defaults,
        kernel: kernel.as_ref(),
        opaque: opaque.as_deref(),
    };
    let mut boot = beside.read(&tree);
    if let Some(why) = &opaque {
        let asked = sample.readings.keys();
        let asked = asked.filter_map(|fact| fact.strip_prefix("sysctl."));
        foretell_nothing(&mut boot, why, asked);
    }
    sample.boot = Some(boot);
}

/// Why nothing can be told of the next boot of the namespace a sample was taken in.
fn opaque(files: &BootSource, source: &Source, tree: &dyn Tree, sample: &Sample) -> Option<String> {
    // Whoever names a loader or a root says that these files will be loaded.
    if !files.is_own() || files.engine.is_some() {
        return None;
    }
    let initial = sample.readings.get("host.initial_netns");
    let elsewhere = initial.and_then(Reading::value) == Some(&Value::Bool(false));
    let booted = is_booted(tree);
    // A container may have the network of its host; the files it sees are those of its image all the same.
    let files_of_another = !booted && !source.is_recorded() && namespace::is_beside_the_host();
    if files_of_another || (elsewhere && !booted) {
        return Some(CONTAINER.to_owned());
    }
    if !elsewhere || source.is_recorded() {
        return None;
    }
    // That systemd runs on the machine tells nothing of a namespace made beside its own.
    match (namespace::of_process_1(), sample.host.netns) {
        (Ok(first), Some(own)) if first == own => None,
        (Ok(_), _) => Some(BESIDE.to_owned()),
        (Err(error), _) => Some(format!(
            "it cannot be told whether boot files act on this network namespace (/proc/1/ns/net: {})",
            io_name(&error)
        )),
    }
}

/// Everything beside the files that decides what they come to.
struct Beside<'a> {
    files: &'a BootSource,
    source: &'a Source,
    sysctls: &'a Sysctls,
    defaults: &'a Defaults<'a>,
    kernel: Option<&'a KernelVersion>,
    opaque: Option<&'a str>,
}

impl Beside<'_> {
    fn read(&self, tree: &dyn Tree) -> Boot {
        let (engine, decided) = decide(tree, self.files);
        let (source, sysctls) = (self.source, self.sysctls);
        let modules = KernelModules {
            tree,
            proc: source.proc(),
            running: !source.is_recorded(),
            sysctls,
            release: self.kernel.map(|kernel| kernel.release.as_str()),
            loadable: OnceCell::new(),
            built_in: OnceCell::new(),
            loaded: OnceCell::new(),
        };
        let live = |key: &str| sysctls.read(key).value().cloned();
        // Bytes: the kernel ends a word at 0xa0 too.
        let words = file::bytes(&source.proc().join("cmdline")).ok();
        let request = Request {
            engine,
            decided,
            cmdline: words.as_deref(),
            kernel: self.kernel.cloned(),
            live: &live,
            default: &|key| self.defaults.of(key, live(key).as_ref()),
            available: &|key, name| modules.available(key, name),
            builtin: &|module| modules.is_built_in(module),
            opaque: self.opaque.map(str::to_owned),
        };
        let mut boot = bootconf::read(tree, &KernelKeys::open(source.proc()), &request);
        if words.is_none() {
            boot.notes.push(NO_COMMAND_LINE.to_owned());
        }
        boot.writers = bootconf::writers(tree);
        boot
    }
}

/// What the files of this host come to at its next boot, read anew each time.
#[derive(Debug)]
pub struct NextBoot {
    source: Source,
    files: BootSource,
    kernel: Option<KernelVersion>,
}

impl NextBoot {
    /// The files beside the kernel a sample was taken of; why there are none where values last no longer than
    /// the network namespace.
    pub fn of(source: &Source, sample: &Sample) -> Result<Self, String> {
        let Some(files) = source.boot() else {
            return Err("boot files do not act on a namespace made later".to_owned());
        };
        let tree = BootTree::open(&files.root).map_err(|error| {
            let root = files.root.display();
            format!("boot configuration of {root}: {}", io_name(&error))
        })?;
        if let Some(why) = opaque(files, source, &tree, sample) {
            return Err(why);
        }
        Ok(Self {
            source: source.clone(),
            files: files.clone(),
            kernel: sample.host.kernel.clone(),
        })
    }

    /// The boot configuration as it is, or with this content in one file; and every file that was read with
    /// its SHA-256.
    pub fn read(
        &self,
        with: Option<(&str, &[u8])>,
    ) -> io::Result<(Boot, BTreeMap<String, String>)> {
        let tree = BootTree::open(&self.files.root)?;
        let overlay = with.map(|(path, content)| Overlay::new(&tree, path, content));
        let tree: &dyn Tree = overlay.as_ref().map_or(&tree, |overlay| overlay);
        let recording = Recording::new(tree);
        let sysctls = Sysctls::open(self.source.proc());
        let defaults = Defaults::new(self.kernel.as_ref(), !self.source.is_recorded());
        let beside = Beside {
            files: &self.files,
            source: &self.source,
            sysctls: &sysctls,
            defaults: &defaults,
            kernel: self.kernel.as_ref(),
            opaque: None,
        };
        let boot = beside.read(&recording);
        Ok((boot, recording.into_seen()))
    }

    /// The value of one key after the next boot, with the files as they are.
    pub fn forecast(&self, key: &str) -> Result<Forecast, Fault> {
        let (boot, _) = self.read(None).map_err(|error| Fault {
            doing: "read the boot configuration".to_owned(),
            why: io_name(&error),
        })?;
        let setting = boot.settings.get(key);
        Ok(setting.map_or(Forecast::Untouched, |setting| setting.next_boot.clone()))
    }
}

/// Takes the forecast for the next boot back, of keys that no file names too.
fn foretell_nothing<'k>(boot: &mut Boot, why: &str, asked: impl Iterator<Item = &'k str>) {
    let unknown = || Forecast::Unknown(why.to_owned());
    let listed = catalog::keys().iter();
    let listed = listed.filter(|spec| !spec.is_pattern() && spec.key.starts_with("net."));
    let named: BTreeSet<&str> = listed.map(|spec| spec.key).chain(asked).collect();
    for key in named {
        let untouched = || BootSetting {
            next_boot: unknown(),
            set_by: None,
            system_now: Forecast::Untouched,
            system_by: None,
            claims: Vec::new(),
        };
        boot.settings
            .entry(key.to_owned())
            .or_insert_with(untouched);
    }
}
