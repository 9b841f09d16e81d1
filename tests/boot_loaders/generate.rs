//! Random file trees.

use crate::random::Random;
use crate::text;
use crate::tree::{FOLDERS, Files, LAST, Node};

/// Names that sort, match and mask in ways that are easy to get wrong. Few, so that they collide.
const NAMES: &[&[u8]] = &[
    b"50-a.conf",
    b"50-a.conf",
    b"50-b.conf",
    b"50-B.conf",
    b"60-b.conf",
    b"9-z.conf",
    b"99-y.conf",
    b"99-sysctl.conf",
    b"100-x.conf",
    b"Z.conf",
    b"_u.conf",
    b"a.conf",
    b"a b.conf",
    b"a-.conf",
    b"a.b.conf",
    b"\xc3\xa9.conf",
    b"\xe9.conf",
    b"\x01.conf",
];

/// Names that are read by one loader, by none, or as a pattern.
const ODD_NAMES: &[&[u8]] = &[
    b".hidden.conf",
    b".conf",
    b"..conf",
    b"a.conf~",
    b"#a.conf#",
    b"a.conf.bak",
    b"a.conf.dpkg-new",
    b"a.CONF",
    b"aconf",
    b"README",
    b"x.conf.conf",
    b"50-[ab].conf",
    b"50-?.conf",
    b"*.conf",
    b"{50-a,50-b}.conf",
    b"50-\\a.conf",
    b"~.conf",
    b"-.conf",
    b"a.conf ",
];

/// Where links lead.
const TARGETS: &[&[u8]] = &[
    b"../sysctl.conf",
    b"/etc/sysctl.conf",
    b"/etc/sysctl.conf",
    b"/usr/lib/sysctl.d/60-b.conf",
    b"50-a.conf",
    b"../../usr/lib/sysctl.d/50-b.conf",
    b"/run/sysctl.d/99-y.conf",
    b"loop.conf",
    b"/etc/sysctl.d",
];

/// The tree of a seed.
pub(crate) fn files(seed: u64) -> Files {
    let mut random = Random::new(seed);
    let mut files = Files::default();
    for folder in FOLDERS {
        if random.chance(150) {
            continue;
        }
        if folder == "/run/sysctl.d" && random.chance(15) {
            let target = random.pick(&[&b"/etc/sysctl.d"[..], b"../usr/lib/sysctl.d", b"/nowhere"]);
            files.0.insert(folder.into(), Node::Link(target.to_vec()));
            continue;
        }
        files.0.insert(folder.into(), Node::Folder);
        for _ in 0..random.below(5) {
            let names = if random.chance(120) { ODD_NAMES } else { NAMES };
            let mut path = folder.as_bytes().to_vec();
            path.push(b'/');
            path.extend_from_slice(random.pick(names));
            let node = node(&mut random);
            if node == Node::Folder && random.chance(500) {
                let mut inside = path.clone();
                inside.extend_from_slice(b"/a.conf");
                files.0.insert(inside, Node::File(text::file(&mut random)));
            }
            files.0.insert(path, node);
        }
    }
    if random.chance(600) {
        files.0.insert(LAST.into(), last(&mut random));
    }
    if random.chance(250) {
        let target = random.pick(&[&b"../sysctl.conf"[..], b"/etc/sysctl.conf", b"/dev/null"]);
        let link = Node::Link(target.to_vec());
        files
            .0
            .insert(b"/etc/sysctl.d/99-sysctl.conf".to_vec(), link);
    }
    without_shadowed(files)
}

fn node(random: &mut Random) -> Node {
    match random.below(100) {
        0..3 => Node::File(Vec::new()),
        3..6 => Node::Link(b"/dev/null".to_vec()),
        6..9 => Node::Link(b"/etc/nowhere".to_vec()),
        9..11 => Node::Folder,
        11..18 => Node::Link(random.pick(TARGETS).to_vec()),
        _ => Node::File(text::file(random)),
    }
}

fn last(random: &mut Random) -> Node {
    match random.below(30) {
        0 => Node::Folder,
        1 => Node::Link(b"/dev/null".to_vec()),
        2 => Node::Link(b"sysctl.d/50-a.conf".to_vec()),
        3 => Node::Link(b"/nowhere".to_vec()),
        4 => Node::File(Vec::new()),
        _ => Node::File(text::file(random)),
    }
}

/// Drops what stands below a path that is no folder in the end.
fn without_shadowed(mut files: Files) -> Files {
    let folders: Vec<Vec<u8>> = files
        .0
        .iter()
        .filter(|(_, node)| **node == Node::Folder)
        .map(|(path, _)| path.clone())
        .collect();
    files.0.retain(|path, _| {
        let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        let folder = path[..end].to_vec();
        path == LAST.as_bytes()
            || FOLDERS.iter().any(|known| known.as_bytes() == path)
            || folders.contains(&folder)
    });
    files
}
