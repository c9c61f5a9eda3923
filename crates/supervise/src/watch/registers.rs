//! The registers that rules compare with, as a run reads them: opened once for each upload and dropped with it. Each run
//! that has read one is an event.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use kandeng_platform::page::Site;
use kandeng_platform::person::PersonError;
use kandeng_platform::vault::Reference;
use kandeng_platform::{CommandError, Context};
use kandeng_screening::pack::Pack;
use kandeng_screening::{ReachMap, Tables};
use uuid::Uuid;

use super::WatchError;
use crate::filing::Filing;
use crate::packs;
use crate::register::{KINDS, RegisterError, RegisterUse, UseRegisters, Used, in_force, opened};
use crate::scene::Supervise;

/// Registers in force.
#[derive(Default)]
pub(crate) struct Open {
    uploads: BTreeMap<String, Uuid>,
    tables: Tables,
}

impl Open {
    /// Their tables.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Opens what came into force since, drops what is not any more, and says whether anything did either.
    pub async fn renew(&mut self, site: &Site, scene: &Supervise) -> Result<bool, WatchError> {
        let today = site.today();
        let all = site
            .platform()
            .query(|connection| in_force(connection, today))?;
        let uploads: BTreeMap<String, Uuid> = all
            .iter()
            .map(|one| (one.register.clone(), one.upload))
            .collect();
        if uploads == self.uploads {
            return Ok(false);
        }
        // Nothing of what is not in force any more stays in memory while others are opened.
        *self = Self::default();
        let vault = Arc::clone(scene.vault());
        let tables = super::blocking(move |_| {
            let mut tables = Tables::new();
            for one in all {
                let bytes = vault.read_block(one.upload, Reference(one.rows_at));
                let bytes = bytes.map_err(|error| RegisterError::from(PersonError::from(error)))?;
                // Deleted a moment ago: the next round sees it.
                if let Some(bytes) = bytes {
                    let table = opened(bytes).map_err(RegisterError::Rows)?;
                    tables.insert(one.register, table);
                }
            }
            Ok(tables)
        })
        .await?;
        *self = Self { uploads, tables };
        Ok(true)
    }

    /// Those that one rule reads, for a look at what it would find. That is a use as well.
    pub async fn of_rule(
        site: &Site,
        scene: &Supervise,
        filing: &Arc<Filing>,
        pack: &Arc<Pack>,
        rule: &str,
        cx: &Context,
    ) -> Result<Tables, WatchError> {
        let mut open = Self::default();
        open.renew(site, scene).await?;
        let (filing, pack, of) = (Arc::clone(filing), Arc::clone(pack), rule.to_owned());
        let read = super::blocking(move |_| {
            let reach = ReachMap::new(&pack, Some(&packs::items(&filing)), "project")?;
            Ok(KINDS.map(|register| (register, reach.reads(&of, register))))
        })
        .await?;
        let (mut tables, mut used) = (Tables::new(), BTreeMap::new());
        for (register, _) in read.into_iter().filter(|(_, reads)| *reads) {
            if let Some(table) = open.tables.get(register) {
                tables.insert(register, Arc::clone(table));
                used.insert(register.to_owned(), vec![rule.to_owned()]);
            }
        }
        open.record(site, &used, site.today(), cx).await?;
        Ok(tables)
    }

    /// Records that a run has read some of them, by which rules.
    pub async fn record(
        &self,
        site: &Site,
        used: &BTreeMap<String, Vec<String>>,
        as_of: Date,
        cx: &Context,
    ) -> Result<(), CommandError> {
        let used: Vec<Used> = used
            .iter()
            .filter_map(|(register, rules)| {
                Some(Used {
                    register: register.clone(),
                    upload: *self.uploads.get(register)?,
                    rules: rules.clone(),
                })
            })
            .collect();
        if used.is_empty() {
            return Ok(());
        }
        let platform = site.platform();
        let run = platform.new_id();
        platform
            .carry_out::<RegisterUse, _>(run, UseRegisters { as_of, used }, cx)
            .await?;
        Ok(())
    }
}
