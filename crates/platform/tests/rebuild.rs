//! Made anew, the read model is what it was, with the same indexes; stopped, it says so.

#![allow(clippy::unwrap_used)]

mod support;

use kandeng_ledger::store::sqlite::SqliteReader;
use kandeng_platform::{ReadModel, shared_tables};
use rusqlite::Connection;
use support::{Close, Door, DoorTables, Node, Open, block_on};
use uuid::Uuid;

fn dump(connection: &Connection, table: &str) -> Vec<String> {
    let mut select = connection
        .prepare(&format!("select * from {table}"))
        .unwrap();
    let columns = select.column_count();
    let rows = select
        .query_map([], |row| {
            let values = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
            Ok(format!(
                "{:?}",
                values.collect::<rusqlite::Result<Vec<_>>>()?
            ))
        })
        .unwrap();
    let mut rows: Vec<String> = rows.collect::<rusqlite::Result<_>>().unwrap();
    rows.sort();
    rows
}

#[test]
fn tables_that_are_filled_anew_are_those_that_were_filled_as_it_happened() {
    let node = Node::new();
    let platform = node.open();
    block_on(async {
        // More than a page of events.
        for number in 0..800 {
            let id = Uuid::from_u128(number);
            let name = format!("door {id}");
            let open = Open {
                id,
                name,
                minutes: 60,
            };
            platform
                .carry_out::<Door, _>(id, open, &node.cx())
                .await
                .unwrap();
            if number % 3 == 0 {
                platform
                    .carry_out::<Door, _>(id, Close(id), &node.cx())
                    .await
                    .unwrap();
            }
        }
    });
    let mut tables = shared_tables();
    tables.push(Box::new(DoorTables));
    let read_model = ReadModel::new(tables);
    let beside = node.folder().join("beside.db");
    let mut to = Connection::open(&beside).unwrap();
    read_model.clear(&to).unwrap();
    let reader = || Box::new(SqliteReader::open(&node.database()).unwrap());
    let stopped = read_model.fill(reader(), &mut to, &mut |position| position == 0);
    assert_eq!(stopped.unwrap(), None);
    read_model.clear(&to).unwrap();
    let mut told = Vec::new();
    let filled = read_model.fill(reader(), &mut to, &mut |position| {
        told.push(position);
        true
    });
    let size = platform.ledger().checkpoint().unwrap().size;
    assert!(size > 2_048);
    assert_eq!(filled.unwrap(), Some(size));
    assert_eq!(told, [0, 2_048]);
    let live = Connection::open(node.database()).unwrap();
    for table in read_model.tables() {
        assert_eq!(dump(&live, table), dump(&to, table), "{table}");
    }
    let indexes = |connection: &Connection| {
        let names = connection
            .prepare("select name, sql from sqlite_master where type = 'index' and sql is not null")
            .unwrap()
            .query_map([], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .unwrap()
            .collect::<rusqlite::Result<std::collections::BTreeMap<_, _>>>()
            .unwrap();
        names
            .into_iter()
            .filter(|(name, _)| !name.starts_with("ledger_"))
            .collect::<Vec<_>>()
    };
    assert_eq!(indexes(&live), indexes(&to));
    assert!(indexes(&to).len() > 8);
}
