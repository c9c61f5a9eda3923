//! Opening a case. A flag is in one open case at a time: whoever opens a second one is told which has it.

use kandeng_ledger::StreamName;
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use super::{Case, CaseEvent, Check, Rung, Rungs, expect};
use crate::aggregate::{Aggregate as _, Decide, Decision};
use crate::context::{Context, Refusal};
use crate::effect::{Effect, Unique};
use crate::plan::Plan;
use crate::platform::CommandError;
use crate::unique::Value;

/// Flags, each of which one open case may have.
const SPACE: &str = "flag-in-case";

/// Open a case.
#[derive(Clone, Debug)]
pub struct OpenCase {
    /// Its id.
    pub id: Uuid,
    /// The flags to verify.
    pub flags: Vec<StreamName>,
    /// Who leads it.
    pub lead: Uuid,
    /// Who works on it.
    pub assignee: Uuid,
    /// What is to be looked at on paper and on site.
    pub checks: Vec<Check>,
    /// When each rung is climbed should no answer come.
    pub within: Rungs,
}

/// Opens a case on flags of which none is in an open one.
///
/// # Errors
/// A refusal `flag-in-case` that names the open case.
pub fn open(plan: &mut Plan<'_>, open: &OpenCase) -> Result<(), CommandError> {
    for flag in &open.flags {
        let Some(case) = holder(plan, flag)? else {
            continue;
        };
        return Err(Refusal::new(
            "flag-in-case",
            format!("此疑点已立办件,正在核实,不能重复立办件:{case}"),
            format!("this flag is in an open case already, and is in one at a time: {case}"),
        )
        .into());
    }
    let stream = StreamName::new(Case::STREAM, open.id)?;
    plan.decide::<Case, _>(stream, open.clone())
}

/// The open case that a flag is in.
fn holder(plan: &Plan<'_>, flag: &StreamName) -> Result<Option<Uuid>, CommandError> {
    let stream = plan.platform().guard("value", &[SPACE, flag.as_str()])?;
    let held = plan.load::<Value>(&stream)?.state.owner();
    if held.is_some() {
        return Ok(held);
    }
    // Those that were opened before flags were held have nothing but their rows.
    let open = plan.platform().query(|of| open_case_of(of, flag))?;
    Ok(open)
}

/// The open case that a flag is in, as the read model has it.
///
/// # Errors
/// When the read model cannot be read.
pub fn open_case_of(of: &Connection, flag: &StreamName) -> rusqlite::Result<Option<Uuid>> {
    let found: Option<String> = of
        .prepare_cached(
            "select c.id from case_flags f join cases c on c.id = f.id where f.flag = ?1 and c.state = 'open' \
             order by c.opened_at limit 1",
        )?
        .query_row([flag.as_str()], |row| row.get(0))
        .optional()?;
    Ok(found.and_then(|id| Uuid::try_parse(&id).ok()))
}

fn held(flag: &StreamName, case: Uuid) -> Unique {
    Unique {
        space: SPACE,
        value: flag.as_str().to_owned(),
        owner: case,
    }
}

impl Case {
    /// The case `id` is over: its flags may go into another.
    pub(super) fn let_go(&self, id: Uuid, over: Decision<CaseEvent>) -> Decision<CaseEvent> {
        let free = self.flags.iter().map(|flag| held(flag, id));
        free.map(Effect::Release).fold(over, Decision::and)
    }
}

impl Decide<OpenCase> for Case {
    fn decide(&self, open: OpenCase, cx: &Context) -> Result<Decision<CaseEvent>, Refusal> {
        if self.open || self.over {
            return Err(Refusal::new(
                "case-exists",
                "办件已存在",
                "this case exists already",
            ));
        }
        if open.flags.is_empty() {
            return Err(Refusal::new(
                "case-without-flags",
                "办件须至少有一个疑点",
                "a case needs at least one flag",
            ));
        }
        let first = open.within.until(Rung::Urge);
        let hold: Vec<Unique> = open.flags.iter().map(|flag| held(flag, open.id)).collect();
        let opened = Decision::from(CaseEvent::CaseOpened {
            flags: open.flags,
            lead: open.lead,
            assignee: open.assignee,
            checks: open.checks,
            within: open.within,
        })
        .and(expect(open.id, first, cx));
        Ok(hold
            .into_iter()
            .map(Effect::Reserve)
            .fold(opened, Decision::and))
    }
}
