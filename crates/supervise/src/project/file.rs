//! Filing a project, changing its items, moving it to another stage, withdrawing it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kandeng_platform::{Context, Decide, Decision, Effect, Refusal, Unique};
use uuid::Uuid;

use super::edit::{Edit, MAX_CELL, MAX_ROWS};
use super::vouch::Level;
use super::{CODES, Project, ProjectEvent, not_filed, withdrawn};
use crate::filing::Filing;
use crate::import::value::{Cell, code};

/// The most letters of a code.
const MAX_CODE: usize = 64;

/// File a project. What is personal in the edit was hidden before ([`super::hide`]).
#[derive(Clone, Debug)]
pub struct FileProject {
    /// The new project's own id: who has its code.
    pub id: Uuid,
    /// The newest declaration, and its version.
    pub filing: Arc<Filing>,
    /// Its version.
    pub declaration: u32,
    /// The code, as it was typed.
    pub code: String,
    /// The stage, where it is named.
    pub stage: Option<String>,
    /// What is filed with it.
    pub edit: Edit,
    /// People whom the edit names, each with the reference to the name in the vault.
    pub people: BTreeMap<Uuid, Uuid>,
    /// SHA-256 of the file that it was read from.
    pub file: Option<String>,
}

/// Change items of a filing. Rows with a number that no row has are new; they get the next numbers in order.
#[derive(Clone, Debug)]
pub struct ChangeItems {
    /// The declaration that the project is filed by.
    pub filing: Arc<Filing>,
    /// The edition of each item that the change is based on, as the person saw it; an item that is not named was
    /// not there.
    pub based_on: BTreeMap<String, u32>,
    /// What is typed.
    pub edit: Edit,
    /// People whom the edit names, each with the reference to the name in the vault.
    pub people: BTreeMap<Uuid, Uuid>,
    /// SHA-256 of the file that it was read from.
    pub file: Option<String>,
}

/// Move a project to a stage. Going back needs a reason.
#[derive(Clone, Debug)]
pub struct MoveStage {
    /// The declaration that the project is filed by.
    pub filing: Arc<Filing>,
    /// Which stage.
    pub stage: String,
    /// Why.
    pub reason: Option<String>,
}

/// Withdraw a project that was filed in error.
#[derive(Clone, Debug)]
pub struct WithdrawProject {
    /// The project's own id.
    pub id: Uuid,
    /// Why.
    pub reason: String,
}

impl Decide<FileProject> for Project {
    fn decide(&self, file: FileProject, cx: &Context) -> Result<Decision<ProjectEvent>, Refusal> {
        if let Some(code) = &self.code {
            // The same once more, from a form that was sent twice.
            if *code == file.code.trim() && !self.withdrawn {
                return Ok(Decision::of([]));
            }
            return Err(Refusal::new(
                "filed-already",
                "项目已填报",
                "the project was filed already",
            ));
        }
        // As the import reads it: one code has one spelling.
        let code = code::read(Cell::text(&file.code)).ok().flatten();
        let code = code.unwrap_or_default();
        if code.is_empty() || code.chars().count() > MAX_CODE {
            return Err(Refusal::new(
                "no-code",
                "没有项目编码不能填报;编码最多 64 个字符",
                "a project without a code cannot be filed; a code has at most 64 characters",
            ));
        }
        if let Some(stage) = &file.stage {
            known_stage(&file.filing, stage)?;
        }
        let filed = ProjectEvent::ProjectFiled {
            code: code.clone(),
            declaration: file.declaration,
            by: cx.actor,
            stage: file.stage,
        };
        let mut events = vec![filed];
        let edit = self.numbered(file.edit);
        check(&file.filing, &edit, self)?;
        let edit = self.filed.news(edit);
        let mut items = edit.items(&file.filing, &self.filed);
        // The code is an item itself.
        items.extend(code_item(&file.filing).map(str::to_owned));
        events.extend(changed(
            self.edition + 1,
            cx.actor,
            items,
            edit,
            file.people,
            file.file,
        ));
        Ok(Decision::of(events).and(Effect::Reserve(Unique {
            space: CODES,
            value: code,
            owner: file.id,
        })))
    }
}

impl Decide<ChangeItems> for Project {
    fn decide(&self, change: ChangeItems, cx: &Context) -> Result<Decision<ProjectEvent>, Refusal> {
        if self.code.is_none() {
            return Err(not_filed());
        }
        if self.withdrawn {
            return Err(withdrawn());
        }
        let edit = self.numbered(change.edit);
        check(&change.filing, &edit, self)?;
        // What is so already is no change, and cannot be in anybody's way.
        let edit = self.filed.news(edit);
        if edit.is_empty() {
            return Ok(Decision::of([]));
        }
        self.one_level(cx.actor, Level::Village)?;
        self.keep_what_files_say(&edit)?;
        let items = edit.items(&change.filing, &self.filed);
        let meanwhile: Vec<&str> = items
            .iter()
            .filter(|item| {
                let stands = self.items.get(*item).copied().unwrap_or(0);
                stands != change.based_on.get(*item).copied().unwrap_or(0)
            })
            .map(String::as_str)
            .collect();
        if !meanwhile.is_empty() {
            return Err(changed_meanwhile(&change.filing, &meanwhile));
        }
        Ok(Decision::of(changed(
            self.edition + 1,
            cx.actor,
            items,
            edit,
            change.people,
            change.file,
        )))
    }
}

impl Decide<MoveStage> for Project {
    fn decide(&self, to: MoveStage, cx: &Context) -> Result<Decision<ProjectEvent>, Refusal> {
        if self.code.is_none() {
            return Err(not_filed());
        }
        if self.withdrawn {
            return Err(withdrawn());
        }
        let rank = known_stage(&to.filing, &to.stage)?;
        if self.stage.as_ref() == Some(&to.stage) {
            return Ok(Decision::of([]));
        }
        self.one_level(cx.actor, Level::Village)?;
        let stands = self.stage.as_ref();
        let stands = stands.and_then(|stage| to.filing.stage_rank(stage));
        let reason = to.reason.map(|reason| reason.trim().to_owned());
        let reason = reason.filter(|reason| !reason.is_empty());
        if stands.is_some_and(|stands| rank < stands) && reason.is_none() {
            return Err(Refusal::new(
                "no-reason",
                "退回前一阶段须写明理由",
                "going back to an earlier stage needs a reason",
            ));
        }
        Ok(ProjectEvent::StageMoved {
            stage: to.stage,
            by: cx.actor,
            reason,
        }
        .into())
    }
}

impl Decide<WithdrawProject> for Project {
    fn decide(
        &self,
        withdraw: WithdrawProject,
        cx: &Context,
    ) -> Result<Decision<ProjectEvent>, Refusal> {
        let Some(code) = &self.code else {
            return Err(not_filed());
        };
        if self.withdrawn {
            return Ok(Decision::of([]));
        }
        let reason = withdraw.reason.trim().to_owned();
        if reason.is_empty() {
            return Err(Refusal::new(
                "no-reason",
                "撤回须写明理由",
                "withdrawing needs a reason",
            ));
        }
        self.one_level(cx.actor, Level::Village)?;
        let above = self.hands.values().any(|level| *level != Level::Village);
        if above {
            return Err(Refusal::new(
                "acted-on-above",
                "上级已办理的项目不能撤回",
                "a project that a level above has acted on cannot be withdrawn",
            ));
        }
        let free = Unique {
            space: CODES,
            value: code.clone(),
            owner: withdraw.id,
        };
        let event = ProjectEvent::ProjectWithdrawn {
            by: cx.actor,
            reason,
        };
        Ok(Decision::from(event).and(Effect::Release(free)))
    }
}

impl Project {
    /// The edit with the numbers that its new rows get.
    pub(super) fn numbered(&self, mut edit: Edit) -> Edit {
        for (list, rows) in &mut edit.rows {
            let held = self.filed.lists.get(list);
            let mut next = self.next_row.get(list).copied().unwrap_or(1);
            let known = |row: &u32| held.is_some_and(|held| held.contains_key(row));
            let new: Vec<u32> = rows.keys().filter(|row| !known(row)).copied().collect();
            // In order, and upwards: a number that is given lies before all that are still to be numbered, or
            // among those that were numbered.
            let mut moved = Vec::with_capacity(new.len());
            for row in new {
                if let Some(Some(cells)) = rows.remove(&row)
                    && cells.values().any(Option::is_some)
                {
                    moved.push(cells);
                }
            }
            for cells in moved {
                rows.insert(next, Some(cells));
                next = next.saturating_add(1);
            }
        }
        edit
    }
}

/// The events of a change, small enough each.
pub(super) fn changed(
    edition: u32,
    by: Uuid,
    items: BTreeSet<String>,
    edit: Edit,
    mut people: BTreeMap<Uuid, Uuid>,
    file: Option<String>,
) -> Vec<ProjectEvent> {
    let items: Vec<String> = items.into_iter().collect();
    let mut parts = edit.parts();
    if parts.is_empty() {
        parts.push(Edit::default());
    }
    // Each person takes some 80 bytes: those of a long list go into events of their own.
    while people.len() > parts.len() * PEOPLE {
        parts.push(Edit::default());
    }
    parts
        .into_iter()
        .map(|edit| {
            let rest = people
                .keys()
                .nth(PEOPLE)
                .copied()
                .map_or_else(BTreeMap::new, |first| people.split_off(&first));
            ProjectEvent::ItemsChanged {
                edition,
                by,
                items: items.clone(),
                edit,
                people: std::mem::replace(&mut people, rest),
                file: file.clone(),
            }
        })
        .collect()
}

/// The most people that one event names.
const PEOPLE: usize = 60;

/// The item that the project's code is.
fn code_item(filing: &Filing) -> Option<&str> {
    filing.item_of(&filing.sheets[0].table, "project_code")
}

fn known_stage(filing: &Filing, stage: &str) -> Result<usize, Refusal> {
    filing.stage_rank(stage).ok_or_else(|| {
        Refusal::new(
            "unknown-stage",
            "填报声明中没有这个阶段",
            "the declaration has no such stage",
        )
    })
}

/// Only columns that are declared can be filled, and none so that nobody can read it any more.
pub(super) fn check(filing: &Filing, edit: &Edit, project: &Project) -> Result<(), Refusal> {
    let own = filing.sheets[0].table.as_str();
    for (list, row, column, typed) in edit.typed() {
        let table = list.unwrap_or(own);
        let is_code = column == "project_code";
        // The code is what the project was filed under; the stage is moved by a command of its own.
        let is_own = list.is_none() && (is_code || column == "stage");
        let is_list = filing.sheets[1..]
            .iter()
            .any(|sheet| list.is_none_or(|list| sheet.table == list));
        let declared = filing.sheet(table).and_then(|sheet| sheet.position(column));
        if is_own || is_code || !is_list || declared.is_none() {
            return Err(Refusal::new(
                "unknown-item",
                format!("“{}”不能这样填写", crate::import::shown(column)),
                format!("{} cannot be filled in here", crate::import::shown(column)),
            ));
        }
        if typed.len() > MAX_CELL {
            let at = place(filing, table, column, row);
            return Err(Refusal::new(
                "too-long",
                format!("{}:内容过长(最多 512 KB)", at.0),
                format!("{}: too long (at most 512 KB)", at.1),
            ));
        }
    }
    for (list, rows) in &edit.rows {
        let held = project.filed.lists.get(list);
        let is_new = |row: &&u32| held.is_none_or(|held| !held.contains_key(row));
        let new = rows.keys().filter(is_new).count();
        if held.map_or(0, BTreeMap::len) + new > MAX_ROWS {
            let name = filing.sheet(list);
            let (zh, en) = name.map_or((list, list), |sheet| (&sheet.zh, &sheet.en));
            return Err(Refusal::new(
                "too-many-rows",
                format!("“{zh}”一个项目最多 {MAX_ROWS} 行"),
                format!("{en}: one project has at most {MAX_ROWS} rows"),
            ));
        }
    }
    Ok(())
}

fn place(filing: &Filing, table: &str, column: &str, row: u32) -> (String, String) {
    let Some(column) = filing.column(table, column) else {
        return (String::new(), String::new());
    };
    if row == 0 {
        return (column.zh.clone(), column.en.clone());
    }
    (
        format!("{} 第 {row} 行", column.zh),
        format!("{} row {row}", column.en),
    )
}

/// Somebody else changed these items first. What stands there now is in the read model
/// ([`super::versions_of`]), so the page shows both and the person chooses.
fn changed_meanwhile(filing: &Filing, items: &[&str]) -> Refusal {
    let named = |of: fn(&crate::filing::Item) -> &str, between: &str| {
        let items = items.iter().filter_map(|key| filing.item(key));
        items.map(of).collect::<Vec<_>>().join(between)
    };
    Refusal::new(
        "changed-meanwhile",
        format!(
            "这些信息项已被他人修改:{}。请选择保留哪一个",
            named(|item| &item.zh, "、")
        ),
        format!(
            "somebody else has changed these items meanwhile: {}; choose which value stays",
            named(|item| &item.en, ", ")
        ),
    )
}
