//! The tasks of the Ansible role that install the package, run by the real ansible-core.

use std::fs;
use std::path::Path;

use crate::deb::deb;
use crate::root::{in_own_root, repository, sh, skip, tried};

/// Runs the install tasks of the role with these variables; the counts of the recap, `changed=1` and so on.
fn play(variables: &str) -> String {
    let tools = repository().join("target/ansible/bin");
    let book = format!(
        "- hosts: localhost\n  connection: local\n  gather_facts: true\n  tasks:\n    \
         - ansible.builtin.include_role:\n        name: tcptune.tcptune.tune\n        tasks_from: install.yml\n      \
         vars: {variables}\n"
    );
    fs::write("/root/play.yml", book).unwrap();
    let (code, said) = tried(&format!(
        "cd /root && export PATH={}:$PATH ANSIBLE_COLLECTIONS_PATH=/root/collections ANSIBLE_NOCOLOR=1
         ansible-playbook -i localhost, -e ansible_python_interpreter=/usr/bin/python3 play.yml",
        tools.display()
    ));
    assert_eq!(code, Some(0), "{said}");
    let recap = said.lines().find(|line| line.contains("unreachable="));
    recap.unwrap().to_owned()
}

fn prepare() -> Option<String> {
    if !repository()
        .join("target/ansible/bin/ansible-playbook")
        .is_file()
    {
        skip("no ansible-core: .ci/ansible installs it");
        return None;
    }
    if !Path::new("/usr/lib/python3/dist-packages/apt").is_dir() {
        skip("python3-apt is not installed, which the apt module needs");
        return None;
    }
    let deb = deb()?;
    let collection = repository().join("contrib/ansible");
    sh(&format!(
        "mkdir -p /root/collections/ansible_collections/tcptune
         cp -r {} /root/collections/ansible_collections/tcptune/tcptune",
        collection.display()
    ));
    Some(deb.to_str().unwrap().to_owned())
}

#[test]
fn the_role_installs_a_package_of_the_control_node_once() {
    in_own_root(
        "ansible::the_role_installs_a_package_of_the_control_node_once",
        || {
            let Some(deb) = prepare() else { return };
            let variables = format!("{{ tcptune_deb: {deb} }}");
            let first = play(&variables);
            // The copy and the installation.
            assert!(first.contains("changed=2"), "{first}");
            assert!(first.contains("failed=0"), "{first}");
            sh(
                "tcptune rules list >/dev/null && dpkg-query -s tcptune | grep -q 'install ok installed'",
            );
            let second = play(&variables);
            assert!(second.contains("changed=0"), "{second}");
        },
    );
}

#[test]
fn the_role_installs_the_package_of_a_repository_once() {
    in_own_root(
        "ansible::the_role_installs_the_package_of_a_repository_once",
        || {
            let Some(deb) = prepare() else { return };
            sh(&format!(
                "mkdir /srv/packages && cp {deb} /srv/packages/ && cd /srv/packages
                 dpkg-scanpackages -m . >Packages 2>/dev/null
                 rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
                 echo 'deb [trusted=yes] file:/srv/packages ./' >/etc/apt/sources.list
                 chmod 755 /srv /srv/packages && apt-get update"
            ));
            let variables = "{ tcptune_package: tcptune }";
            let first = play(variables);
            assert!(first.contains("changed=1"), "{first}");
            sh("tcptune rules list >/dev/null");
            let second = play(variables);
            assert!(second.contains("changed=0"), "{second}");
        },
    );
}
