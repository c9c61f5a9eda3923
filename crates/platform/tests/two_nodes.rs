//! Two nodes on one PostgreSQL: both write to the same streams, each deadline and each notice is effective
//! once, and what they show is the same.

#![allow(clippy::unwrap_used)]

#[path = "../../ledger/tests/support/postgres.rs"]
mod postgres;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use kandeng_ledger::store::postgres::{Address, Postgres, PostgresReader};
use kandeng_platform::deadline::DeadlineLoop;
use kandeng_platform::notice::{Letter, NoticeLoop, SendError, Sender};
use kandeng_platform::{Answer, Clock as _, CommandError, Context, Platform};
use support::{Close, Door, Node, Open, block_on, rows};
use uuid::Uuid;

const TABLES: [&str; 3] = ["doors", "deadlines", "notices"];

struct Houses {
    _server: postgres::Server,
    address: String,
    nodes: [Node; 2],
}

impl Houses {
    fn new() -> Self {
        let first = Node::new();
        let second = Node::beside(&first);
        let server = postgres::Server::start();
        Self {
            address: server.address("county"),
            _server: server,
            nodes: [first, second],
        }
    }

    fn address(&self) -> Address {
        Address::parse(&self.address).unwrap()
    }

    fn open(&self) -> [Platform; 2] {
        [0, 1].map(|node| {
            let store = Postgres::open(self.address()).unwrap();
            self.nodes[node].open_elsewhere(store)
        })
    }

    fn cx(&self, command: Option<u128>) -> Context {
        Context {
            command: command.map(Uuid::from_u128),
            ..self.nodes[0].cx()
        }
    }

    /// Both read models say the same, the tree is right, and no stream has a gap or a double.
    async fn check(&self, platforms: &[Platform; 2]) -> u64 {
        for platform in platforms {
            platform.see_all().await.unwrap();
        }
        for table in TABLES {
            let [first, second] = [0, 1].map(|node: usize| rows(&platforms[node], table));
            assert_eq!(first, second, "{table}");
        }
        let ledger = platforms[0].ledger();
        let mut versions: BTreeMap<String, u64> = BTreeMap::new();
        let mut position = 0;
        loop {
            let events = ledger.read_from(position, 1_000).unwrap();
            if events.is_empty() {
                break;
            }
            for event in events {
                assert_eq!(event.position, position);
                position += 1;
                let next = versions.entry(event.stream.to_string()).or_default();
                assert_eq!(event.version, *next, "{}", event.stream);
                *next += 1;
            }
        }
        let mut reader = PostgresReader::open(self.address()).unwrap();
        let report =
            kandeng_ledger::verify(&mut reader, ledger.trust(), &[], &mut |_, _| {}).unwrap();
        assert_eq!(report.entries, position);
        position
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn two_nodes_write_to_the_same_streams_and_lose_and_double_nothing() {
    let houses = Houses::new();
    let platforms = houses.open();
    block_on(async {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..8_u128 {
            let platform = platforms[writer as usize % 2].clone();
            let cx = houses.cx(None);
            writers.spawn(async move {
                let mut done = Vec::new();
                for turn in 0..25_u128 {
                    // Four doors, and the same ones on both nodes.
                    let id = Uuid::from_u128((writer + turn) % 4);
                    let cx = Context {
                        command: Some(Uuid::from_u128(1_000 + writer * 100 + turn)),
                        ..cx.clone()
                    };
                    let name = format!("door {id}");
                    let open = Open {
                        id,
                        name,
                        minutes: 60,
                    };
                    let answer = match turn % 2 {
                        0 => platform.carry_out::<Door, _>(id, open, &cx).await,
                        _ => platform.carry_out::<Door, _>(id, Close(id), &cx).await,
                    };
                    match answer {
                        Ok(Answer::Done { positions }) => {
                            done.extend(cx.command);
                            // Whoever carried it out reads it on its own node at once.
                            let taken = platform
                                .query(|reader| {
                                    reader.query_row(
                                        "select min(position) from read_model",
                                        [],
                                        |row| row.get::<_, i64>(0),
                                    )
                                })
                                .unwrap();
                            assert!(taken as u64 >= positions.end);
                        }
                        Ok(Answer::Nothing)
                        | Err(CommandError::Refused(_) | CommandError::Contended(_)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
                done
            });
        }
        let mut done = BTreeSet::new();
        while let Some(writer) = writers.join_next().await {
            done.extend(writer.unwrap());
        }
        houses.check(&platforms).await;
        // What was answered is there, and a door was never opened twice in a row.
        let mut recorded = BTreeSet::new();
        for door in 0..4 {
            let stream = kandeng_ledger::StreamName::new("door", Uuid::from_u128(door)).unwrap();
            let events = platforms[1].ledger().read_stream(&stream, 0).unwrap();
            for (place, event) in events.into_iter().enumerate() {
                let envelope = event.envelope.unwrap();
                let expected = ["door-opened", "door-closed"][place % 2];
                assert_eq!(envelope.kind, expected, "{door} {place}");
                let first = recorded.insert(envelope.command.unwrap());
                assert!(first, "{:?} was carried out twice", envelope.command);
            }
        }
        assert_eq!(recorded, done);
        assert!(done.len() >= 4, "{}", done.len());
    });
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_command_that_comes_to_both_nodes_is_carried_out_once_and_answered_alike() {
    let houses = Houses::new();
    let platforms = houses.open();
    block_on(async {
        for number in 0..20 {
            let id = Uuid::from_u128(100 + number);
            let answers = [0, 1].map(|node: usize| {
                let (platform, cx) = (platforms[node].clone(), houses.cx(Some(number + 1)));
                let name = format!("door {id}");
                let open = Open {
                    id,
                    name,
                    minutes: 60,
                };
                tokio::spawn(
                    async move { platform.carry_out::<Door, _>(id, open, &cx).await.unwrap() },
                )
            });
            let [first, second] = answers;
            assert_eq!(first.await.unwrap(), second.await.unwrap());
        }
        // Opening reserves a name and sets a deadline.
        assert_eq!(houses.check(&platforms).await, 60);
    });
}

/// Keeps what it was given.
#[derive(Default)]
struct Post(Mutex<Vec<String>>);

impl Sender for Post {
    fn send(&self, key: &str, _: &Letter) -> Result<(), SendError> {
        self.0.lock().unwrap().push(key.to_owned());
        Ok(())
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn each_deadline_fires_once_and_each_notice_is_sent_once_whichever_node_it_is() {
    const DOORS: u128 = 60;
    let houses = Houses::new();
    let platforms = houses.open();
    let post = Arc::new(Post::default());
    block_on(async {
        for number in 0..DOORS {
            let id = Uuid::from_u128(number);
            let name = format!("door {id}");
            let open = Open {
                id,
                name,
                minutes: 1 + (number as i64 % 10),
            };
            platforms[number as usize % 2]
                .carry_out::<Door, _>(id, open, &houses.cx(None))
                .await
                .unwrap();
        }
        // Both run both loops, as every node does.
        let mut loops = tokio::task::JoinSet::new();
        for platform in &platforms {
            let senders =
                BTreeMap::from([("log".to_owned(), Arc::clone(&post) as Arc<dyn Sender>)]);
            let deadlines = DeadlineLoop::new(platform.clone());
            let notices = NoticeLoop::new(platform.clone(), senders);
            loops.spawn(async move { deadlines.run().await });
            loops.spawn(async move { notices.run().await });
        }
        let clock = &houses.nodes[0].clock;
        for minute in 1..=10 {
            clock.set(support::start() + jiff::SignedDuration::from_mins(minute));
            let due = minute * (DOORS as i64 / 10);
            // Both nodes have heard that all of this minute's notices are out.
            let mut news = platforms
                .each_ref()
                .map(|platform| platform.ledger().checkpoints());
            for (platform, news) in platforms.iter().zip(&mut news) {
                let delivered = || {
                    let notices = rows(platform, "notices");
                    notices
                        .iter()
                        .filter(|row| row.contains("delivered"))
                        .count() as i64
                };
                let wait = async {
                    while delivered() < due {
                        news.changed().await.unwrap();
                        platform.see_all().await.unwrap();
                    }
                };
                let most = std::time::Duration::from_mins(1);
                tokio::time::timeout(most, wait)
                    .await
                    .expect("a notice is missing");
            }
        }
        loops.abort_all();
        while loops.join_next().await.is_some() {}
        let sent = post.0.lock().unwrap().clone();
        assert_eq!(sent.len() as u128, DOORS, "a notice was sent twice");
        assert_eq!(sent.iter().collect::<BTreeSet<_>>().len() as u128, DOORS);
        houses.check(&platforms).await;
        for platform in &platforms {
            for door in rows(platform, "doors") {
                assert!(door.ends_with(" 1"), "{door}");
            }
            for deadline in rows(platform, "deadlines") {
                assert!(deadline.ends_with(" missed"), "{deadline}");
            }
        }
        assert!(clock.now() > support::start());
    });
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_node_that_was_away_catches_up_at_start() {
    let houses = Houses::new();
    block_on(async {
        let [first, second] = houses.open();
        drop(second);
        for number in 0..50 {
            let id = Uuid::from_u128(number);
            let name = format!("door {id}");
            let open = Open {
                id,
                name,
                minutes: 60,
            };
            first
                .carry_out::<Door, _>(id, open, &houses.cx(None))
                .await
                .unwrap();
        }
        let store = Postgres::open(houses.address()).unwrap();
        let second = houses.nodes[1].open_elsewhere(store);
        assert_eq!(
            rows(&second, "doors").len(),
            50,
            "before anything else happens"
        );
        houses.check(&[first, second]).await;
    });
}
