//! What every store must do, run on each. PostgreSQL starts a server of its own, so it runs when asked for.

#![allow(clippy::unwrap_used)]

mod append;
mod prove;
mod read;
mod share;
#[path = "../support/mod.rs"]
mod support;
mod truth;

use kandeng_ledger::Ledger;
use kandeng_ledger::store::postgres::{Address, Postgres, PostgresReader};
use kandeng_ledger::store::sqlite::Sqlite;
use kandeng_ledger::store::{Reader, Store};
use support::{key, postgres::Server};

/// Where one ledger lives.
pub(crate) trait Home {
    fn store(&self) -> Box<dyn Store>;

    fn reader(&self) -> Box<dyn Reader>;

    /// Whether a node hears of what others append.
    fn hears(&self) -> bool;

    fn open(&self) -> Ledger {
        Ledger::start(self.store(), key()).unwrap()
    }
}

struct File(support::Place);

impl Home for File {
    fn store(&self) -> Box<dyn Store> {
        Box::new(Sqlite::open(&self.0.path(), None).unwrap())
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.0.reader())
    }

    fn hears(&self) -> bool {
        false
    }
}

struct Database(Address);

impl Home for Database {
    fn store(&self) -> Box<dyn Store> {
        Box::new(Postgres::open(self.0.clone()).unwrap())
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(PostgresReader::open(self.0.clone()).unwrap())
    }

    fn hears(&self) -> bool {
        true
    }
}

macro_rules! suite {
    ($($room:ident::$case:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $case() {
                crate::$room::$case(&crate::File(crate::support::Place::new()));
            })*
        }

        /// Each case with its name.
        const CASES: &[(&str, fn(&dyn Home))] = &[$((stringify!($case), $room::$case)),*];
    };
}

suite! {
    append::what_was_appended_is_read_again_in_order,
    append::whoever_comes_second_is_told_where_the_stream_stands,
    append::a_command_is_carried_out_once,
    append::several_streams_are_appended_together_or_not_at_all,
    append::what_is_refused_leaves_nothing_and_takes_no_other_with_it,
    append::what_is_acknowledged_is_under_a_signed_tree,
    append::a_full_queue_is_said_at_once_and_loses_nothing,
    append::any_interleaving_gives_positions_without_gaps,
    read::pages_and_limits_give_each_entry_once,
    read::bytes_come_back_as_they_were_committed_to,
    read::commands_are_listed_once_each,
    read::who_follows_sees_everything_once_and_what_comes_later,
    prove::proofs_hold_at_every_size,
    prove::an_erased_part_is_gone_and_every_proof_stays_valid,
    prove::cosignatures_are_kept_beside_the_checkpoint,
    share::writers_at_once_share_commits_and_lose_nothing,
    share::another_node_may_append_in_between,
    share::a_follower_hears_of_another_node,
    share::two_nodes_on_the_same_streams_lose_and_double_nothing,
    truth::nobody_is_told_of_what_was_not_kept,
    truth::what_is_not_there_cannot_be_erased,
    truth::a_node_can_start_while_another_appends,
    truth::a_node_that_was_alone_notices_the_other,
}

#[test]
#[ignore = "needs PostgreSQL"]
fn postgres_passes_the_whole_suite() {
    let server = Server::start();
    let mut failed = Vec::new();
    for (number, (name, case)) in CASES.iter().enumerate() {
        let address = Address::parse(&server.address(&format!("case{number}"))).unwrap();
        let result = std::panic::catch_unwind(|| case(&Database(address)));
        println!(
            "postgres {name} ... {}",
            if result.is_ok() { "ok" } else { "FAILED" }
        );
        if result.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

/// Everything is verified, as whoever doubts it would.
pub(crate) fn verified(home: &dyn Home) -> kandeng_ledger::Report {
    let reader: &mut dyn Reader = &mut *home.reader();
    kandeng_ledger::verify(reader, &support::trust(), &[], &mut |_, _| {}).unwrap()
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap()
}
