//! Taking a plan: every project of the file in one append, or none.

use std::cell::RefCell;
use std::sync::Arc;

use kandeng_ledger::StreamName;
use kandeng_platform::vault::Vault;
use kandeng_platform::{Aggregate as _, Answer, CommandError, Context, Plan, Platform, Refusal};

use super::{ImportPlan, PlannedProject, Standing, cancelled};
use crate::project::people::{Hiding, hide};
use crate::project::query;
use crate::project::{ChangeItems, FileProject, MoveStage, Project};

/// What was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Projects that are new.
    pub filed: usize,
    /// Projects that changed.
    pub changed: usize,
    /// Where the events are.
    pub answer: Answer,
}

impl ImportPlan {
    /// Takes everything, in one append: a crash at any moment leaves all of it or nothing. `progress` is told how
    /// many projects of how many are put together. It works for seconds on a large file: a server asks from a
    /// thread that may.
    ///
    /// # Errors
    /// A refusal when a project was changed since the plan was made, or may not be changed by whoever asks; a fault
    /// of ledger, read model or vault. Nothing is taken then.
    pub async fn take(
        &self,
        platform: &Platform,
        vault: &Vault,
        cx: &Context,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Taken, CommandError> {
        let work: Vec<(usize, &PlannedProject)> = self
            .projects()
            .iter()
            .enumerate()
            .filter(|(_, project)| !project.is_unchanged())
            .collect();
        let answer = platform
            .append(cx, |plan| {
                let hiding = RefCell::new(Hiding::new(platform, vault, &self.options.key));
                for (done, (place, project)) in work.iter().enumerate() {
                    progress(done, work.len());
                    if self.options.is_cancelled() {
                        return Err(cancelled());
                    }
                    self.take_one(plan, &mut hiding.borrow_mut(), *place, project)?;
                }
                progress(work.len(), work.len());
                Ok(())
            })
            .await?;
        let filed = work
            .iter()
            .filter(|(_, project)| project.edition == 0)
            .count();
        Ok(Taken {
            filed,
            changed: work.len() - filed,
            answer,
        })
    }

    fn take_one(
        &self,
        plan: &mut Plan<'_>,
        hiding: &mut Hiding<'_>,
        place: usize,
        project: &PlannedProject,
    ) -> Result<(), CommandError> {
        let standing = plan
            .platform()
            .query(|of| Standing::of(of, &project.code))?;
        let edition = standing.as_ref().map_or(0, |standing| standing.row.edition);
        let is_same = standing
            .as_ref()
            .is_none_or(|standing| standing.row.id == project.id);
        if edition != project.edition || !is_same || project.closed {
            return Err(Refusal::new(
                "changed-meanwhile",
                format!("项目 {} 在核对之后有改动,请重新核对", project.code),
                format!(
                    "project {} was changed since the report; look again",
                    project.code
                ),
            )
            .into());
        }
        let reader = self.reader(standing.as_ref());
        let filing = Arc::clone(reader.filing());
        let work = self.work(place, &project.code, standing.as_ref());
        let (held, people) = standing
            .as_ref()
            .map(|standing| (standing.filed.clone(), standing.people.clone()))
            .unwrap_or_default();
        let (edit, people) = hide(hiding, &filing, &project.code, &held, &people, work.edit)?;
        let stream = StreamName::new(Project::STREAM, project.id)?;
        let Some(standing) = standing else {
            let file = FileProject {
                id: project.id,
                filing,
                declaration: self.newest.version,
                code: project.code.clone(),
                stage: work.stage,
                edit,
                people,
                file: self.file.clone(),
            };
            return plan.decide::<Project, _>(stream, file);
        };
        let items = plan
            .platform()
            .query(|of| query::standings(of, standing.row.project))?;
        let change = ChangeItems {
            filing: Arc::clone(&filing),
            based_on: items
                .into_iter()
                .map(|(item, standing)| (item, standing.edition))
                .collect(),
            edit,
            people,
            file: self.file.clone(),
        };
        plan.decide::<Project, _>(stream.clone(), change)?;
        if let Some(stage) = work.stage {
            let to = MoveStage {
                filing,
                stage,
                reason: Some("按导入的文件 / as the file says".to_owned()),
            };
            plan.decide::<Project, _>(stream, to)?;
        }
        Ok(())
    }
}
