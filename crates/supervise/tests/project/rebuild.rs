//! Made anew, the tables of projects are what they were.

use std::collections::BTreeMap;
use std::path::Path;

use kandeng_ledger::store::sqlite::SqliteReader;
use kandeng_platform::{ReadModel, shared_tables};
use kandeng_supervise::project::{
    AddFiles, AddedFile, Cells, ChangeDeclaration, Declaration, DeclarationChange, Edit, EraseFile,
    FilePlace, Looked, Project, SubmitCategory, declaration_id, erase_said, said_so_far, tables,
};
use kandeng_supervise::synth::Format;
use rusqlite::Connection;

use crate::support::{CLERK, Node, OTHER_CLERK, block_on, synthetic};

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
    // Two photos in one event, of which one is erased.
    let photo = |name, blue| AddedFile {
        file: crate::files::kept(&node, name, &crate::files::jpeg(blue)),
        cells: Cells::from([("stage".to_owned(), Some("during".to_owned()))]),
    };
    let (stays, goes) = (photo("a.jpg", 90), photo("b.jpg", 10));
    let sha256 = goes.file.sha256.clone();
    let add = AddFiles {
        filing: node.declared().filing,
        place: FilePlace::Photos,
        files: vec![goes, stays],
    };
    node.carry_out::<Project, _>(id, add, &node.cx(CLERK))
        .unwrap();
    node.change(
        &node.page(id),
        Edit::default().without_row("photos", 1),
        CLERK,
    )
    .unwrap();
    let before = as_filled(&node);
    let erase = EraseFile {
        sha256,
        reason: "误传".to_owned(),
        said: said_so_far(&node.platform, id).unwrap(),
    };
    node.carry_out::<Project, _>(id, erase, &node.cx(OTHER_CLERK))
        .unwrap();
    let erased = anew(&node, &folder.path().join("beside.db"));
    for (table, rows) in &erased {
        if table.starts_with("project") || table == "item_changes" || table == "declarations" {
            assert!(!rows.is_empty(), "{table}");
        }
    }
    // What went with the file stands as it stood, while its payloads are there and when they are gone.
    let of = [
        "project_fields",
        "project_rows",
        "project_items",
        "item_changes",
        "project_progress",
        "project_people",
    ];
    let cx = node.cx(OTHER_CLERK);
    block_on(erase_said(&node.platform, &cx)).unwrap();
    let gone = anew(&node, &folder.path().join("after.db"));
    for table in of {
        assert_eq!(before[table], erased[table], "{table}");
        assert_eq!(before[table], gone[table], "{table}");
    }
    assert_eq!(erased["project_files"], gone["project_files"]);
    assert_eq!(
        erased["project_files"].len() + 1,
        before["project_files"].len()
    );
    assert!(gone["project_erasures"].is_empty());
}

/// All tables as they were filled as it happened.
fn as_filled(node: &Node) -> BTreeMap<String, Vec<String>> {
    let live = Connection::open(node.folder().join("kandeng.db")).unwrap();
    let parts = [shared_tables(), tables()].into_iter().flatten().collect();
    let read_model = ReadModel::new(parts);
    let tables = read_model.tables();
    tables
        .map(|table| (table.to_owned(), dump(&live, table)))
        .collect()
}

/// The same, which are what they are when they are filled anew.
fn anew(node: &Node, beside: &Path) -> BTreeMap<String, Vec<String>> {
    let parts = [shared_tables(), tables()].into_iter().flatten().collect();
    let read_model = ReadModel::new(parts);
    let mut to = Connection::open(beside).unwrap();
    read_model.clear(&to).unwrap();
    let database = node.folder().join("kandeng.db");
    let reader = Box::new(SqliteReader::open(&database).unwrap());
    read_model
        .fill(reader, &mut to, &mut |_| true)
        .unwrap()
        .unwrap();
    let live = as_filled(node);
    for (table, rows) in &live {
        assert_eq!(*rows, dump(&to, table), "{table}");
    }
    live
}
