//! The kernel's own defaults, as far as they are asked for.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::fresh_namespace::{self, FreshNamespace};
use crate::catalog::{self, KeySpec, Lineage};
use crate::fact::{KernelVersion, Reading, Value};

/// The defaults of one kernel: the catalogue's, and where it does not know one or the host has another
/// value, those of a namespace made for the question.
#[derive(Debug)]
pub(super) struct Defaults<'a> {
    kernel: Option<(&'a KernelVersion, Lineage)>,
    /// `None` for a recorded tree, whose kernel is not this one.
    fresh: Option<FreshNamespace>,
    /// What that namespace was asked and had a value for, by key.
    told: RefCell<BTreeMap<String, Value>>,
}

impl<'a> Defaults<'a> {
    /// Of the running kernel, or of the kernel of a recorded tree.
    pub(super) fn new(kernel: Option<&'a KernelVersion>, running: bool) -> Self {
        Self {
            kernel: kernel.map(|kernel| (kernel, Lineage::of(kernel))),
            fresh: running.then(FreshNamespace::default),
            told: RefCell::default(),
        }
    }

    /// The default of a key. A value that is the catalogue's default is not looked into further: the
    /// namespace costs milliseconds and would say the same.
    pub(super) fn of(&self, key: &str, live: Option<&Value>) -> Option<Value> {
        let spec = catalog::find(key)?;
        self.beside(spec, key, live, self.listed(spec))
    }

    /// The same for a key whose entry and [`Defaults::listed`] default are at hand.
    pub(super) fn beside(
        &self,
        spec: &KeySpec,
        key: &str,
        live: Option<&Value>,
        listed: Option<Value>,
    ) -> Option<Value> {
        if !fresh_namespace::tells(spec) || (listed.is_some() && listed.as_ref() == live) {
            return listed;
        }
        if let Some(told) = self.told.borrow().get(key) {
            return Some(told.clone());
        }
        let read = self.fresh.as_ref().and_then(|fresh| fresh.read(key));
        match read.as_ref().and_then(Reading::value) {
            Some(value) => {
                let mut told = self.told.borrow_mut();
                told.insert(key.to_owned(), value.clone());
                Some(value.clone())
            }
            None => listed,
        }
    }

    /// The default of a key that the catalogue knows.
    pub(super) fn listed(&self, spec: &KeySpec) -> Option<Value> {
        let (kernel, lineage) = self.kernel?;
        spec.default_in(kernel, lineage)
    }

    /// Whether the namespace has been made, so that one more question costs next to nothing.
    pub(super) fn is_made(&self) -> bool {
        self.fresh.as_ref().is_some_and(FreshNamespace::is_made)
    }

    /// What the namespace was asked, as facts: `default.KEY`.
    pub(super) fn into_facts(self) -> impl Iterator<Item = (String, Reading<Value>)> {
        let told = self.told.into_inner().into_iter();
        told.map(|(key, value)| (format!("default.{key}"), Reading::Known(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_the_listed_default_makes_no_namespace() {
        let kernel = KernelVersion::parse("6.18.0").unwrap();
        let defaults = Defaults::new(Some(&kernel), true);
        let listed = Value::Int(60);
        let key = "net.ipv4.tcp_fin_timeout";
        assert_eq!(defaults.of(key, Some(&listed)), Some(listed));
        assert_eq!(defaults.into_facts().count(), 0);
    }

    #[test]
    fn a_recorded_kernel_has_the_catalogue_only() {
        let kernel = KernelVersion::parse("5.3.0").unwrap();
        let defaults = Defaults::new(Some(&kernel), false);
        let of = |key| defaults.of(key, Some(&Value::Int(7)));
        assert_eq!(of("net.core.somaxconn"), Some(Value::Int(128)));
        assert_eq!(of("net.ipv4.tcp_rmem"), None);
        assert_eq!(of("net.made.up"), None);
        assert_eq!(defaults.into_facts().count(), 0);
    }

    #[test]
    fn what_a_new_namespace_told_becomes_a_fact() {
        let defaults = Defaults::new(None, true);
        let key = "net.ipv4.tcp_fin_timeout";
        let asked = defaults.of(key, Some(&Value::Int(7)));
        let facts: Vec<_> = defaults.into_facts().collect();
        match asked {
            Some(value) => {
                let fact = format!("default.{key}");
                assert_eq!(facts, [(fact, Reading::Known(value))]);
            }
            // No namespace can be made here, and the catalogue was given no kernel.
            None => assert!(facts.is_empty()),
        }
    }
}
