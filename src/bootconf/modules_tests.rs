use std::rc::Rc;

use super::*;

/// Files by path.
struct Files(Vec<(&'static str, &'static str)>);

impl Tree for Files {
    fn list(&self, directory: &str) -> Result<Vec<Vec<u8>>, String> {
        let name = |path: &str| {
            let (folder, name) = path.rsplit_once('/')?;
            (folder == directory).then(|| name.as_bytes().to_vec())
        };
        Ok(self.0.iter().filter_map(|(path, _)| name(path)).collect())
    }

    fn entry(&self, directory: &str, name: &[u8]) -> Option<Entry> {
        let text = self.text(directory, name)?;
        Some(match text {
            "->/dev/null" => Entry::Null,
            _ => Entry::File,
        })
    }

    fn target(&self, _directory: &str, _name: &[u8]) -> Option<String> {
        None
    }

    fn read(&self, directory: &str, name: &[u8], _: usize) -> Result<(Rc<[u8]>, bool), String> {
        let text = self.text(directory, name).ok_or("ENOENT")?;
        Ok((text.as_bytes().into(), false))
    }
}

impl Files {
    fn text(&self, directory: &str, name: &[u8]) -> Option<&'static str> {
        let wanted = format!("{directory}/{}", String::from_utf8_lossy(name));
        let found = self.0.iter().find(|(path, _)| *path == wanted)?;
        Some(found.1)
    }
}

fn modules(files: &[(&'static str, &'static str)]) -> Modules {
    Modules::read(&Files(files.to_vec()), Engine::Systemd, None)
}

#[test]
fn a_list_names_one_module_a_line() {
    let modules = modules(&[(
        "/etc/modules-load.d/net.conf",
        "# nf_conntrack\n; ip_vs\n\n  br-netfilter\nsctp\r\n",
    )]);
    assert!(modules.has("br_netfilter"));
    assert!(modules.has("sctp"));
    assert!(!modules.has("nf_conntrack"));
    assert!(!modules.has("ip_vs"));
}

#[test]
fn a_list_hides_those_of_its_name_in_later_folders() {
    let hidden = modules(&[
        ("/etc/modules-load.d/a.conf", "->/dev/null"),
        ("/usr/lib/modules-load.d/a.conf", "nf_conntrack"),
        ("/usr/lib/modules-load.d/b.conf.bak", "sctp"),
        ("/run/modules-load.d/.c.conf", "sctp"),
        ("/run/modules-load.d/b.conf", "br_netfilter"),
    ]);
    assert!(!hidden.has("nf_conntrack"));
    assert!(!hidden.has("sctp"));
    assert!(hidden.has("br_netfilter"));
}

#[test]
fn a_module_comes_with_one_that_needs_it() {
    let with = modules(&[("/etc/modules-load.d/a.conf", "nf_nat\n")]);
    assert!(with.has("nf_conntrack"));
    assert!(!with.has("br_netfilter"));
}

#[test]
fn the_command_line_names_modules_too() {
    let read = |line: &[u8]| Modules::read(&Files(Vec::new()), Engine::Systemd, Some(line));
    let modules =
        read(b"quiet modules_load=br_netfilter,ip_vs rd.modules-load=sctp x=nf_conntrack");
    assert!(modules.has("br_netfilter") && modules.has("ip_vs") && modules.has("sctp"));
    assert!(!modules.has("x"));
}

#[test]
fn only_an_init_script_reads_etc_modules_itself() {
    let files = vec![("/etc/modules", "nf_conntrack hashsize=1\n")];
    let read = |engine| Modules::read(&Files(files.clone()), engine, None);
    assert!(read(Engine::Procps).has("nf_conntrack"));
    assert!(!read(Engine::Systemd).has("nf_conntrack"));
}
