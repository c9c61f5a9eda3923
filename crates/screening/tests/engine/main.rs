//! The engine over small packs: three answers, failures by name, one scan for many checks.

#![allow(clippy::unwrap_used)]

mod answers;
mod limits;
mod planned;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kandeng_screening::arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
use kandeng_screening::pack::{Audience, Pack, PackFiles};
use kandeng_screening::{
    Batches, ColumnType, Outcome, Prepared, Settings, TableDeclaration, Tables,
};

const PACK: &str = "[[subjects]]\nkind = 'thing'\ntable = 'things'\nid = 'name'\n";

fn declared() -> Vec<TableDeclaration> {
    vec![
        TableDeclaration::new(
            "things",
            &[
                ("row_no", ColumnType::Int),
                ("name", ColumnType::Text),
                ("size", ColumnType::Float),
                ("cost", ColumnType::Money),
            ],
        ),
        TableDeclaration::new(
            "parts",
            &[
                ("row_no", ColumnType::Int),
                ("name", ColumnType::Text),
                ("weight", ColumnType::Float),
            ],
        ),
        TableDeclaration::new("register", &[("id", ColumnType::Text)]),
    ]
}

fn rule(id: &str, extra: &str, body: &str) -> String {
    format!(
        "-- id: {id}\n-- title.zh: 甲\n-- title.en: A\n-- audience: officer\n-- severity: low\n-- subject: thing\n\
         -- reach: record\n-- basis: practice\n-- says.zh: {{subject}}\n-- says.en: {{subject}}\n{extra}\n{body}\n"
    )
}

fn pack(rules: &[(&str, String)]) -> Pack {
    pack_of(PACK, rules)
}

fn pack_of(subjects: &str, rules: &[(&str, String)]) -> Pack {
    let fixtures: Vec<String> = rules
        .iter()
        .filter_map(|(path, _)| Some(format!("{}.fixture", path.strip_suffix(".sql")?)))
        .collect();
    let mut texts = vec![("pack.toml", subjects)];
    texts.extend(rules.iter().map(|(path, text)| (*path, text.as_str())));
    texts.extend(fixtures.iter().map(|path| (path.as_str(), "")));
    Pack::load(PackFiles::from_texts(texts), declared(), None).unwrap()
}

/// Four things: `a` 1, `b` 5, `c` without size, `d` 9; parts for `a` (whole) and `b` (incomplete).
fn tables() -> Tables {
    let declared = declared();
    let things = RecordBatch::try_new(
        declared[0].schema(),
        vec![
            Arc::new(Int64Array::from(vec![1, 2, 3, 4])),
            Arc::new(StringArray::from(vec!["a", "b", "c", "d"])),
            Arc::new(Float64Array::from(vec![
                Some(1.0),
                Some(5.0),
                None,
                Some(9.0),
            ])),
            Arc::new(Int64Array::from(vec![Some(100), Some(0), Some(300), None])),
        ],
    )
    .unwrap();
    let parts = RecordBatch::try_new(
        declared[1].schema(),
        vec![
            Arc::new(Int64Array::from(vec![1, 2, 3])),
            Arc::new(StringArray::from(vec!["a", "a", "b"])),
            Arc::new(Float64Array::from(vec![Some(2.0), None, None])),
        ],
    )
    .unwrap();
    let mut tables = Tables::new();
    tables.insert(
        "things",
        Arc::new(Batches::new(declared[0].schema(), vec![things])),
    );
    tables.insert(
        "parts",
        Arc::new(Batches::new(declared[1].schema(), vec![parts])),
    );
    tables
}

fn settings() -> Settings {
    Settings::new(jiff::civil::date(2026, 6, 30), Audience::Officer)
}

fn run(pack: &Pack, settings: Settings) -> Outcome {
    let mut prepared = Prepared::new(pack, None, settings).unwrap();
    prepared
        .run(&tables(), &AtomicBool::new(false), &|_, _| {})
        .unwrap()
}
