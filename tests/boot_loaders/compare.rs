//! Holding the reader against what a loader says.

use std::fmt::Write as _;
use std::path::Path;

use tcptune::bootconf::{Keys, Load, load};
use tcptune::fact::boot::Engine;
use tcptune::host::BootTree;

use crate::broken::{self, Broken};
use crate::generate;
use crate::loader::{Loader, Said, Silent};
use crate::said::{Happened, procps, systemd};
use crate::shrink;
use crate::stage::{SCRATCH, say};
use crate::tree::Files;
use crate::values::{self, Told};

/// How many trees with differences are shown before the run ends.
const SHOWN: usize = 3;

/// How many times as many trees are tried until each broken reader has been caught.
const PATIENCE: u64 = 8;

/// Trees of consecutive seeds, each through the loader and through the reader; and through readers that
/// are broken on purpose, until each has been caught.
pub(crate) fn many(loader: &Loader) {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let trees = number("TCPTUNE_LOADERS_TREES").unwrap_or(500);
    let seed = number("TCPTUNE_LOADERS_SEED").unwrap_or_else(fresh_seed);
    let name = loader.engine.word();
    say(&format!(
        "{name}: {trees} trees from TCPTUNE_LOADERS_SEED={seed}"
    ));
    let mut caught: Vec<(Broken, Option<u64>)> = broken::readers(loader.engine)
        .map(|broken| (broken, None))
        .collect();
    let (mut writes, mut wrong, mut told) = (0, 0, Told::default());
    // One tree alone is there to be looked at.
    let most = if trees == 1 {
        1
    } else {
        trees.saturating_mul(PATIENCE)
    };
    for offset in 0..most {
        // Some broken readers show seldom: they get more trees, and so does the one that is not.
        if offset >= trees && caught.iter().all(|(_, by)| by.is_some()) {
            break;
        }
        let seed = seed.wrapping_add(offset);
        let files = generate::files(seed);
        let said = happened(loader, &files);
        writes += said.attempts();
        let (values, difference) = difference(loader, &files, &said);
        told.values += values.values;
        told.untouched += values.untouched;
        told.unknown += values.unknown;
        if let Some(difference) = difference {
            wrong += 1;
            report(loader, seed, files, &difference);
            if wrong == SHOWN {
                break;
            }
            continue;
        }
        for (broken, seen) in &mut caught {
            if seen.is_none() && is_caught(loader, broken, &files, &said) {
                *seen = Some(seed);
            }
        }
    }
    assert_eq!(
        wrong, 0,
        "trees with differences; TCPTUNE_LOADERS_TREES=1 with a seed shows one"
    );
    let mut words = format!(
        "{name}: {writes} writes as foretold, {} values and {} left alone; {} cannot be told\n\
         readers broken on purpose:",
        told.values, told.untouched, told.unknown
    );
    for (broken, by) in &caught {
        let by = by.map_or("NOT CAUGHT".to_owned(), |seed| format!("caught by {seed}"));
        let _ = write!(words, "\n    {}: {by}", broken.rule);
    }
    say(&words);
    let missed = caught.iter().filter(|(_, by)| by.is_none()).count();
    assert!(
        missed == 0 || most == 1,
        "a broken reader passes: the trees are too tame"
    );
}

fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    // Short enough to be typed again.
    RandomState::new().hash_one(0) % 1_000_000_000
}

/// Lays a tree out and runs the loader over it.
fn happened(loader: &Loader, files: &Files) -> Happened {
    files.lay_out(Path::new("/"));
    parse(loader, &loader.run())
}

fn parse(loader: &Loader, said: &Said) -> Happened {
    match loader.engine {
        Engine::Systemd => systemd(said),
        Engine::Procps => procps(said),
    }
}

/// Every way in which the reader and the loader disagree, or `None`; and how much was foretold.
fn difference(loader: &Loader, files: &Files, said: &Happened) -> (Told, Option<String>) {
    let tree = BootTree::open(Path::new("/")).expect("the root opens");
    let read = |tree: &BootTree, keys: &dyn Keys| load(tree, keys, loader.engine, None);
    let told = read(&tree, &loader.keys);
    let silent = read(&tree, &Silent(&loader.keys));
    let mut wrong = String::new();
    let mut add = |found: Option<String>| {
        if let Some(line) = found {
            let _ = writeln!(wrong, "{line}");
        }
    };
    add(said
        .disagrees(&told, &loader.keys, true)
        .map(|d| format!("keys told: {d}")));
    add(said
        .disagrees(&silent, &loader.keys, false)
        .map(|d| format!("keys untold: {d}")));
    add(said.misplaced(&told, files));
    let (values, found) = values::wrong(loader, &tree, &said.after);
    add(found);
    // The same files as an image: links must not lead out of it.
    let image = Path::new(SCRATCH).join("image");
    files.lay_out(&image);
    let image = BootTree::open(&image).expect("an image opens");
    if read(&image, &loader.keys) != told {
        add(Some(
            "read as an image it is another configuration".to_owned(),
        ));
    }
    if read(&image.walked(), &loader.keys) != told {
        add(Some(
            "with links followed by hand it is another configuration".to_owned(),
        ));
    }
    (values, (!wrong.is_empty()).then_some(wrong))
}

/// Whether the comparison notices that a reader is broken.
fn is_caught(loader: &Loader, broken: &Broken, files: &Files, said: &Happened) -> bool {
    let image = Path::new(SCRATCH).join("broken");
    let Some(mutated) = (broken.files)(files) else {
        return false;
    };
    mutated.lay_out(&image);
    let tree = BootTree::open(&image).expect("an image opens");
    let seen: Load = load(&tree, &loader.keys, broken.engine, None);
    said.disagrees(&seen, &loader.keys, true).is_some()
}

/// Shows a tree that is read otherwise than it is loaded, as small as it gets quickly.
fn report(loader: &Loader, seed: u64, files: Files, found: &str) {
    say(&format!(
        "\nTCPTUNE_LOADERS_SEED={seed} ({}):\n{found}",
        loader.engine.word()
    ));
    let differs = |files: &Files| {
        let said = happened(loader, files);
        difference(loader, files, &said).1
    };
    let small = shrink::smallest(files, |files| differs(files).is_some());
    let still = differs(&small).unwrap_or_default();
    say(&format!("made smaller:\n{small}{still}"));
}
