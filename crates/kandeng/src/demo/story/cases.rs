//! Work on what was found: cases that are opened, answered, heard, referred and closed, and flags that are decided on by
//! themselves.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use kandeng_ledger::StreamName;
use kandeng_platform::case::{
    AnswerCase, AnswerQuestion, Ask, Case, Check, CheckCase, Close, Consent, DeclineQuestion,
    FlagVerdict, Hear, OnSite, OpenCase, Outcome, OutcomeKind, Question, Refer, close,
};
use kandeng_platform::flag::{Confirm, Dismiss, Dismissal, Flag};
use kandeng_platform::node::NodeError;
use kandeng_platform::{CommandError, Text};
use uuid::Uuid;

use super::super::accounts::TOWNSHIP;
use super::{Teller, is_new};
use crate::failure::Failure;

/// How many cases are opened, and how many of them are closed and referred by today.
pub(super) const CASES: usize = 90;
const CLOSED: usize = 31;
const REFERRED: usize = 8;

/// Within how many days a case is answered.
const ANSWER: i64 = 10;

/// A project with the flags on it.
pub(super) struct Doubtful {
    code: String,
    flags: Vec<(StreamName, String, Check)>,
    township: String,
}

/// A case of the story.
pub(super) struct Tale {
    id: Uuid,
    flags: Vec<(StreamName, String)>,
    opened: i64,
    number: usize,
    officer: Uuid,
}

impl Teller<'_> {
    /// Projects with open flags that no case is about, the gravest last.
    pub(super) fn doubtful(&self) -> Result<Vec<Doubtful>, Failure> {
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

    pub(super) async fn open(
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
        if doubtful.township == TOWNSHIP || number.is_multiple_of(9) || is_new(day) {
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
                needs_consent: true,
                lead: Some(lead),
                text: "请说明现场照片的拍摄时间和地点,并补充施工记录。".to_owned(),
                confidential: Vec::new(),
                figures: Vec::new(),
                answer_within: SignedDuration::from_hours(24 * ANSWER),
            };
            self.platform
                .carry_out::<Question, _>(question, ask, &cx)
                .await?;
            self.decide_on(question, day, number).await?;
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

    /// Some questions wait for the lead, one is not consented to; of those that are sent some are answered.
    async fn decide_on(&self, question: Uuid, day: i64, number: usize) -> Result<(), CommandError> {
        let platform = &self.platform;
        let lead = self.cx(self.accounts.id("manager"));
        // Every ninth case has one.
        let turn = if number.is_multiple_of(9) {
            number / 9
        } else {
            number
        };
        match turn % 6 {
            _ if is_new(day) => {}
            0 => return Ok(()),
            3 => {
                let decline = DeclineQuestion {
                    note: "先到现场核实,再问填报人。".to_owned(),
                };
                return platform
                    .carry_out::<Question, _>(question, decline, &lead)
                    .await
                    .map(drop);
            }
            _ => {}
        }
        let consent = Consent { id: question };
        platform
            .carry_out::<Question, _>(question, consent, &lead)
            .await?;
        if turn % 3 == 1 && !is_new(day) {
            let answer = AnswerQuestion {
                id: question,
                text: "照片由村里在施工当天拍摄,施工记录已补充。".to_owned(),
            };
            let clerk = self.cx(self.accounts.id("clerk"));
            platform
                .carry_out::<Question, _>(question, answer, &clerk)
                .await?;
        }
        Ok(())
    }

    /// What happens in a case on a day.
    pub(super) async fn go_on(&self, tale: &Tale, day: i64) -> Result<(), CommandError> {
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
                let kind = match tale.number {
                    number if is_unfounded && number % 8 == 3 => OutcomeKind::Explained,
                    _ if is_unfounded => OutcomeKind::Unfounded,
                    number if number.is_multiple_of(3) => OutcomeKind::Sanctioned,
                    _ => OutcomeKind::Rectified,
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
    pub(super) async fn decide_single_flags(&self, day: i64) -> Result<(), CommandError> {
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
            let decide = |plan: &mut kandeng_platform::Plan<'_>| match turn % 6 {
                0 | 1 => plan.decide::<Flag, _>(stream.clone(), Confirm { case: None }),
                reason => {
                    let (reason, note) = match reason {
                        2 => (Dismissal::Unfounded, "核对原始凭证,无问题。"),
                        3 => (Dismissal::Explained, "分期实施,批复已说明。"),
                        4 => (Dismissal::FilingCorrected, "填报有误,已更正。"),
                        _ => (Dismissal::Duplicate, "与同一项目的另一疑点相同。"),
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
            if severity == "high" && turn % 6 > 1 && turn.is_multiple_of(2) {
                let cx = self.cx(self.accounts.id("officer2"));
                self.platform.append(&cx, decide).await?;
            }
        }
        Ok(())
    }
}
