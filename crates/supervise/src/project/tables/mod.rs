//! Projects as the read model holds them. A project goes by its number here: the position of the event that
//! filed it, so that rows lie in the order in which projects were filed.

mod cells;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use kandeng_ledger::Recorded;
use kandeng_platform::{Aggregate, Tables, jurisdiction};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

pub(super) use cells::{filed, row_of};

use super::declaration;
use super::figures::Reading;
use super::files::{KeptFile, Told};
use super::vouch::{Level, Looked};
use super::{Project, ProjectEvent};
use cells::edit_cells;

/// The tables of projects.
#[derive(Default)]
pub struct ProjectTables {
    /// How each version of the declaration reads filings, by the digest of its text.
    readings: Mutex<HashMap<String, Arc<Reading>>>,
}

impl Tables for ProjectTables {
    fn name(&self) -> &'static str {
        "projects"
    }

    fn version(&self) -> u32 {
        4
    }

    fn tables(&self) -> &'static [&'static str] {
        &[
            "projects",
            "project_fields",
            "project_rows",
            "project_items",
            "item_changes",
            "project_signatures",
            "project_progress",
            "project_people",
            "project_files",
            "erased_files",
            "project_erasures",
        ]
    }

    fn create(&self) -> &'static str {
        include_str!("projects.sql")
    }

    fn indexes(&self) -> &'static [&'static str] {
        &[
            "create index projects_in_place on projects (jurisdiction)",
            "create index projects_by_change on projects (changed_at)",
            "create index project_rows_by_voucher on project_rows (json_extract(cells, '$.voucher')) \
             where list = 'payments'",
            "create index project_rows_by_account on project_rows (json_extract(cells, '$.account')) \
             where list = 'payments'",
            "create index project_rows_by_payee on project_rows (json_extract(cells, '$.payee_uscc')) \
             where list = 'payments'",
            "create index project_fields_by_contractor on project_fields \
             (json_extract(cells, '$.contractor_uscc'))",
            "create index project_progress_of_category on project_progress (category, project)",
        ]
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        if event.stream.kind() == "erasure" {
            return payload_went(to, event).map_err(|error| error.to_string());
        }
        let Some((envelope, read)) = Project::event_in(event)? else {
            return Ok(());
        };
        let happened = Happened {
            to,
            position: event.position as i64,
            version: event.version as i64 + 1,
            actor: envelope.actor.to_string(),
            at: envelope.at.as_millisecond(),
        };
        self.take(&happened, event, &envelope.jurisdiction, read)
            .map_err(|error| error.to_string())
    }
}

/// What is the same for all that one event changes.
struct Happened<'c> {
    to: &'c Connection,
    position: i64,
    version: i64,
    actor: String,
    at: i64,
}

impl ProjectTables {
    fn take(
        &self,
        now: &Happened<'_>,
        event: &Recorded,
        place: &str,
        read: ProjectEvent,
    ) -> rusqlite::Result<()> {
        let id = event.stream.id().to_string();
        if let ProjectEvent::ProjectFiled {
            code,
            declaration,
            stage,
            ..
        } = &read
        {
            now.to
                .prepare_cached(
                    "insert into projects (project, id, code, declaration, named_stage, jurisdiction, \
                     township, stage, paid_fen, required, done, edition, version, position, filed_by, \
                     filed_for, filed_at, changed_by, changed_at) values (?1, ?2, ?3, ?4, ?5, '', '', '', \
                     0, 0, 0, 0, ?6, ?1, ?7, ?8, ?9, ?7, ?9)",
                )?
                .execute(params![
                    now.position,
                    id,
                    code,
                    declaration,
                    stage,
                    now.version,
                    now.actor,
                    place,
                    now.at
                ])?;
            now.to
                .prepare_cached("insert into project_fields values (?1, '{}')")?
                .execute([now.position])?;
            // What it comes to is worked out when its items come, in the same append.
            return self.renew(now, now.position);
        }
        let project: Option<i64> = now
            .to
            .prepare_cached("select project from projects where id = ?1")?
            .query_row([&id], |row| row.get(0))
            .optional()?;
        // Its filing was erased: nothing can be said of it any more.
        let Some(project) = project else {
            return Ok(());
        };
        now.to
            .prepare_cached(
                "update projects set version = ?2, position = ?3, changed_by = ?4, changed_at = ?5 \
                 where project = ?1",
            )?
            .execute(params![
                project,
                now.version,
                now.position,
                now.actor,
                now.at
            ])?;
        match read {
            ProjectEvent::ProjectFiled { .. } => {}
            ProjectEvent::ItemsChanged {
                edition,
                items,
                edit,
                people,
                ..
            } => {
                edit_cells(now.to, project, edit)?;
                now.items(project, edition, &items)?;
                now.people(project, &people)?;
                now.to
                    .prepare_cached("update projects set edition = ?2 where project = ?1")?
                    .execute(params![project, edition])?;
                self.renew(now, project)?;
            }
            ProjectEvent::FilesKept { files, .. } => now.files(project, &files)?,
            ProjectEvent::FileErased { sha256, erase, .. } => {
                now.file_erased(project, &sha256, &erase)?;
            }
            ProjectEvent::FilingRestated {
                told,
                stands,
                people,
            } => {
                edit_cells(now.to, project, stands)?;
                now.told(project, &told)?;
                now.people(project, &people)?;
                self.renew(now, project)?;
            }
            ProjectEvent::StageMoved { stage, .. } => {
                now.to
                    .prepare_cached("update projects set named_stage = ?2 where project = ?1")?
                    .execute(params![project, stage])?;
                self.renew(now, project)?;
            }
            ProjectEvent::CategorySubmitted {
                category,
                edition,
                looked,
                ..
            } => now.vouched(project, &category, Level::Village, edition, Ok(&looked))?,
            ProjectEvent::CategorySigned {
                category,
                level,
                edition,
                looked,
                ..
            } => now.vouched(project, &category, level, edition, Ok(&looked))?,
            ProjectEvent::CategoryReturned {
                category,
                level,
                edition,
                reason,
                ..
            } => now.vouched(project, &category, level, edition, Err(&reason))?,
            ProjectEvent::ProjectWithdrawn { .. } => {
                now.to
                    .prepare_cached("update projects set withdrawn = 1 where project = ?1")?
                    .execute([project])?;
            }
        }
        Ok(())
    }

    /// Works out anew what a filing comes to.
    fn renew(&self, now: &Happened<'_>, project: i64) -> rusqlite::Result<()> {
        let (code, version, stage, filed_for): (String, u32, Option<String>, String) = now
            .to
            .prepare_cached(
                "select code, declaration, named_stage, filed_for from projects where project = ?1",
            )?
            .query_row([project], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })?;
        let reading = self.reading(now.to, version)?;
        let filed = filed(now.to, project)?;
        let figures = reading.figures(now.to, &filed, &code, stage.as_deref())?;
        let village = figures
            .village
            .as_deref()
            .filter(|code| jurisdiction::is_code(code));
        let place = village.unwrap_or(&filed_for);
        let township = jurisdiction::ancestors(place).find(|code| code.len() == 9);
        let (required, done) = figures.categories.values().fold((0, 0), |sum, count| {
            (sum.0 + count.required, sum.1 + count.done)
        });
        now.to
            .prepare_cached(
                "update projects set jurisdiction = ?2, township = ?3, year = ?4, name = ?5, kind = ?6, \
                 stage = ?7, owner = ?8, budget_fen = ?9, contract_fen = ?10, paid_fen = ?11, \
                 progress = ?12, required = ?13, done = ?14 where project = ?1",
            )?
            .execute(params![
                project,
                place,
                township.unwrap_or(""),
                figures.year,
                figures.name,
                figures.kind,
                figures.stage,
                figures.owner,
                figures.budget_fen,
                figures.contract_fen,
                figures.paid_fen,
                figures.progress,
                required,
                done
            ])?;
        for (category, count) in &figures.categories {
            now.to
                .prepare_cached(
                    "insert into project_progress values (?1, ?2, ?3, ?4, ?5, ?6) \
                     on conflict do update set apply = ?3, filled = ?4, required = ?5, done = ?6",
                )?
                .execute(params![
                    project,
                    category,
                    count.apply,
                    count.filled,
                    count.required,
                    count.done
                ])?;
        }
        Ok(())
    }

    fn reading(&self, of: &Connection, version: u32) -> rusqlite::Result<Arc<Reading>> {
        let digest = declaration::digest(of, version)?;
        let lock = || self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = lock().get(&digest) {
            return Ok(Arc::clone(reading));
        }
        let declared = declaration::version(of, version)?;
        let declared = declared.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let reading = Arc::new(Reading::new(declared.filing));
        lock().insert(digest, Arc::clone(&reading));
        Ok(reading)
    }
}

impl Happened<'_> {
    fn items(&self, project: i64, edition: u32, items: &[String]) -> rusqlite::Result<()> {
        for item in items {
            let values = params![project, item, edition, self.actor, self.at];
            self.to
                .prepare_cached(
                    "insert into project_items values (?1, ?2, ?3, ?4, ?5) \
                     on conflict do update set edition = ?3, actor = ?4, at = ?5",
                )?
                .execute(values)?;
            // Events of one command have one edition.
            self.to
                .prepare_cached(
                    "insert into item_changes values (?1, ?2, ?3, ?4, ?5) on conflict do nothing",
                )?
                .execute(values)?;
        }
        Ok(())
    }

    fn people(&self, project: i64, people: &BTreeMap<Uuid, Uuid>) -> rusqlite::Result<()> {
        for (person, reference) in people {
            self.to
                .prepare_cached(
                    "insert into project_people select ?1, (select count(*) from project_people where \
                     project = ?1), ?2, ?3 where not exists (select 1 from project_people where \
                     project = ?1 and person = ?2)",
                )?
                .execute(params![project, person.to_string(), reference.to_string()])?;
        }
        Ok(())
    }

    fn files(&self, project: i64, files: &[KeptFile]) -> rusqlite::Result<()> {
        for file in files {
            // Cannot fail: texts and a number.
            let about = serde_json::to_string(file).unwrap_or_default();
            self.to
                .prepare_cached(
                    "insert into project_files values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing",
                )?
                .execute(params![
                    project,
                    file.name,
                    file.sha256,
                    about,
                    self.actor,
                    self.at
                ])?;
        }
        Ok(())
    }

    fn file_erased(&self, project: i64, sha256: &str, erase: &[u64]) -> rusqlite::Result<()> {
        self.to
            .prepare_cached("delete from project_files where project = ?1 and sha256 = ?2")?
            .execute(params![project, sha256])?;
        self.to
            .prepare_cached("insert or ignore into erased_files values (?1, ?2)")?
            .execute(params![sha256, project])?;
        for position in erase {
            self.to
                .prepare_cached("insert or ignore into project_erasures values (?1)")?
                .execute([*position as i64])?;
        }
        Ok(())
    }

    /// What events said whose payloads go, or are gone: as if they said it now, but by whom and when they did.
    fn told(&self, project: i64, told: &[Told]) -> rusqlite::Result<()> {
        for told in told {
            let then = Happened {
                to: self.to,
                position: self.position,
                version: self.version,
                actor: told.by.to_string(),
                at: told.at,
            };
            then.files(project, &told.files)?;
            let Some(edition) = told.edition else {
                continue;
            };
            for item in &told.items {
                let values = params![project, item, edition, then.actor, then.at];
                self.to
                    .prepare_cached(
                        "insert into project_items values (?1, ?2, ?3, ?4, ?5) \
                         on conflict do update set edition = ?3, actor = ?4, at = ?5 where edition < ?3",
                    )?
                    .execute(values)?;
                self.to
                    .prepare_cached(
                        "insert into item_changes values (?1, ?2, ?3, ?4, ?5) on conflict do nothing",
                    )?
                    .execute(values)?;
            }
            self.to
                .prepare_cached(
                    "update projects set edition = max(edition, ?2) where project = ?1",
                )?
                .execute(params![project, edition])?;
        }
        Ok(())
    }

    fn vouched(
        &self,
        project: i64,
        category: &str,
        level: Level,
        edition: u32,
        done: Result<&Looked, &str>,
    ) -> rusqlite::Result<()> {
        let what = if done.is_ok() { "signed" } else { "returned" };
        // Cannot fail: lists of texts.
        let looked = done
            .ok()
            .and_then(|looked| serde_json::to_string(looked).ok());
        self.to
            .prepare_cached(
                "insert into project_signatures values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                self.position,
                project,
                category,
                level.name(),
                what,
                edition,
                done.err(),
                looked,
                self.actor,
                self.at
            ])?;
        Ok(())
    }
}

/// A payload is gone: it is not to be erased any more.
fn payload_went(to: &Connection, event: &Recorded) -> rusqlite::Result<()> {
    let position = event
        .payload
        .as_ref()
        .and_then(|said| said["position"].as_i64());
    if let Some(position) = position {
        to.prepare_cached("delete from project_erasures where position = ?1")?
            .execute([position])?;
    }
    Ok(())
}
