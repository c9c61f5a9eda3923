//! Which rules compare with a register of people or companies. What such a rule matched comes from something that
//! nobody may read: it is told to the officers of the case alone, and everybody else reads that there is a doubt.
//!
//! Known by what the node's rules read, and by what flags say that their rules compared with: a rule that left the pack,
//! or reads no register any more, leaves doubts behind.

use std::collections::{BTreeMap, BTreeSet};

use kandeng_screening::columns_read;
use kandeng_screening::pack::Pack;

use crate::filing::Filing;
use crate::packs;

/// Registers of people: whatever rests on one is confided.
pub const OF_PEOPLE: [&str; 4] = ["officials", "relatives", "deceased", "eligible"];

/// The register of companies. What a rule finds that cannot judge without it is confided: it tells what the register
/// holds. Others only learn from it which names are one organization, and tell what was filed.
pub const OF_COMPANIES: &str = "companies";

/// Rules whose findings are told to the officers of a case alone, each with the registers that it reads.
#[derive(Clone, Debug, Default)]
pub struct Confided {
    of: BTreeMap<String, BTreeSet<String>>,
    /// All rules of the pack.
    known: BTreeSet<String>,
}

impl Confided {
    /// Those of a pack, by what their statements read and need.
    pub fn of(pack: &Pack, filing: &Filing) -> Self {
        let items = packs::items(filing);
        let mut all = BTreeMap::new();
        for rule in &pack.rules {
            let needs_companies = rule.needs.iter().any(|need| need.table == OF_COMPANIES);
            let is_confided = |table: &String| {
                OF_PEOPLE.contains(&&**table) || needs_companies && table == OF_COMPANIES
            };
            let read = columns_read(pack, Some(&items), &rule.id);
            let read = read.into_keys().filter(is_confided);
            all.insert(rule.id.clone(), read.collect::<BTreeSet<_>>());
        }
        let known = all.keys().cloned().collect();
        all.retain(|_, registers| !registers.is_empty());
        Self { of: all, known }
    }

    /// With what flags say that their rules compared with. A flag that does not say, of a rule that is in no pack any
    /// more, may rest on a register; of a rule of the pack the pack knows.
    #[must_use]
    pub(crate) fn with(mut self, compared: BTreeMap<String, BTreeSet<String>>) -> Self {
        for (rule, mut registers) in compared {
            if self.known.contains(&rule) {
                registers.remove("");
            }
            if !registers.is_empty() {
                self.of.entry(rule).or_default().extend(registers);
            }
        }
        self
    }

    /// The registers that a rule reads; nothing where what it finds is for whoever may see flags.
    pub(crate) fn registers_of(&self, rule: &str) -> Option<&BTreeSet<String>> {
        self.of.get(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rests_on_a_register_is_known_by_what_a_rule_reads() {
        let filing = Filing::embedded();
        let pack = packs::county(filing, &[]).unwrap();
        let confided = Confided::of(&pack, filing);
        let all: Vec<&str> = confided.of.keys().map(String::as_str).collect();
        assert_eq!(all, ["K13", "K14", "K15", "K27"]);
        let read = confided.registers_of("K15").unwrap();
        assert!(read.contains("officials") && read.contains("companies"));
    }

    #[test]
    fn a_rule_that_is_in_no_pack_any_more_is_known_by_what_its_flags_say() {
        let filing = Filing::embedded();
        let pack = packs::county(filing, &[]).unwrap();
        let compared = [
            ("X01", "officials"),
            ("X02", ""),
            ("K01", ""),
            ("K02", "deceased"),
        ];
        let compared = compared
            .map(|(rule, register)| (rule.to_owned(), BTreeSet::from([register.to_owned()])));
        let confided = Confided::of(&pack, filing).with(compared.into());
        for rule in ["X01", "X02", "K02", "K15"] {
            assert!(confided.registers_of(rule).is_some(), "{rule}");
        }
        for rule in ["K01", "X03"] {
            assert!(confided.registers_of(rule).is_none(), "{rule}");
        }
    }
}
