//! Questions to filers: they tell nobody which rule struck, wait for the lead where it matters, and are missed
//! when nobody answers.

#![allow(clippy::unwrap_used)]

mod support;

use jiff::SignedDuration;
use kandeng_platform::case::{AnswerQuestion, Ask, Consent, DeclineQuestion, Question, Withdraw};
use kandeng_platform::deadline::DeadlineLoop;
use kandeng_platform::{Answer, CommandError, Context, Platform};
use support::{Node, block_on, start};
use uuid::Uuid;

const OFFICER: u128 = 1;
const LEAD: u128 = 2;
const FILER: u128 = 3;

fn id() -> Uuid {
    Uuid::from_u128(50)
}

fn by(node: &Node, who: u128) -> Context {
    Context {
        actor: Uuid::from_u128(who),
        ..node.cx()
    }
}

fn ask(lead: Option<u128>, text: &str) -> Ask {
    Ask {
        id: id(),
        project: "99010120250001".to_owned(),
        flags: Vec::new(),
        case: None,
        to: Uuid::from_u128(FILER),
        needs_consent: lead.is_some(),
        lead: lead.map(Uuid::from_u128),
        text: text.to_owned(),
        confidential: vec!["K17".to_owned()],
        figures: vec![
            "实测 41.2 亩,2025-03-14 批复".to_owned(),
            "1,200,000".to_owned(),
        ],
        answer_within: SignedDuration::from_hours(72),
    }
}

async fn carry_out<C: Clone>(
    platform: &Platform,
    cx: &Context,
    command: C,
) -> Result<Answer, CommandError>
where
    Question: kandeng_platform::Decide<C>,
{
    platform.carry_out::<Question, _>(id(), command, cx).await
}

fn code(result: Result<Answer, CommandError>) -> String {
    match result {
        Err(CommandError::Refused(refusal)) => refusal.code,
        other => format!("{other:?}"),
    }
}

fn state(platform: &Platform) -> String {
    platform
        .query(|connection| {
            connection.query_row("select state from questions", [], |row| row.get(0))
        })
        .unwrap()
}

#[test]
fn a_question_that_names_a_rule_or_a_figure_is_not_sent_however_it_is_written() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        for text in [
            "为什么 K17 标红?",
            "为什么k 17标红?",
            "为什么\u{ff2b}\u{ff11}\u{ff17}标红?",
            "实测只有 41.2 亩吗?",
            "合同 1200000 元怎么回事?",
            "合同 120 万元怎么回事?",
            "2025年3月14日批复的是什么?",
        ] {
            let asked = carry_out(&platform, &by(&node, OFFICER), ask(None, text)).await;
            assert_eq!(code(asked), "question-tells", "{text}");
        }
        for (text, why) in [
            (" ", "text-missing"),
            (&*"问".repeat(2_001), "text-too-long"),
        ] {
            let asked = carry_out(&platform, &by(&node, OFFICER), ask(None, text)).await;
            assert_eq!(code(asked), why);
        }
        carry_out(
            &platform,
            &by(&node, OFFICER),
            ask(None, "茶园的范围是怎样量的?"),
        )
        .await
        .unwrap();
        assert_eq!(state(&platform), "sent");
    });
}

#[test]
fn where_it_matters_the_lead_consents_before_the_filer_sees_it() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let question = ask(Some(LEAD), "茶园的范围是怎样量的?");
        carry_out(&platform, &by(&node, OFFICER), question)
            .await
            .unwrap();
        assert_eq!(state(&platform), "waiting");
        let answer = AnswerQuestion {
            id: id(),
            text: "步测".to_owned(),
        };
        let early = carry_out(&platform, &by(&node, FILER), answer.clone()).await;
        assert_eq!(code(early), "question-over");
        let consent = Consent { id: id() };
        let officer = carry_out(&platform, &by(&node, OFFICER), consent).await;
        assert_eq!(code(officer), "not-the-lead");
        carry_out(&platform, &by(&node, LEAD), consent)
            .await
            .unwrap();
        assert_eq!(state(&platform), "sent");
        let other = carry_out(&platform, &by(&node, OFFICER), answer.clone()).await;
        assert_eq!(code(other), "not-asked");
        carry_out(&platform, &by(&node, FILER), answer)
            .await
            .unwrap();
        assert_eq!(state(&platform), "answered");
    });
}

#[test]
fn a_lead_who_asks_needs_nobody_and_one_who_declines_says_why() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        carry_out(&platform, &by(&node, LEAD), ask(Some(LEAD), "怎样量的?"))
            .await
            .unwrap();
        assert_eq!(state(&platform), "sent");
    });
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        carry_out(&platform, &by(&node, OFFICER), ask(Some(LEAD), "怎样量的?"))
            .await
            .unwrap();
        let decline = |note: &str| DeclineQuestion {
            note: note.to_owned(),
        };
        let silent = carry_out(&platform, &by(&node, LEAD), decline("")).await;
        assert_eq!(code(silent), "text-missing");
        carry_out(&platform, &by(&node, LEAD), decline("先到现场"))
            .await
            .unwrap();
        assert_eq!(state(&platform), "declined");
        let back = carry_out(&platform, &by(&node, OFFICER), Withdraw { id: id() }).await;
        assert_eq!(code(back), "question-over");
    });
}

#[test]
fn an_unanswered_question_is_overdue_once_and_can_still_be_answered() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        carry_out(&platform, &by(&node, OFFICER), ask(None, "怎样量的?"))
            .await
            .unwrap();
        node.clock.set(start() + SignedDuration::from_hours(73));
        let deadlines = DeadlineLoop::new(platform.clone());
        assert_eq!(deadlines.fire_due().await.unwrap(), 1);
        assert_eq!(state(&platform), "overdue");
        let answer = AnswerQuestion {
            id: id(),
            text: "步测".to_owned(),
        };
        carry_out(&platform, &by(&node, FILER), answer)
            .await
            .unwrap();
        assert_eq!(state(&platform), "answered");
    });
}

#[test]
fn a_question_that_is_taken_back_is_missed_by_nobody() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        carry_out(&platform, &by(&node, OFFICER), ask(None, "怎样量的?"))
            .await
            .unwrap();
        let other = carry_out(&platform, &by(&node, LEAD), Withdraw { id: id() }).await;
        assert_eq!(code(other), "not-yours");
        carry_out(&platform, &by(&node, OFFICER), Withdraw { id: id() })
            .await
            .unwrap();
        node.clock.set(start() + SignedDuration::from_hours(100));
        let deadlines = DeadlineLoop::new(platform.clone());
        assert_eq!(deadlines.fire_due().await.unwrap(), 0);
        assert_eq!(state(&platform), "withdrawn");
    });
}
