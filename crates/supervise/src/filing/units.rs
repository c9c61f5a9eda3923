//! Units of scale: how they are written, and which are allowed for which kind of project.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Units of scale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// Each unit with other ways to write it.
    #[serde(default)]
    pub names: BTreeMap<String, Vec<String>>,
    /// The units allowed for each kind of project.
    #[serde(default)]
    pub allowed: BTreeMap<String, Vec<String>>,
}

impl Units {
    /// The unit as rules know it; `None` for one that is not declared.
    pub fn canonical(&self, written: &str) -> Option<&str> {
        let written = written.trim();
        self.names
            .iter()
            .find(|(name, aliases)| {
                name.as_str() == written || aliases.iter().any(|alias| alias == written)
            })
            .map(|(name, _)| name.as_str())
    }

    /// Pairs of kind and unit that rule Q07 allows.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.allowed
            .iter()
            .flat_map(|(kind, units)| units.iter().map(move |unit| (kind.as_str(), unit.as_str())))
    }
}
