//! What happened in the fictional county: two months of filing, vouching, screening and work on what was found.

mod photos;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use kandeng_ledger::StreamName;
use kandeng_platform::account::People;
use kandeng_platform::authority::Authority;
use kandeng_platform::case::{
    AnswerCase, Ask, Case, Check, CheckCase, Close, Consent, FlagVerdict, Hear, OnSite, OpenCase,
    Outcome, OutcomeKind, Question, Refer, close,
};
use kandeng_platform::deadline::DeadlineLoop;
use kandeng_platform::flag::{Confirm, Dismiss, Dismissal, Flag};
use kandeng_platform::node::{Node, NodeError};
use kandeng_platform::page::Site;
use kandeng_platform::{CommandError, Context, Platform, SetClock, Text};
use kandeng_supervise::import::{self, ImportOptions};
use kandeng_supervise::project::{
    self, ChangeItems, Declared, Edit, FileProject, ImportPlan, Level, Looked, Project,
    SignCategory, SubmitCategory,
};
use kandeng_supervise::register::{
    self, OFF_WITHOUT_BASIS, Register, StateBasis, Terms, register_id,
};
use kandeng_supervise::watch::{Hours, Watch};
use uuid::Uuid;

use super::accounts::{Accounts, TOWNSHIP};
use super::{JURISDICTION, opened};
use crate::failure::Failure;
use crate::language::Words;
use crate::node::scenes;
use crate::progress::bar;

/// Days from the beginning of the story to yesterday.
const DAYS: i64 = 60;

/// How many cases are opened, and how many of them are closed and referred by today.
const CASES: usize = 90;
const CLOSED: usize = 31;
const REFERRED: usize = 8;

/// Within how many days a case is answered.
const ANSWER: i64 = 10;

/// The day of a moment, on a calendar in China.
pub(super) fn day_of(at: Timestamp) -> Date {
    Offset::constant(8).to_datetime(at).date()
}

/// When the story begins.
pub(super) fn beginning(today: Date) -> Date {
    // Cannot fail: today is far from the ends of the calendar.
    today.checked_sub(DAYS.days()).unwrap_or(date(2026, 1, 1))
}

/// Ten in the morning of a day.
fn morning(day: Date) -> Timestamp {
    let at = day.at(10, 0, 0, 0);
    // Cannot fail, for the same reason.
    Offset::constant(8).to_timestamp(at).unwrap_or_default()
}

/// Tells the story into a new node.
pub(super) fn tell(
    folder: &Path,
    county: &Path,
    accounts: &Path,
    today: Date,
    words: Words,
) -> Result<(), Failure> {
    let begins = beginning(today);
    let clock = Arc::new(SetClock::at(morning(begins)));
    let node = opened(folder, Arc::clone(&clock) as _)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::unwritten(folder))?;
    let told = runtime.block_on(async {
        scenes::begin(&node).await?;
        let teller = Teller::new(&node, clock, words, begins).await?;
        teller.accounts.write(accounts)?;
        teller.import(county).await?;
        teller.registers(county).await?;
        teller.vouch().await?;
        teller.work().await
    });
    drop(runtime);
    node.close();
    told
}

struct Teller<'a> {
    node: &'a Node,
    platform: Platform,
    site: Site,
    clock: Arc<SetClock>,
    accounts: Accounts,
    declared: Declared,
    words: Words,
    begins: Date,
}

/// A project with the flags on it.
struct Doubtful {
    code: String,
    flags: Vec<(StreamName, String, Check)>,
    township: String,
}

/// A case of the story.
struct Tale {
    id: Uuid,
    flags: Vec<(StreamName, String)>,
    opened: i64,
    number: usize,
    officer: Uuid,
}

impl<'a> Teller<'a> {
    async fn new(
        node: &'a Node,
        clock: Arc<SetClock>,
        words: Words,
        begins: Date,
    ) -> Result<Self, Failure> {
        let platform = node.platform.clone();
        let people = People::new(platform.clone(), Arc::clone(&node.vault));
        let cx = Context {
            jurisdiction: JURISDICTION.to_owned(),
            ..Context::of_the_platform(platform.clock().now())
        };
        let accounts = Accounts::make(&people, words, &cx).await;
        let accounts = accounts.map_err(crate::node::serve::failed)?;
        let authority = Authority::new().map_err(|error| Failure::wrong(error.0.zh, error.0.en))?;
        let declared = platform.query(project::newest).map_err(NodeError::from)?;
        let declared = declared.ok_or_else(|| Failure::wrong("没有填报声明", "no declaration"))?;
        Ok(Self {
            site: Site::new(platform.clone(), people, authority, JURISDICTION),
            node,
            platform,
            clock,
            accounts,
            declared,
            words,
            begins,
        })
    }

    fn cx(&self, actor: Uuid) -> Context {
        Context {
            actor,
            jurisdiction: JURISDICTION.to_owned(),
            ..Context::of_the_platform(self.platform.clock().now())
        }
    }

    /// Brings the filings of three years in.
    async fn import(&self, county: &Path) -> Result<(), Failure> {
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

    /// Brings in the registers that rules compare with. What allows relatives is stated first.
    async fn registers(&self, county: &Path) -> Result<(), Failure> {
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

    /// All that was filled in is vouched for at three levels, but for one project in seven.
    async fn vouch(&self) -> Result<(), Failure> {
        let projects: Vec<(String, u32)> = self
            .platform
            .query(|connection| {
                connection
                    .prepare(
                        "select id, edition from projects where project % 7 <> 0 order by project",
                    )?
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
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
                    for (id, edition) in some {
                        // Cannot fail: the read model wrote it.
                        let stream = StreamName::new("project", id.parse().unwrap_or_default())?;
                        for category in &filing.categories {
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

    /// Two months of screening and of work on what was found.
    async fn work(&self) -> Result<(), Failure> {
        let scene = scenes::supervise(self.node)?;
        let watch = Watch::new(self.site.clone(), scene, Hours::default());
        let deadlines = DeadlineLoop::new(self.platform.clone());
        let bar = bar(DAYS as u64, self.words.say("progress-story"));
        let mut waiting: Vec<Doubtful> = Vec::new();
        let mut tales: Vec<Tale> = Vec::new();
        for day in 0..DAYS {
            let date = self.begins.checked_add(day.days()).unwrap_or(self.begins);
            self.clock.set(morning(date));
            // Screened at night all the while; here at the beginning, and once a month.
            if day % 30 == 1 {
                watch.round().await.map_err(NodeError::from)?;
                waiting = self.doubtful()?;
            }
            if day > 1 {
                let opened = tales.len();
                // Two a day until there are enough.
                for number in (opened..CASES).take(2) {
                    let Some(doubtful) = waiting.pop() else {
                        break;
                    };
                    let tale = self
                        .open(doubtful, day, number)
                        .await
                        .map_err(NodeError::from)?;
                    tales.push(tale);
                }
                for tale in &tales {
                    self.go_on(tale, day).await.map_err(NodeError::from)?;
                }
                self.decide_single_flags(day)
                    .await
                    .map_err(NodeError::from)?;
                deadlines.fire_due().await.map_err(NodeError::from)?;
            }
            if day == DAYS - 3 {
                self.file_something_new().await.map_err(NodeError::from)?;
                self.add_photos().await?;
            }
            bar.set_position(day as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Projects with open flags that no case is about, the gravest last.
    fn doubtful(&self) -> Result<Vec<Doubtful>, Failure> {
        let rows: Vec<(String, String, String, String, String, String, String)> = self
            .platform
            .query(|connection| {
                connection
                    .prepare(
                        "select subject, stream, severity, items, says_zh, says_en, township from flags f \
                         join projects p on p.code = f.subject where subject_kind = 'project' and f.state = 'open' \
                         and rule like 'K%' and stream not in (select flag from case_flags) \
                         order by money_fen, subject, stream",
                    )?
                    .query_map([], |row| {
                        Ok((
                            row.get(0)?,
                            row.get(1)?,
                            row.get(2)?,
                            row.get(3)?,
                            row.get(4)?,
                            row.get(5)?,
                            row.get(6)?,
                        ))
                    })?
                    .collect()
            })
            .map_err(NodeError::from)?;
        let mut by_code: BTreeMap<String, Doubtful> = BTreeMap::new();
        for (code, stream, severity, items, zh, en, township) in rows {
            let Ok(stream) = stream.parse::<StreamName>() else {
                continue;
            };
            let check = Check {
                flag: stream.clone(),
                items: serde_json::from_str(&items).unwrap_or_default(),
                says: Text::new(zh, en),
            };
            by_code
                .entry(code.clone())
                .or_insert_with(|| Doubtful {
                    code,
                    flags: Vec::new(),
                    township,
                })
                .flags
                .push((stream, severity, check));
        }
        // A few of each: an even spread over the county, whatever its size.
        let all: Vec<Doubtful> = by_code
            .into_values()
            .filter(|one| one.flags.len() < 8)
            .collect();
        let step = (all.len() / CASES).max(1);
        Ok(all.into_iter().step_by(step).collect())
    }

    async fn open(
        &self,
        doubtful: Doubtful,
        day: i64,
        number: usize,
    ) -> Result<Tale, CommandError> {
        let officer = self.accounts.id(if number.is_multiple_of(2) {
            "officer"
        } else {
            "officer2"
        });
        let id = self.platform.new_id();
        let lead = self.accounts.id("manager");
        let open = OpenCase {
            id,
            flags: doubtful
                .flags
                .iter()
                .map(|(flag, ..)| flag.clone())
                .collect(),
            lead,
            assignee: officer,
            checks: doubtful
                .flags
                .iter()
                .map(|(.., check)| check.clone())
                .collect(),
            within: kandeng_platform::node::DeskAt::default().rungs(),
        };
        let cx = self.cx(officer);
        self.platform.carry_out::<Case, _>(id, open, &cx).await?;
        // The filer of the township where somebody signs in as one is asked; some questions wait for the lead.
        if doubtful.township == TOWNSHIP || number.is_multiple_of(9) {
            let question = self.platform.new_id();
            let ask = Ask {
                id: question,
                project: doubtful.code,
                flags: doubtful
                    .flags
                    .iter()
                    .map(|(flag, ..)| flag.clone())
                    .collect(),
                case: Some(id),
                to: self.accounts.id("clerk"),
                lead: Some(lead),
                text: "请说明现场照片的拍摄时间和地点,并补充施工记录。".to_owned(),
                confidential: Vec::new(),
                answer_within: SignedDuration::from_hours(24 * ANSWER),
            };
            self.platform
                .carry_out::<Question, _>(question, ask, &cx)
                .await?;
            if !number.is_multiple_of(3) {
                let consent = Consent { id: question };
                let cx = self.cx(lead);
                self.platform
                    .carry_out::<Question, _>(question, consent, &cx)
                    .await?;
            }
        }
        Ok(Tale {
            id,
            flags: doubtful
                .flags
                .into_iter()
                .map(|(flag, severity, _)| (flag, severity))
                .collect(),
            opened: day,
            number,
            officer,
        })
    }

    /// What happens in a case on a day.
    async fn go_on(&self, tale: &Tale, day: i64) -> Result<(), CommandError> {
        let cx = self.cx(tale.officer);
        let id = tale.id;
        let (is_closed, is_referred) = (
            tale.number < CLOSED,
            (CLOSED..CLOSED + REFERRED).contains(&tale.number),
        );
        let is_unfounded =
            tale.number % 4 == 3 && tale.flags.iter().all(|(_, severity)| severity != "high");
        match day - tale.opened {
            // Of those that stay open one in three is answered; the others climb.
            5 if is_closed || is_referred || tale.number.is_multiple_of(3) => {
                let answer = AnswerCase {
                    id,
                    note: "已调取资料,并到现场核对。".to_owned(),
                };
                self.platform.carry_out::<Case, _>(id, answer, &cx).await?;
                for check in 0..tale.flags.len() as u32 {
                    let check = CheckCase {
                        check,
                        found: if is_unfounded {
                            OnSite::AsFiled
                        } else {
                            OnSite::Differs
                        },
                        note: if is_unfounded {
                            "现场与填报一致。".to_owned()
                        } else {
                            "现场与填报不一致,见核查记录。".to_owned()
                        },
                        evidence: Vec::new(),
                    };
                    self.platform.carry_out::<Case, _>(id, check, &cx).await?;
                }
            }
            8 if is_closed || is_referred => {
                let hear = Hear {
                    heard: true,
                    note: "已听取实施单位和收款单位的说明。".to_owned(),
                };
                self.platform.carry_out::<Case, _>(id, hear, &cx).await?;
            }
            12 if is_referred => {
                let refer = Refer {
                    id,
                    to: "县财政局".to_owned(),
                };
                self.platform.carry_out::<Case, _>(id, refer, &cx).await?;
            }
            12 if is_closed => {
                let kind = match (is_unfounded, tale.number % 3) {
                    (true, 0) => OutcomeKind::Explained,
                    (true, _) => OutcomeKind::Unfounded,
                    (false, 0) => OutcomeKind::Sanctioned,
                    (false, _) => OutcomeKind::Rectified,
                };
                let outcome = Outcome {
                    kind,
                    recovered_fen: if is_unfounded {
                        0
                    } else {
                        1_250_000 * (1 + tale.number as i64 % 7)
                    },
                    held_to_account: u32::from(!is_unfounded && tale.number.is_multiple_of(5)),
                    problems_solved: tale.number as u32 % 3,
                    note: if is_unfounded {
                        "经核查,填报属实。".to_owned()
                    } else {
                        "经核查属实,已责成整改,资金已追回。".to_owned()
                    },
                };
                let verdicts: BTreeMap<StreamName, FlagVerdict> = tale
                    .flags
                    .iter()
                    .map(|(flag, _)| {
                        let verdict = match kind {
                            OutcomeKind::Unfounded => FlagVerdict::Dismissed(Dismissal::Unfounded),
                            OutcomeKind::Explained => FlagVerdict::Dismissed(Dismissal::Explained),
                            _ => FlagVerdict::Confirmed,
                        };
                        (flag.clone(), verdict)
                    })
                    .collect();
                let command = Close { id, outcome };
                let done = self
                    .platform
                    .append(&cx, |plan| close(plan, &command, &verdicts))
                    .await;
                match done {
                    // A flag was cleared meanwhile, since its filing was mended.
                    Ok(_) | Err(CommandError::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A few flags a day are decided on by themselves, those that were drawn first.
    async fn decide_single_flags(&self, day: i64) -> Result<(), CommandError> {
        let flags: Vec<(String, String)> = self.platform.query(|connection| {
            connection
                .prepare(
                    "select stream, severity from flags where state = 'open' and proposed is null \
                     and stream not in (select flag from case_flags) order by drawn desc, stream limit 2",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })?;
        for (place, (stream, severity)) in flags.into_iter().enumerate() {
            let stream: StreamName = stream.parse()?;
            let cx = self.cx(self.accounts.id("officer"));
            let turn = day as usize * 2 + place;
            let decide = |plan: &mut kandeng_platform::Plan<'_>| match turn % 5 {
                0 | 1 => plan.decide::<Flag, _>(stream.clone(), Confirm { case: None }),
                reason => {
                    let (reason, note) = match reason {
                        2 => (Dismissal::Unfounded, "核对原始凭证,无问题。"),
                        3 => (Dismissal::Explained, "分期实施,批复已说明。"),
                        _ => (Dismissal::FilingCorrected, "填报有误,已更正。"),
                    };
                    let dismiss = Dismiss {
                        reason,
                        note: note.to_owned(),
                    };
                    plan.decide::<Flag, _>(stream.clone(), dismiss)
                }
            };
            self.platform.append(&cx, decide).await?;
            // To a grave one a second officer agrees, every other time.
            if severity == "high" && turn % 5 > 1 && turn.is_multiple_of(2) {
                let cx = self.cx(self.accounts.id("officer2"));
                self.platform.append(&cx, decide).await?;
            }
        }
        Ok(())
    }

    /// The clerk of one township begins two projects, and mends one that was signed.
    async fn file_something_new(&self) -> Result<(), CommandError> {
        let clerk = self.accounts.id("clerk");
        let cx = Context {
            jurisdiction: TOWNSHIP.to_owned(),
            ..self.cx(clerk)
        };
        let village = format!("{TOWNSHIP}201");
        for (number, name) in [("9001", "村级活动广场改造"), ("9002", "三组产业路硬化")]
        {
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
}
