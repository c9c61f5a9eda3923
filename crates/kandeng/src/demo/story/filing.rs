//! What clerks, reviewers and departments did: filings of three years, vouched for at three levels, and what is filed in
//! the last days.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kandeng_ledger::StreamName;
use kandeng_platform::node::NodeError;
use kandeng_platform::{CommandError, Context};
use kandeng_supervise::import::{self, ImportOptions};
use kandeng_supervise::project::{
    self, ChangeItems, Edit, FileProject, ImportPlan, Level, Looked, Project, ReturnCategory,
    SignCategory, SubmitCategory, WithdrawProject,
};
use uuid::Uuid;

use super::super::JURISDICTION;
use super::super::accounts::TOWNSHIP;
use super::Teller;
use crate::failure::Failure;
use crate::node::scenes;
use crate::progress::bar;

impl Teller<'_> {
    /// Brings the filings of three years in.
    pub(super) async fn import(&self, county: &Path) -> Result<(), Failure> {
        let key = scenes::county_key(&self.node.folder)?;
        let mut options = ImportOptions::new(key);
        options.filing = Arc::clone(&self.declared.filing);
        let read = import::read(&[county.to_owned()], &options)
            .map_err(|error| Failure::Wrong(error.text()))?;
        let plan =
            ImportPlan::new(&self.platform, read, &options, &|_, _| {}).map_err(NodeError::from)?;
        let bar = bar(
            plan.projects().len() as u64,
            self.words.say("progress-filing"),
        );
        let cx = self.cx(self.accounts.id(".filing"));
        let taken = plan
            .take(&self.platform, &self.node.vault, &cx, &|done, _| {
                bar.set_position(done as u64);
            })
            .await;
        bar.finish_and_clear();
        taken.map_err(NodeError::from)?;
        Ok(())
    }

    /// All that was filled in is vouched for at three levels, but for one project in seven; a few wait for the township or
    /// for the department, and of some the township gave a category back.
    pub(super) async fn vouch(&self) -> Result<(), Failure> {
        let projects: Vec<(String, u32, u32)> = self
            .platform
            .query(|connection| {
                connection
                    .prepare(
                        "select id, edition, project % 42 from projects where project % 7 <> 0 order by project",
                    )?
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                    .collect()
            })
            .map_err(NodeError::from)?;
        let filing = &self.declared.filing;
        for (level, login) in [
            (Level::Village, ".filing"),
            (Level::Township, ".review"),
            (Level::Department, ".accept"),
        ] {
            let cx = self.cx(self.accounts.id(login));
            for some in projects.chunks(200) {
                let decide = |plan: &mut kandeng_platform::Plan<'_>| {
                    for (id, edition, turn) in some {
                        // Cannot fail: the read model wrote it.
                        let stream = StreamName::new("project", id.parse().unwrap_or_default())?;
                        for (place, category) in filing.categories.iter().enumerate() {
                            let gives_back = level == Level::Township && *turn == 3 && place == 1;
                            match turn {
                                1 if level != Level::Village => continue,
                                2 if level == Level::Department => continue,
                                3 if level == Level::Department && place == 1 => continue,
                                _ => {}
                            }
                            let looked = Looked {
                                items: category.items.iter().map(|item| item.key.clone()).collect(),
                                evidence: Vec::new(),
                            };
                            let decided = if level == Level::Village {
                                let submit = SubmitCategory {
                                    filing: Arc::clone(filing),
                                    category: category.key.clone(),
                                    edition: *edition,
                                    looked,
                                };
                                plan.decide::<Project, _>(stream.clone(), submit)
                            } else if gives_back {
                                let returned = ReturnCategory {
                                    filing: Arc::clone(filing),
                                    category: category.key.clone(),
                                    level,
                                    edition: *edition,
                                    reason: "批复文号与文件不符,请核对后重新提交。".to_owned(),
                                };
                                plan.decide::<Project, _>(stream.clone(), returned)
                            } else {
                                let sign = SignCategory {
                                    filing: Arc::clone(filing),
                                    category: category.key.clone(),
                                    level,
                                    edition: *edition,
                                    looked,
                                };
                                plan.decide::<Project, _>(stream.clone(), sign)
                            };
                            match decided {
                                // Nothing is there yet to vouch for.
                                Ok(()) | Err(CommandError::Refused(_)) => {}
                                Err(error) => return Err(error),
                            }
                        }
                    }
                    Ok(())
                };
                self.platform
                    .append(&cx, decide)
                    .await
                    .map_err(NodeError::from)?;
            }
        }
        Ok(())
    }

    /// The clerk of one township begins two projects, files one by mistake, and mends one that was signed.
    pub(super) async fn file_something_new(&self) -> Result<(), CommandError> {
        let clerk = self.accounts.id("clerk");
        let cx = Context {
            jurisdiction: TOWNSHIP.to_owned(),
            ..self.cx(clerk)
        };
        let village = format!("{TOWNSHIP}201");
        for (number, name) in [
            ("9001", "村级活动广场改造"),
            ("9002", "三组产业路硬化"),
            ("9003", "三组产业路硬化"),
        ] {
            let id = self.platform.new_id();
            let file = FileProject {
                id,
                filing: Arc::clone(&self.declared.filing),
                declaration: self.declared.version,
                code: format!("{JURISDICTION}{}{number}", self.begins.year()),
                stage: None,
                edit: Edit::default()
                    .with("name", name)
                    .with("kind", "infrastructure")
                    .with("village_code", &village)
                    .with("scale", "1200")
                    .with("scale_unit", "平方米"),
                people: BTreeMap::new(),
                file: None,
            };
            self.platform.carry_out::<Project, _>(id, file, &cx).await?;
            if number == "9003" {
                let withdraw = WithdrawProject {
                    id,
                    reason: "与 9002 重复,误建。".to_owned(),
                };
                self.platform
                    .carry_out::<Project, _>(id, withdraw, &cx)
                    .await?;
            }
        }
        let signed: Option<String> = self.platform.query(|connection| {
            connection.query_row(
                "select min(id) from projects where township = ?1 and stage = 'upkeep' and project % 7 <> 0",
                [TOWNSHIP],
                |row| row.get(0),
            )
        })?;
        let Some(id) = signed.and_then(|id| Uuid::try_parse(&id).ok()) else {
            return Ok(());
        };
        let page = self
            .platform
            .query(|connection| project::page(connection, &self.declared.filing, id))?;
        let Some(page) = page else {
            return Ok(());
        };
        let change = ChangeItems {
            filing: Arc::clone(&self.declared.filing),
            based_on: page.based_on(),
            edit: Edit::default().with("upkeep_body", "村级管护队"),
            people: BTreeMap::new(),
            file: None,
        };
        self.platform
            .carry_out::<Project, _>(id, change, &cx)
            .await?;
        Ok(())
    }

    /// What a project lacked is filled in: its doubt goes by itself when it is screened next. Whether there was one.
    pub(super) async fn fill_in_what_was_lacking(&self) -> Result<bool, CommandError> {
        let lacking: Option<(String, String)> = self.platform.query(|connection| {
            connection
                .prepare(
                    "select p.id, json_extract(f.items, '$[0]') from projects p join flags f on f.subject = p.code \
                     and f.subject_kind = 'project' where f.rule = 'Q01' and f.state = 'open' \
                     and json_extract(f.items, '$[0]') in ('approval_number', 'asset_owner', 'owner') \
                     order by p.code limit 1",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .next()
                .transpose()
        })?;
        let Some((id, item)) = lacking else {
            return Ok(false);
        };
        let id = Uuid::try_parse(&id).unwrap_or_default();
        let filing = &self.declared.filing;
        let page = self
            .platform
            .query(|connection| project::page(connection, filing, id))?;
        let Some(page) = page else {
            return Ok(false);
        };
        let (column, value) = match &*item {
            "approval_number" => ("approval_number", "批复〔2024〕118号"),
            "asset_owner" => ("asset_owner", "村股份经济合作社"),
            _ => ("owner_name", "县农业农村局"),
        };
        let change = ChangeItems {
            filing: Arc::clone(filing),
            based_on: page.based_on(),
            edit: Edit::default().with(column, value),
            people: BTreeMap::new(),
            file: None,
        };
        let cx = self.cx(self.accounts.id(".filing"));
        self.platform
            .carry_out::<Project, _>(id, change, &cx)
            .await?;
        Ok(true)
    }
}
