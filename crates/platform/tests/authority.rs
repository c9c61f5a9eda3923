//! Who may do what, by a table that a person can read.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use kandeng_platform::Language;
use kandeng_platform::account::{Grant, Role, Viewer};
use kandeng_platform::authority::{Action, Authority, Facts, Hands, Resource};
use uuid::Uuid;

const TABLE: &str = include_str!("authority/table.txt");

const ME: Uuid = Uuid::from_u128(1);
const THEM: Uuid = Uuid::from_u128(2);

struct Line<'a> {
    text: &'a str,
    viewer: Viewer,
    action: Action,
    resource: Resource,
    may: bool,
}

fn lines() -> impl Iterator<Item = Line<'static>> {
    TABLE
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(line)
}

fn line(text: &str) -> Line<'_> {
    let cells: Vec<&str> = text.split('|').map(str::trim).collect();
    let [who, action, what, facts, answer] = cells[..] else {
        panic!("five cells: {text}");
    };
    let (role, of) = who.split_once(" @ ").unwrap();
    let (kind, lies_in) = what.split_once(" @ ").unwrap();
    let fact = |name: &str| {
        let mut all = facts
            .split_whitespace()
            .map(|fact| fact.split_once('=').unwrap());
        all.find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    };
    let person = |name: &str| {
        fact(name).map(|whose| match whose {
            "me" => ME,
            "them" => THEM,
            other => panic!("{other}: {text}"),
        })
    };
    let hands = || Hands {
        filed: person("filed").into_iter().collect(),
        village: person("village").into_iter().collect(),
        township: person("township").into_iter().collect(),
        department: person("department").into_iter().collect(),
    };
    let facts = match kind {
        "project" => Facts::Project { hands: hands() },
        "flag" => Facts::Flag {
            hands: hands(),
            severity: fact("severity").unwrap().to_owned(),
            proposed_by: person("proposed"),
        },
        "case" => Facts::Case {
            hands: hands(),
            lead: person("lead").unwrap(),
            assignee: person("assignee").unwrap(),
        },
        "question" => Facts::Question {
            asked: person("asked").unwrap(),
            by: person("by").unwrap(),
            lead: person("lead"),
        },
        "register" => Facts::Register {
            owner: person("owner").unwrap(),
        },
        "account" => Facts::Account {
            person: person("person").unwrap(),
        },
        "desk" => Facts::Desk,
        other => panic!("{other}: {text}"),
    };
    let named = Action::ALL.iter().find(|known| known.name() == action);
    Line {
        text,
        viewer: Viewer {
            account: ME,
            grants: vec![Grant {
                role: *Role::ALL.iter().find(|known| known.name() == role).unwrap(),
                jurisdiction: of.to_owned(),
            }],
            language: Language::Zh,
            session: Uuid::nil(),
        },
        action: *named.unwrap(),
        resource: Resource {
            id: "one".to_owned(),
            jurisdiction: lies_in.to_owned(),
            facts,
        },
        may: match answer {
            "yes" => true,
            "no" => false,
            other => panic!("{other}: {text}"),
        },
    }
}

#[test]
fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let authority = Authority::new().unwrap();
    for line in lines() {
        let decided = authority
            .decide(&line.viewer, line.action, &line.resource)
            .unwrap();
        assert_eq!(decided.allowed, line.may, "{}: {:?}", line.text, decided.by);
        assert_eq!(
            authority.may(&line.viewer, line.action, &line.resource),
            line.may
        );
    }
}

#[test]
fn the_table_shows_every_action_on_both_sides() {
    let seen: BTreeSet<(&str, bool)> = lines().map(|line| (line.action.name(), line.may)).collect();
    let missing: Vec<(&str, bool)> = Action::ALL
        .iter()
        .flat_map(|action| [(action.name(), true), (action.name(), false)])
        // Nobody reads a register.
        .filter(|side| *side != ("read-register", true) && !seen.contains(side))
        .collect();
    assert_eq!(missing, []);
}

#[test]
fn an_auditor_changes_nothing_and_an_administrator_sees_no_case() {
    let authority = Authority::new().unwrap();
    let allowed = |role: Role| -> BTreeSet<&str> {
        lines()
            .filter_map(|mut line| {
                line.viewer.grants = vec![Grant {
                    role,
                    jurisdiction: "99".to_owned(),
                }];
                // As seen by somebody who has no hand in anything.
                line.viewer.account = Uuid::from_u128(9);
                authority
                    .may(&line.viewer, line.action, &line.resource)
                    .then(|| line.action.name())
            })
            .collect()
    };
    for action in allowed(Role::Auditor) {
        assert!(
            action.starts_with("view-") || action.starts_with("list-"),
            "{action}"
        );
    }
    for action in allowed(Role::Administrator) {
        assert!(
            !action.contains("case") && !action.contains("flag"),
            "{action}"
        );
    }
}

#[test]
fn without_a_grant_one_may_mind_ones_own_account_only() {
    let authority = Authority::new().unwrap();
    for mut line in lines() {
        line.viewer.grants.clear();
        let personal = ["use-own-account", "answer-question", "consent-to-question"];
        let may = authority.may(&line.viewer, line.action, &line.resource);
        assert_eq!(
            may,
            line.may && personal.contains(&line.action.name()),
            "{}",
            line.text
        );
    }
}

#[test]
fn a_grant_that_was_taken_counts_no_more() {
    let authority = Authority::new().unwrap();
    let mut viewer = Viewer {
        account: ME,
        grants: vec![Grant {
            role: Role::Officer,
            jurisdiction: "990121".to_owned(),
        }],
        language: Language::Zh,
        session: Uuid::nil(),
    };
    let desk = Resource::desk("990121");
    assert!(authority.may(&viewer, Action::ViewDesk, &desk));
    viewer.grants[0].jurisdiction = "990122".to_owned();
    assert!(!authority.may(&viewer, Action::ViewDesk, &desk));
}
