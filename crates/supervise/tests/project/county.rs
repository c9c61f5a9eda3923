//! Workbook, ledger, read model, screening: the same flags as the workbook itself gives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kandeng_screening::arrow::array::RecordBatch;
use kandeng_screening::arrow::compute::concat_batches;
use kandeng_screening::arrow::util::display::{ArrayFormatter, FormatOptions};
use kandeng_screening::pack::Audience;
use kandeng_screening::{Finding, Prepared, ReachMap, Settings, Tables};
use kandeng_supervise::filing::Filing;
use kandeng_supervise::packs;
use kandeng_supervise::project::{County, Edit, filing_tables, standing_at};
use kandeng_supervise::synth::Format;

use crate::support::{AS_OF, CLERK, Node, synthetic};

fn screened(filing: &Filing, tables: &Tables) -> Vec<Finding> {
    let pack = packs::county(filing, &[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let items = packs::items(filing);
    let settings = Settings::new(AS_OF, Audience::Both);
    let outcome = Prepared::new(&pack, Some(&items), settings)
        .unwrap()
        .run(tables, &AtomicBool::default(), &|_, _| {})
        .unwrap();
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    outcome.findings().collect()
}

fn batch(tables: &Tables, name: &str) -> RecordBatch {
    let source = tables.get(name).unwrap();
    let columns: Vec<usize> = (0..source.schema().fields().len()).collect();
    let batches: Vec<_> = source.read(&columns).unwrap().map(Result::unwrap).collect();
    concat_batches(&source.schema(), &batches).unwrap()
}

/// The rows of a table as text, without their numbers.
fn rows(tables: &Tables, name: &str) -> Vec<String> {
    let batch = batch(tables, name);
    let mut rows = vec![String::new(); batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        // A person's name is a mark here.
        if field.name() == "row_no" || field.name() == "payee_name" {
            continue;
        }
        let shown = ArrayFormatter::try_new(column, &FormatOptions::default()).unwrap();
        for (row, text) in rows.iter_mut().enumerate() {
            text.push_str(&format!("{}={} ", field.name(), shown.value(row)));
        }
    }
    rows
}

#[test]
fn a_county_gives_the_same_flags_from_the_ledger_as_from_its_workbook() {
    let node = Node::new();
    let folder = tempfile::tempdir().unwrap();
    let path = synthetic(700, 10, Format::Xlsx, folder.path());
    let filing = node.declared().filing;
    let direct = node.read(&path);
    node.take(&node.plan(&path));
    let mut county = County::read(&node.platform, &filing, &node.key, None).unwrap();
    for sheet in &filing.sheets {
        assert_eq!(
            rows(&county.tables, &sheet.table),
            rows(&direct.tables, &sheet.table),
            "{}",
            sheet.table
        );
    }
    // Registers stand beside filings, here as there.
    for register in &filing.registers {
        if let Some(source) = direct.tables.get(&register.table) {
            county.tables.insert(&*register.table, Arc::clone(source));
        }
    }
    let expected = screened(&filing, &direct.tables);
    let found = screened(&filing, &county.tables);
    assert!(expected.len() > 100);
    // A code that stands twice in a workbook is one project in the ledger: the second row was refused.
    let doubled: BTreeSet<String> = {
        let duplicates = batch(&direct.tables, "duplicates");
        let codes = duplicates.column_by_name("project_code").unwrap();
        let codes = kandeng_screening::arrow::array::AsArray::as_string::<i32>(codes);
        codes.iter().flatten().map(str::to_owned).collect()
    };
    assert_eq!(doubled.len(), 1);
    // A rule that shows people's names shows marks: such findings are told by rule and subject.
    let told = |findings: &[Finding]| {
        let mut told: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for finding in findings {
            if finding.rule == "Q09" && doubled.contains(&finding.subject) {
                continue;
            }
            let print = if finding.rule == "K26" {
                String::new()
            } else {
                finding.fingerprint.clone()
            };
            told.entry((finding.rule.clone(), finding.subject.clone()))
                .or_default()
                .insert(print);
        }
        told
    };
    let (expected, found) = (told(&expected), told(&found));
    let lost: Vec<_> = expected
        .iter()
        .filter(|(key, prints)| found.get(key) != Some(prints))
        .collect();
    let beyond: Vec<_> = found
        .iter()
        .filter(|(key, _)| !expected.contains_key(key))
        .collect();
    assert!(
        lost.is_empty() && beyond.is_empty(),
        "lost {lost:#?}\nbeyond {beyond:#?}"
    );
    // From a row back to its project.
    let (_, code, row) = county.place("payments", 1).unwrap();
    let first = rows(&county.tables, "payments").swap_remove(0);
    assert!(row > 0 && first.contains(&format!("project_code={code} ")));
}

#[test]
fn what_a_change_reaches_is_known_from_the_filing_before_and_after() {
    let node = Node::new();
    let edit = Edit::default()
        .with("name", "核桃")
        .with("contract_amount", "5")
        .with_row("payments", 1, [("date", "2025-07-05"), ("amount", "7")]);
    let id = node.file("99010120250001", edit, CLERK).unwrap();
    let before = node.platform.ledger().checkpoint().unwrap().size;
    node.change(
        &node.page(id),
        Edit::default().with("contract_amount", "600000"),
        CLERK,
    )
    .unwrap();
    let filing = node.declared().filing;
    let tables = |position: u64| {
        let standing = standing_at(&node.platform, id, position).unwrap().unwrap();
        filing_tables(&filing, &node.key, None, &standing).unwrap()
    };
    let pack = packs::county(&filing, &[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let reach = ReachMap::new(&pack, Some(&packs::items(&filing)), "project").unwrap();
    let change = reach.change(&tables(before), &tables(u64::MAX)).unwrap();
    let columns: Vec<_> = change.columns["projects"]
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(columns, ["contract_amount"]);
    assert_eq!(change.columns.len(), 1);
    assert!(change.ids.contains("99010120250001"));
    let county = County::read(&node.platform, &filing, &node.key, None).unwrap();
    assert!(!reach.reached(&change, &county.tables).unwrap().is_empty());
    assert!(standing_at(&node.platform, id, 0).unwrap().is_none());
    // Alone it is what it is among all.
    for sheet in &filing.sheets {
        assert_eq!(
            rows(&tables(u64::MAX), &sheet.table),
            rows(&county.tables, &sheet.table)
        );
    }
}
