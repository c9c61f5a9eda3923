//! Registers that rules compare filings with, uploaded by the manager once the county has stated what allows them.

use std::path::Path;
use std::sync::Arc;

use jiff::ToSpan as _;
use kandeng_platform::node::NodeError;
use kandeng_supervise::import::ImportOptions;
use kandeng_supervise::register::{
    self, OFF_WITHOUT_BASIS, Register, StateBasis, Terms, register_id,
};

use super::Teller;
use crate::failure::Failure;
use crate::node::scenes;

impl Teller<'_> {
    /// Brings in the registers that rules compare with. What allows relatives is stated first.
    pub(super) async fn registers(&self, county: &Path) -> Result<(), Failure> {
        let key = scenes::county_key(&self.node.folder)?;
        let mut options = ImportOptions::new(key);
        options.filing = Arc::clone(&self.declared.filing);
        let state = StateBasis {
            basis: "县人大常委会 2026 年第 4 号决定(演示)".to_owned(),
        };
        let stream = register_id(OFF_WITHOUT_BASIS).unwrap_or_default();
        let cx = self.cx(self.accounts.id("admin"));
        self.platform
            .carry_out::<Register, _>(stream, state, &cx)
            .await
            .map_err(NodeError::from)?;
        let cx = self.cx(self.accounts.id("manager"));
        // Cannot fail: the story is far from the end of the calendar.
        let expires = self.begins.checked_add(1.year()).unwrap_or(self.begins);
        for kind in register::KINDS {
            let file = county.join(format!("{kind}.csv"));
            // A small county has nobody of some kinds: nothing stands below the head then.
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if text.lines().nth(1).is_none() {
                continue;
            }
            let rows = register::read(kind, &file, &options).map_err(|bad| {
                let first = bad.into_iter().next().map(|one| one.message);
                first.map_or_else(|| Failure::wrong(kind, kind), Failure::Wrong)
            })?;
            let terms = Terms {
                purpose: "与填报的单位、个人比对(演示)".to_owned(),
                basis: "县纪委监委 2026 年第 3 号函(演示)".to_owned(),
                expires,
            };
            register::bring_in(&self.site, &self.node.vault, rows, terms, &cx)
                .await
                .map_err(|error| Failure::wrong(error.to_string(), error.to_string()))?;
        }
        Ok(())
    }
}
