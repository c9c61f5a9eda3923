//! Made anew, the tables of projects are what they were.

use kandeng_ledger::store::sqlite::SqliteReader;
use kandeng_platform::{ReadModel, shared_tables};
use kandeng_supervise::project::{
    ChangeDeclaration, Declaration, DeclarationChange, Edit, Looked, Project, SubmitCategory,
    declaration_id, tables,
};
use kandeng_supervise::synth::Format;
use rusqlite::Connection;

use crate::support::{CLERK, Node, OTHER_CLERK, synthetic};

fn dump(connection: &Connection, table: &str) -> Vec<String> {
    let mut select = connection
        .prepare(&format!("select * from \"{table}\""))
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
    let folder = tempfile::tempdir().unwrap();
    let path = synthetic(60, 7, Format::Xlsx, folder.path());
    node.take(&node.plan(&path));
    let id = node
        .file("99010120250001", Edit::default().with("name", "甲"), CLERK)
        .unwrap();
    let relabel = DeclarationChange::Relabel {
        item: "name".to_owned(),
        zh: "工程名称".to_owned(),
        en: "Title".to_owned(),
    };
    let change = ChangeDeclaration {
        version: 1,
        change: relabel,
    };
    node.carry_out::<Declaration, _>(declaration_id(), change, &node.cx(CLERK))
        .unwrap();
    let long = "长".repeat(60_000);
    node.change(
        &node.page(id),
        Edit::default().with("address", &long),
        OTHER_CLERK,
    )
    .unwrap();
    let edit = Edit::default().with_row("payments", 1, [("amount", "5"), ("payee_name", "王桂香")]);
    node.change(&node.page(id), edit, CLERK).unwrap();
    let submit = SubmitCategory {
        filing: node.declared().filing,
        category: "profile".to_owned(),
        edition: 3,
        looked: Looked::default(),
    };
    node.carry_out::<Project, _>(id, submit, &node.cx(CLERK))
        .unwrap();
    let photo = crate::files::kept(&node, "a.jpg", &crate::files::jpeg(90));
    crate::files::add(&node, id, photo, CLERK).unwrap();

    let mut parts = shared_tables();
    parts.extend(tables());
    let read_model = ReadModel::new(parts);
    let mut to = Connection::open(folder.path().join("beside.db")).unwrap();
    read_model.clear(&to).unwrap();
    let database = node.folder().join("kandeng.db");
    let reader = Box::new(SqliteReader::open(&database).unwrap());
    read_model
        .fill(reader, &mut to, &mut |_| true)
        .unwrap()
        .unwrap();
    let live = Connection::open(&database).unwrap();
    for table in read_model.tables() {
        let rows = dump(&live, table);
        assert_eq!(rows, dump(&to, table), "{table}");
        if table.starts_with("project") || table == "item_changes" || table == "declarations" {
            assert!(!rows.is_empty(), "{table}");
        }
    }
}
