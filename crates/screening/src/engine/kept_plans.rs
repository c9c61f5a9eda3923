//! Plans kept for another run: what planning made of each statement, in DataFusion's own wire format. Planning is most
//! of what a run over a small input costs, and the same statements over the same tables are planned the same way.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::bytes::{
    physical_plan_from_bytes_with_extension_codec, physical_plan_to_bytes_with_extension_codec,
};
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use sha2::{Digest, Sha256};

use super::Settings;
use super::dense_groups::DenseGroups;
use super::scan::SlotScan;
use super::slot::Slot;
use super::windows::HeldRows;
use crate::items::Items;
use crate::pack::Pack;

/// The first bytes of plans on disk, with the version of what follows them.
const MAGIC: &[u8] = b"kandeng plans 1\n";

/// SHA-256 of a statement with its parameters bound.
pub(super) type StatementKey = [u8; 32];

/// Plans of statements, as an earlier run over tables of the same columns made them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptPlans {
    plans: BTreeMap<StatementKey, Vec<u8>>,
}

impl KeptPlans {
    /// What plans depend on besides the statement itself, as a name: plans kept under one name fit every run with this
    /// name. `program` tells one build of the program from another.
    pub fn name(pack: &Pack, items: Option<&Items>, settings: &Settings, program: &str) -> String {
        let mut digest = Sha256::new();
        let mut part = |text: &str| {
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        };
        part(program);
        part(&format!("{:?}", pack.tables));
        part(&format!("{:?}", pack.subjects));
        part(&format!("{:?}", pack.shared));
        part(&format!("{items:?}"));
        part(&format!("{:?}", settings.rows));
        // Statements of other rules would only take one another's place.
        part(&format!(
            "{:?}",
            (settings.audience, &settings.only, &settings.params)
        ));
        hex(&digest.finalize())
    }

    /// Reads what [`Self::to_bytes`] wrote; none where a byte of it is not as it was written.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (sum, mut rest) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
        if Sha256::digest(rest)[..] != sum[..] {
            return None;
        }
        let mut plans = BTreeMap::new();
        while let Some((key, after)) = rest.split_first_chunk::<32>() {
            let (length, after) = after.split_first_chunk::<4>()?;
            let (plan, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            plans.insert(*key, plan.to_vec());
            rest = after;
        }
        rest.is_empty().then_some(Self { plans })
    }

    /// The plans with a sum over them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut rest = Vec::new();
        for (key, plan) in &self.plans {
            rest.extend_from_slice(key);
            rest.extend_from_slice(&(plan.len() as u32).to_le_bytes());
            rest.extend_from_slice(plan);
        }
        [MAGIC, &Sha256::digest(&rest), &rest].concat()
    }

    /// The plan of a statement over these slots, if it was kept and can still be made.
    pub(super) fn plan(
        &self,
        key: &StatementKey,
        slots: &Arc<BTreeMap<String, Arc<Slot>>>,
        context: &TaskContext,
    ) -> Option<Arc<dyn ExecutionPlan>> {
        let codec = OurNodes {
            slots: Arc::clone(slots),
        };
        physical_plan_from_bytes_with_extension_codec(self.plans.get(key)?, context, &codec).ok()
    }

    /// Keeps a plan, where it can be written: one that cannot is planned again.
    pub(super) fn keep(&mut self, key: StatementKey, plan: &Arc<dyn ExecutionPlan>) {
        let codec = OurNodes::default();
        if let Ok(bytes) = physical_plan_to_bytes_with_extension_codec(Arc::clone(plan), &codec) {
            self.plans.insert(key, bytes.to_vec());
        }
    }
}

/// The key of a statement.
pub(super) fn statement_key(statement: &impl ToString) -> StatementKey {
    Sha256::digest(statement.to_string()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Cannot fail: writing to a String does not.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The nodes of a plan that are ours: scans of slots, groups by number, and the counting of rows that windows hold.
#[derive(Debug, Default)]
struct OurNodes {
    slots: Arc<BTreeMap<String, Arc<Slot>>>,
}

impl PhysicalExtensionCodec for OurNodes {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        _context: &TaskContext,
        _converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let unknown = || DataFusionError::Internal("a node that is not ours".to_owned());
        match (std::str::from_utf8(bytes), inputs) {
            (Ok(DENSE_GROUPS), [aggregate]) => {
                let groups = DenseGroups::over(Arc::clone(aggregate))?;
                Ok(Arc::new(groups.ok_or_else(unknown)?))
            }
            (Ok(HELD_ROWS), [input]) => Ok(Arc::new(HeldRows::over(Arc::clone(input)))),
            (Ok(scan), []) => {
                let mut parts = scan.split('\n');
                let slot = parts.next().and_then(|name| self.slots.get(name));
                let columns: std::result::Result<Vec<usize>, _> = parts.map(str::parse).collect();
                match (slot, columns) {
                    (Some(slot), Ok(columns)) => Ok(Arc::new(SlotScan::of(slot, columns)?)),
                    _ => Err(unknown()),
                }
            }
            _ => Err(unknown()),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        _converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        if node.downcast_ref::<HeldRows>().is_some() {
            bytes.extend_from_slice(HELD_ROWS.as_bytes());
            return Ok(());
        }
        if node.downcast_ref::<DenseGroups>().is_some() {
            bytes.extend_from_slice(DENSE_GROUPS.as_bytes());
            return Ok(());
        }
        let Some(scan) = node.downcast_ref::<SlotScan>() else {
            let name = node.name().to_owned();
            return Err(DataFusionError::NotImplemented(name));
        };
        bytes.extend_from_slice(scan.slot().name().as_bytes());
        for column in scan.columns() {
            bytes.extend_from_slice(format!("\n{column}").as_bytes());
        }
        Ok(())
    }
}

/// Stands for [`DenseGroups`]; no table is called so.
const DENSE_GROUPS: &str = "dense groups";

/// Stands for [`HeldRows`]; no table is called so.
const HELD_ROWS: &str = "held rows";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{Audience, PackFiles};
    use crate::{ColumnType, Prepared, TableDeclaration};

    const RULE: &str = "-- id: T01\n-- title.zh: 甲\n-- title.en: A\n-- audience: officer\n-- severity: low\n\
        -- subject: thing\n-- reach: record\n-- basis: practice\n-- says.zh: 甲\n-- says.en: A\n\
        select name as subject from things where name > 'm'\n";

    #[test]
    fn a_plan_that_cannot_be_read_back_is_made_anew_and_kept_anew() {
        let texts = [
            (
                "pack.toml",
                "[[subjects]]\nkind = 'thing'\ntable = 'things'\nid = 'name'\n",
            ),
            ("T01.sql", RULE),
            ("T01.fixture", ""),
        ];
        let things = TableDeclaration::new("things", &[("name", ColumnType::Text)]);
        let pack = Pack::load(PackFiles::from_texts(texts), vec![things], None).unwrap();
        let planned = |plans: Option<KeptPlans>| {
            let day = jiff::civil::date(2026, 6, 30);
            let mut settings = Settings::new(day, Audience::Officer);
            settings.plans = plans.map(Arc::new);
            Prepared::new(&pack, None, settings).unwrap()
        };
        let first = planned(None);
        assert_eq!(first.statements(), (2, 0));
        let whole = first.plans_to_keep().unwrap();
        let mut broken = whole.clone();
        // Cannot be empty: two statements were kept.
        *broken.plans.values_mut().next().unwrap() = b"none".to_vec();
        let second = planned(Some(broken));
        assert_eq!(second.statements(), (1, 1));
        assert_eq!(second.plans_to_keep().unwrap().plans.len(), 2);
        assert_eq!(planned(Some(whole)).statements(), (0, 2));
    }
}
