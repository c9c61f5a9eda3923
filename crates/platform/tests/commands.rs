//! The command loop: decided, appended, projected; refused, repeated, contended.

#![allow(clippy::unwrap_used)]

mod support;

use kandeng_platform::{Answer, CommandError, Context};
use support::{Close, Door, Node, Open, block_on, rows};
use uuid::Uuid;

fn open(id: u128, name: &str) -> (Uuid, Open) {
    let id = Uuid::from_u128(id);
    let name = name.to_owned();
    (
        id,
        Open {
            id,
            name,
            minutes: 30,
        },
    )
}

#[test]
fn who_carried_out_a_command_reads_what_it_did() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let (id, command) = open(1, "south");
        let answer = platform.carry_out::<Door, _>(id, command, &node.cx()).await;
        assert_eq!(answer.unwrap(), Answer::Done { positions: 0..3 });
        assert!(rows(&platform, "doors")[0].contains("south"));
        assert!(rows(&platform, "deadlines")[0].contains("running"));
        let again = platform
            .carry_out::<Door, _>(id, Close(id), &node.cx())
            .await;
        assert_eq!(again.unwrap(), Answer::Done { positions: 3..6 });
        assert!(rows(&platform, "deadlines")[0].contains("met"));
        let nothing = platform
            .carry_out::<Door, _>(id, Close(id), &node.cx())
            .await;
        assert_eq!(nothing.unwrap(), Answer::Nothing);
    });
}

#[test]
fn a_refusal_says_why_in_both_languages_and_changes_nothing() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let (id, command) = open(1, "south");
        platform
            .carry_out::<Door, _>(id, command.clone(), &node.cx())
            .await
            .unwrap();
        let before = platform.ledger().checkpoint();
        let refused = platform.carry_out::<Door, _>(id, command, &node.cx()).await;
        let Err(CommandError::Refused(refusal)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(refusal.code, "door-open");
        assert_eq!(refusal.text.zh, "门已经开着");
        assert_eq!(refusal.text.en, "the door is open already");
        assert_eq!(platform.ledger().checkpoint(), before);
    });
}

#[test]
fn a_command_that_comes_again_gets_its_first_answer() {
    let node = Node::new();
    block_on(async {
        let with = |number: u128| Context {
            command: Some(Uuid::from_u128(number)),
            ..node.cx()
        };
        let (id, command) = open(1, "south");
        let platform = node.open();
        let first = platform
            .carry_out::<Door, _>(id, command.clone(), &with(50))
            .await
            .unwrap();
        // The same again, before and after a restart, is no second opening and no refusal.
        let again = platform
            .carry_out::<Door, _>(id, command.clone(), &with(50))
            .await
            .unwrap();
        assert_eq!(again, first);
        let refused = platform
            .carry_out::<Door, _>(id, command.clone(), &with(51))
            .await
            .unwrap_err();
        assert!(matches!(&refused, CommandError::Refused(why) if why.code == "door-open"));
        // The reason has gone, the answer stays.
        platform
            .carry_out::<Door, _>(id, Close(id), &node.cx())
            .await
            .unwrap();
        drop(platform);
        let platform = node.open();
        let again = platform
            .carry_out::<Door, _>(id, command.clone(), &with(51))
            .await
            .unwrap_err();
        assert!(matches!(&again, CommandError::Refused(why) if why.code == "door-open"));
        let again = platform
            .carry_out::<Door, _>(id, command, &with(50))
            .await
            .unwrap();
        assert_eq!(again, first);
    });
}

#[test]
fn a_command_that_did_nothing_does_nothing_when_it_comes_again_later() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let cx = Context {
            command: Some(Uuid::from_u128(60)),
            ..node.cx()
        };
        let (id, command) = open(1, "south");
        let close = || platform.carry_out::<Door, _>(id, Close(id), &cx);
        // It was closed already; the phone does not hear so.
        assert_eq!(close().await.unwrap(), Answer::Nothing);
        platform
            .carry_out::<Door, _>(id, command, &node.cx())
            .await
            .unwrap();
        // The phone sends it again, and must not close what somebody has opened since.
        assert_eq!(close().await.unwrap(), Answer::Nothing);
        assert!(rows(&platform, "doors")[0].contains("south"));
    });
}

#[test]
fn a_name_belongs_to_one_door_until_it_is_given_free() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let (south, command) = open(1, "south");
        platform
            .carry_out::<Door, _>(south, command, &node.cx())
            .await
            .unwrap();
        let (other, command) = open(2, "south");
        let taken = platform
            .carry_out::<Door, _>(other, command.clone(), &node.cx())
            .await
            .unwrap_err();
        assert!(matches!(taken, CommandError::Refused(why) if why.code == "value-taken"));
        assert_eq!(rows(&platform, "doors").len(), 1, "all or nothing");
        platform
            .carry_out::<Door, _>(south, Close(south), &node.cx())
            .await
            .unwrap();
        platform
            .carry_out::<Door, _>(other, command, &node.cx())
            .await
            .unwrap();
    });
}

#[test]
fn of_many_who_want_one_name_one_gets_it() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let mut wishes = tokio::task::JoinSet::new();
        for number in 0..40 {
            let platform = platform.clone();
            let cx = node.cx();
            let (id, command) = open(number, "south");
            wishes.spawn(async move { platform.carry_out::<Door, _>(id, command, &cx).await });
        }
        let mut got = 0;
        while let Some(answer) = wishes.join_next().await {
            match answer.unwrap() {
                Ok(_) => got += 1,
                Err(CommandError::Refused(why)) => assert_eq!(why.code, "value-taken"),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(got, 1);
    });
}

#[test]
fn the_value_itself_stands_nowhere_in_a_name() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let (id, command) = open(1, "south");
        platform
            .carry_out::<Door, _>(id, command, &node.cx())
            .await
            .unwrap();
    });
    let names: Vec<String> = platform
        .ledger()
        .read_from(0, 10)
        .unwrap()
        .iter()
        .map(|event| event.stream.to_string())
        .collect();
    assert_eq!(names.len(), 3);
    assert!(
        names.iter().all(|name| !name.contains("south")),
        "{names:?}"
    );
}
