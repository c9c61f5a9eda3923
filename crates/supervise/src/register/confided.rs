//! Which rules compare with a register of people or companies. What such a rule matched comes from something that
//! nobody may read: it is told to the officers of the case alone, and everybody else reads that there is a doubt.

use std::collections::{BTreeMap, BTreeSet};

use kandeng_screening::columns_read;
use kandeng_screening::pack::Pack;
use rusqlite::Connection;

use crate::filing::Filing;
use crate::packs;

/// Registers that are read by nobody. The others, of divisions and programmes, are public.
pub const CONFIDED: [&str; 5] = [
    "companies",
    "officials",
    "relatives",
    "deceased",
    "eligible",
];

/// Rules whose findings are told to the officers of a case alone, each with the registers that it reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Confided(BTreeMap<String, BTreeSet<String>>);

impl Confided {
    /// Those of a pack by what their statements read; and those that are in no pack any more, by what they once read.
    pub fn of(pack: &Pack, filing: &Filing, once: BTreeMap<String, BTreeSet<String>>) -> Self {
        let items = packs::items(filing);
        let mut all = once;
        for rule in &pack.rules {
            let read = columns_read(pack, Some(&items), &rule.id);
            let read = read.into_keys().filter(|table| is_confided(table));
            all.insert(rule.id.clone(), read.collect());
        }
        all.retain(|_, registers| !registers.is_empty());
        Self(all)
    }

    /// The registers that a rule reads; nothing where what it finds is for whoever may see flags.
    pub fn registers_of(&self, rule: &str) -> Option<&BTreeSet<String>> {
        self.0.get(rule)
    }
}

fn is_confided(register: &str) -> bool {
    CONFIDED.contains(&register)
}

/// Which rules have read which of these registers, as the ledger tells.
pub(crate) fn once_read(of: &Connection) -> rusqlite::Result<BTreeMap<String, BTreeSet<String>>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut uses = of.prepare_cached("select distinct register, rules from register_uses")?;
    let uses = uses.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })?;
    for used in uses {
        let (register, rules) = used?;
        for rule in rules.split_whitespace().filter(|_| is_confided(&register)) {
            let registers = all.entry(rule.to_owned()).or_default();
            registers.insert(register.clone());
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rests_on_a_register_is_known_by_what_a_rule_reads() {
        let filing = Filing::embedded();
        let pack = packs::county(&filing, &[]).unwrap();
        let once = BTreeMap::from([
            // Of a county, and gone since.
            ("X01".to_owned(), BTreeSet::from(["deceased".to_owned()])),
            // It reads none any more.
            ("K17".to_owned(), BTreeSet::from(["officials".to_owned()])),
        ]);
        let confided = Confided::of(&pack, &filing, once);
        let all: Vec<&str> = confided.0.keys().map(String::as_str).collect();
        assert_eq!(all, ["K13", "K14", "K15", "K27", "X01"]);
        let read = confided.registers_of("K15").unwrap();
        assert!(read.contains("officials") && read.contains("companies"));
    }
}
