//! Deadlines and notices in simulated time: a year in seconds, with restarts at random moments.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use kandeng_ledger::StreamName;
use kandeng_platform::deadline::DeadlineLoop;
use kandeng_platform::notice::{Letter, MOST_ATTEMPTS, NoticeLoop, SendError, Sender, given_up};
use kandeng_platform::{Clock as _, CommandError, Context};
use support::{Close, Door, LeaveOpen, Node, Open, block_on, rows, start};
use uuid::Uuid;

fn after(minutes: i64) -> Timestamp {
    start() + SignedDuration::from_mins(minutes)
}

fn opening(id: u128, minutes: i64) -> (Uuid, Open) {
    let id = Uuid::from_u128(id);
    let name = format!("door {id}");
    (id, Open { id, name, minutes })
}

#[test]
fn a_deadline_fires_when_its_time_comes_and_not_before() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let deadlines = DeadlineLoop::new(platform.clone());
        let (id, command) = opening(1, 30);
        platform
            .carry_out::<Door, _>(id, command, &node.cx())
            .await
            .unwrap();
        node.clock.set(after(29));
        assert_eq!(deadlines.fire_due().await.unwrap(), 0);
        node.clock.set(after(30));
        assert_eq!(deadlines.fire_due().await.unwrap(), 1);
        assert!(rows(&platform, "deadlines")[0].contains("missed"));
        // What follows is there with it.
        assert!(rows(&platform, "doors")[0].ends_with(" 1"));
        assert!(rows(&platform, "notices")[0].contains("waiting"));
        assert_eq!(deadlines.fire_due().await.unwrap(), 0);
        // Closing it now does not unmake the miss.
        platform
            .carry_out::<Door, _>(id, Close(id), &node.cx())
            .await
            .unwrap();
        assert!(rows(&platform, "deadlines")[0].contains("missed"));
    });
}

#[test]
fn a_clock_that_jumps_fires_no_deadline_twice_and_none_for_good() {
    const DAY: i64 = 24 * 60;
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let deadlines = DeadlineLoop::new(platform.clone());
        let (id, command) = opening(1, 30);
        platform
            .carry_out::<Door, _>(id, command, &node.cx())
            .await
            .unwrap();
        for minutes in [-60, -56 * 365 * DAY] {
            node.clock.set(after(minutes));
            assert_eq!(deadlines.fire_due().await.unwrap(), 0);
        }
        node.clock.set(after(365 * DAY));
        assert_eq!(deadlines.fire_due().await.unwrap(), 1);
        let (second, command) = opening(2, 30);
        node.clock.set(after(0));
        platform
            .carry_out::<Door, _>(second, command, &node.cx())
            .await
            .unwrap();
        for (minutes, fired) in [(0, 0), (29, 0), (30, 1), (0, 0), (30, 0), (366 * DAY, 0)] {
            node.clock.set(after(minutes));
            assert_eq!(deadlines.fire_due().await.unwrap(), fired, "{minutes}");
        }
    });
}

#[test]
fn a_node_that_was_down_fires_what_it_missed_once_and_says_it_is_late() {
    let node = Node::new();
    block_on(async {
        let platform = node.open();
        for number in 0..20 {
            let (id, command) = opening(number, 30 + number as i64);
            platform
                .carry_out::<Door, _>(id, command, &node.cx())
                .await
                .unwrap();
        }
        drop(platform);
        node.clock.set(after(40));
        let platform = node.open();
        let deadlines = DeadlineLoop::new(platform.clone());
        assert_eq!(deadlines.fire_due().await.unwrap(), 11);
        let late = rows(&platform, "deadlines");
        assert_eq!(late.iter().filter(|row| row.ends_with(" late")).count(), 10);
        drop((platform, deadlines));
        let platform = node.open();
        assert_eq!(DeadlineLoop::new(platform).fire_due().await.unwrap(), 0);
    });
}

#[test]
fn the_loop_sleeps_until_the_next_deadline_and_wakes_for_a_nearer_one() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let running = tokio::spawn({
            let deadlines = DeadlineLoop::new(platform.clone());
            async move { deadlines.run().await }
        });
        let (far, command) = opening(1, 600);
        platform
            .carry_out::<Door, _>(far, command, &node.cx())
            .await
            .unwrap();
        let (near, command) = opening(2, 10);
        platform
            .carry_out::<Door, _>(near, command, &node.cx())
            .await
            .unwrap();
        let mut changes = platform.ledger().checkpoints();
        changes.borrow_and_update();
        node.clock.set(after(10));
        changes.changed().await.unwrap();
        let missed = rows(&platform, "doors");
        assert_eq!(missed.iter().filter(|row| row.ends_with(" 1")).count(), 1);
        running.abort();
    });
}

/// Neither in the tables, which are made anew, nor for whoever had read them before.
#[test]
fn what_was_erased_from_the_ledger_neither_fires_nor_keeps_the_others_waiting() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        let senders = BTreeMap::from([(
            "log".to_owned(),
            Arc::new(Box_::default()) as Arc<dyn Sender>,
        )]);
        let deadlines = DeadlineLoop::new(platform.clone());
        let notices = NoticeLoop::new(platform.clone(), senders);
        for number in 1..=2 {
            let (id, command) = opening(number, 30);
            platform
                .carry_out::<Door, _>(id, command, &node.cx())
                .await
                .unwrap();
            platform
                .carry_out::<Door, _>(id, LeaveOpen(id), &node.cx())
                .await
                .unwrap();
        }
        for kind in ["deadline-set", "notice-queued"] {
            let events = platform.ledger().read_from(0, 100).unwrap();
            let event = events
                .iter()
                .find(|event| event.envelope.as_ref().unwrap().kind == kind)
                .unwrap();
            let occasion = kandeng_ledger::Occasion {
                at: node.clock.now(),
                actor: Uuid::from_u128(1),
                jurisdiction: "990121".to_owned(),
                command: None,
            };
            platform
                .ledger()
                .erase(
                    occasion,
                    event.position,
                    kandeng_ledger::Part::Payload,
                    "by mistake",
                )
                .await
                .unwrap();
        }
        node.clock.set(after(30));
        let most = std::time::Duration::from_secs(20);
        for (fires, sends) in [(1, 2), (0, 0)] {
            let fired = tokio::time::timeout(most, deadlines.fire_due()).await;
            assert_eq!(fired.expect("it goes on for ever").unwrap(), fires);
            let sent = tokio::time::timeout(most, notices.send_ready()).await;
            assert_eq!(sent.expect("it goes on for ever").unwrap(), sends);
        }
    });
}

/// Keeps what it was given; refuses as often as it is told to.
#[derive(Default)]
struct Box_ {
    sent: Mutex<Vec<String>>,
    refusals: Mutex<u32>,
}

impl Sender for Box_ {
    fn send(&self, key: &str, _: &Letter) -> Result<(), SendError> {
        let mut refusals = self.refusals.lock().unwrap();
        if *refusals > 0 {
            *refusals -= 1;
            return Err(SendError::again("对方不在", "the other side is away"));
        }
        self.sent.lock().unwrap().push(key.to_owned());
        Ok(())
    }
}

#[test]
fn a_notice_is_tried_again_until_it_is_taken() {
    let node = Node::new();
    let platform = node.open();
    let post = Arc::new(Box_::default());
    *post.refusals.lock().unwrap() = 3;
    block_on(async {
        let senders = BTreeMap::from([("log".to_owned(), Arc::clone(&post) as Arc<dyn Sender>)]);
        let notices = NoticeLoop::new(platform.clone(), senders);
        let id = Uuid::from_u128(1);
        platform
            .carry_out::<Door, _>(id, LeaveOpen(id), &node.cx())
            .await
            .unwrap();
        let mut tries = notices.send_ready().await.unwrap();
        assert_eq!(post.sent.lock().unwrap().len(), 0);
        let mut minutes = 0;
        while tries < 4 {
            minutes += 1;
            node.clock.set(after(minutes));
            tries += notices.send_ready().await.unwrap();
            assert!(minutes < 20, "it is not tried again");
        }
        assert_eq!(post.sent.lock().unwrap().len(), 1);
        assert!((3..=6).contains(&minutes), "after {minutes} minutes");
        node.clock.set(after(10_000));
        assert_eq!(notices.send_ready().await.unwrap(), 0);
    });
}

#[test]
fn a_notice_that_nobody_takes_is_given_up_where_everybody_sees_it() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        // No sender is set up for its channel.
        let notices = NoticeLoop::new(platform.clone(), BTreeMap::new());
        let id = Uuid::from_u128(1);
        platform
            .carry_out::<Door, _>(id, LeaveOpen(id), &node.cx())
            .await
            .unwrap();
        let mut tries = 0;
        for hour in 0..40 {
            node.clock.set(after(hour * 120));
            tries += notices.send_ready().await.unwrap();
        }
        assert_eq!(tries as u32, MOST_ATTEMPTS);
        let dead = platform
            .query(|connection| given_up(connection, 10))
            .unwrap();
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].attempts, MOST_ATTEMPTS);
        assert_eq!(dead[0].problem.en, "no sender is set up for log");
        assert_eq!(dead[0].problem.zh, "没有设置渠道 log");

        // Somebody sets up the sender and has it tried again: once, and only what was given up.
        let notice = dead[0].notice.clone();
        platform.retry_notice(&notice, &node.cx()).await.unwrap();
        let again = platform.retry_notice(&notice, &node.cx()).await;
        assert!(
            matches!(&again, Err(CommandError::Refused(why)) if why.code == "notice-not-given-up")
        );
        assert_eq!(platform.query(|reader| given_up(reader, 1)).unwrap(), []);
        let post = Arc::new(Box_::default());
        let senders = BTreeMap::from([("log".to_owned(), Arc::clone(&post) as Arc<dyn Sender>)]);
        let notices = NoticeLoop::new(platform.clone(), senders);
        assert_eq!(notices.send_ready().await.unwrap(), 1);
        assert!(rows(&platform, "notices")[0].contains("delivered"));
        let delivered = platform.retry_notice(&notice, &node.cx()).await;
        assert!(matches!(delivered, Err(CommandError::Refused(_))));
    });
}

#[test]
fn a_notice_whose_sender_died_is_sent_when_the_lease_has_run_out() {
    let node = Node::new();
    block_on(async {
        let platform = node.open();
        let id = Uuid::from_u128(1);
        platform
            .carry_out::<Door, _>(id, LeaveOpen(id), &node.cx())
            .await
            .unwrap();
        let stream: StreamName = platform
            .query(|connection| {
                connection.query_row("select stream from notices", [], |row| {
                    row.get::<_, String>(0)
                })
            })
            .unwrap()
            .parse()
            .unwrap();
        // As far as a node gets that is killed between leasing and sending.
        let cx = Context::of_the_platform(node.clock.now());
        platform
            .append(&cx, |plan| {
                plan.decide::<kandeng_platform::notice::Notice, _>(
                    stream.clone(),
                    kandeng_platform::notice::Lease,
                )
            })
            .await
            .unwrap();
        drop(platform);
        let platform = node.open();
        let post = Arc::new(Box_::default());
        let senders = BTreeMap::from([("log".to_owned(), Arc::clone(&post) as Arc<dyn Sender>)]);
        let notices = NoticeLoop::new(platform, senders);
        node.clock.set(after(1));
        assert_eq!(notices.send_ready().await.unwrap(), 0);
        node.clock.set(after(3));
        assert_eq!(notices.send_ready().await.unwrap(), 1);
        assert_eq!(post.sent.lock().unwrap().len(), 1);
    });
}

#[test]
fn a_year_of_deadlines_with_restarts_at_random_moments() {
    const DAY: i64 = 24 * 60;
    let node = Node::new();
    let mut chance = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: i64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        (chance % below as u64) as i64
    };
    let post = Arc::new(Box_::default());
    let send = async |platform: &kandeng_platform::Platform| {
        let senders = BTreeMap::from([("log".to_owned(), Arc::clone(&post) as Arc<dyn Sender>)]);
        let notices = NoticeLoop::new(platform.clone(), senders);
        notices.send_ready().await.unwrap()
    };
    let fire = async |platform: &kandeng_platform::Platform| {
        DeadlineLoop::new(platform.clone())
            .fire_due()
            .await
            .unwrap()
    };
    // Minute that a door is due → the door. Every door is opened once; a third are closed in time.
    let mut running: BTreeSet<(i64, Uuid)> = BTreeSet::new();
    let mut expected: BTreeMap<Uuid, &str> = BTreeMap::new();
    let mut down = 0;
    block_on(async {
        let mut platform = node.open();
        for day in 0..365_i64 {
            node.clock.set(after(day * DAY));
            let minutes = 1 + random(40 * DAY);
            let (id, command) = opening(1_000 + day as u128, minutes);
            platform
                .carry_out::<Door, _>(id, command, &node.cx())
                .await
                .unwrap();
            running.insert((day * DAY + minutes, id));
            if random(3) == 0
                && let Some((_, id)) = running.pop_first()
            {
                platform
                    .carry_out::<Door, _>(id, Close(id), &node.cx())
                    .await
                    .unwrap();
                expected.insert(id, "met");
            }
            // On two days of five the node goes down at some moment and comes up the next morning.
            let sleeps = random(5) < 2;
            let until = if sleeps {
                day * DAY + random(DAY)
            } else {
                (day + 1) * DAY - 1
            };
            while let Some((minute, id)) = running.pop_first() {
                if minute > until {
                    running.insert((minute, id));
                    break;
                }
                node.clock.set(after(minute));
                assert_eq!(fire(&platform).await, 1, "at its minute");
                assert_eq!(fire(&platform).await, 0, "once");
                expected.insert(id, "missed");
                if random(4) == 0 {
                    drop(platform);
                    platform = node.open();
                }
            }
            if random(2) == 0 {
                send(&platform).await;
            }
            if sleeps {
                down += 1;
                drop(platform);
                node.clock.set(after((day + 1) * DAY));
                platform = node.open();
                let mut missed = 0;
                while let Some((minute, id)) = running.pop_first() {
                    if minute > (day + 1) * DAY {
                        running.insert((minute, id));
                        break;
                    }
                    let late = (day + 1) * DAY - minute > 1;
                    expected.insert(id, if late { "late" } else { "missed" });
                    missed += 1;
                }
                assert_eq!(fire(&platform).await, missed, "what it missed");
                assert_eq!(fire(&platform).await, 0, "once");
            }
        }
        for (_, id) in running {
            expected.insert(id, "running");
        }
        send(&platform).await;
        let states: BTreeMap<String, String> = platform
            .query(|connection| {
                let mut select = connection.prepare("select subject, state from deadlines")?;
                let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.collect()
            })
            .unwrap();
        assert_eq!(states.len(), 365);
        for (id, expected) in &expected {
            assert_eq!(states[&format!("door/{id}")], *expected, "{id}");
            let left_open: i64 = platform
                .query(|connection| {
                    connection.query_row(
                        "select left_open from doors where stream = ?1",
                        [format!("door/{id}")],
                        |row| row.get(0),
                    )
                })
                .unwrap();
            assert_eq!(
                left_open,
                i64::from(matches!(*expected, "missed" | "late")),
                "{id}"
            );
        }
        let number = |state| {
            expected
                .values()
                .filter(|expected| **expected == state)
                .count()
        };
        let post = post.sent.lock().unwrap();
        assert_eq!(post.len(), number("missed") + number("late"));
        assert_eq!(
            post.iter().collect::<BTreeSet<_>>().len(),
            post.len(),
            "nothing twice"
        );
        assert!(number("missed") > 50 && number("late") > 20 && down > 100);
    });
}
