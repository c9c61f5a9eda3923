//! Shared tables worked in parts: the same rows as from the whole, and statements that may not be cut.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kandeng_screening::arrow::array::{Int64Array, RecordBatch};
use kandeng_screening::pack::{Audience, Pack, PackFiles};
use kandeng_screening::{
    Batches, ColumnType, EngineError, Prepared, Settings, TableDeclaration, Tables,
};

const PACK: &str = "[[subjects]]\nkind = 'lot'\ntable = 'lots'\nid = 'lot'\n";
const RULE: &str = "-- id: T01\n-- title.zh: 甲\n-- title.en: A\n-- audience: officer\n-- severity: low\n\
    -- subject: lot\n-- reach: record\n-- basis: practice\n-- says.zh: {number} {total} {offers}\n-- says.en: {number} {total} {offers}\n\
    select lot as subject, lot as number, total, offers from summed where total > 50 or offers = 0\n";
const SUMMED: &str = "select l.lot, coalesce(o.total, 0) as total, coalesce(o.offers, 0) as offers\n\
    from lots l left join (select lot, sum(amount) as total, count(*) as offers from offers group by lot) o\n\
    on l.lot = o.lot\n";

fn declared() -> Vec<TableDeclaration> {
    let number = ColumnType::Int;
    vec![
        TableDeclaration::new("lots", &[("lot", number), ("place", number)]).ordered_by("lot"),
        TableDeclaration::new("offers", &[("lot", number), ("amount", number)]).ordered_by("lot"),
        TableDeclaration::new("places", &[("place", number)]),
    ]
}

fn pack(summed: &str) -> Pack {
    let shared = format!("-- id: summed\n-- by: lot\n-- what.zh: 和\n-- what.en: sums\n{summed}");
    let texts = [
        ("pack.toml", PACK),
        ("T01.sql", RULE),
        ("T01.fixture", ""),
        ("shared/summed.sql", shared.as_str()),
    ];
    Pack::load(PackFiles::from_texts(texts), declared(), None).unwrap()
}

/// Lots 0 to 39,999; of every seventh there are no offers, of the others one to four. Batches end in the
/// middle of a lot's offers.
fn tables() -> Tables {
    let lots: Vec<i64> = (0..40_000).collect();
    let offers: Vec<(i64, i64)> = lots
        .iter()
        .filter(|lot| *lot % 7 != 0)
        .flat_map(|lot| (0..=lot % 4).map(move |offer| (*lot, (lot * 31 + offer * 17) % 29)))
        .collect();
    let mut tables = Tables::new();
    let mut insert = |place: usize, columns: [Vec<i64>; 2]| {
        let schema = declared()[place].schema();
        let columns = columns.map(|column| Arc::new(Int64Array::from(column)) as _);
        let whole = RecordBatch::try_new(Arc::clone(&schema), columns.to_vec()).unwrap();
        let batches = (0..whole.num_rows())
            .step_by(1001)
            .map(|start| whole.slice(start, 1001.min(whole.num_rows() - start)))
            .collect();
        tables.insert(
            declared()[place].name.clone(),
            Arc::new(Batches::new(schema, batches)),
        );
    };
    insert(0, [lots.clone(), lots.iter().map(|lot| lot % 5).collect()]);
    insert(1, offers.into_iter().unzip::<_, _, Vec<_>, Vec<_>>().into());
    tables
}

fn settings(threads: usize) -> Settings {
    let mut settings = Settings::new(jiff::civil::date(2026, 6, 30), Audience::Officer);
    settings.threads = threads;
    settings
}

/// The sentence of every finding.
fn found(threads: usize) -> BTreeSet<String> {
    let mut prepared = Prepared::new(&pack(SUMMED), None, settings(threads)).unwrap();
    let outcome = prepared
        .run(&tables(), &AtomicBool::new(false), &|_, _| {})
        .unwrap();
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    (0..outcome.len())
        .map(|index| outcome.finding(index))
        .map(|finding| finding.says.en.clone())
        .collect()
}

#[test]
fn parts_give_the_rows_that_the_whole_gives() {
    let whole = found(1);
    assert!(whole.len() > 8_000, "{}", whole.len());
    for threads in [2, 3, 4] {
        assert!(found(threads) == whole, "{threads} parts");
    }
}

fn refused(summed: &str) -> String {
    let error = Prepared::new(&pack(summed), None, settings(2)).err();
    let Some(EngineError::Pack(errors)) = error else {
        panic!("taken: {summed}");
    };
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(
        (errors[0].file.as_str(), errors[0].line),
        ("shared/summed.sql", 5)
    );
    errors[0].message.en.clone()
}

#[test]
fn a_statement_that_reaches_beyond_its_key_is_refused_with_file_and_line() {
    for beyond in [
        "select lot, sum(place) over () as total, 0 as offers from lots",
        "select max(lot) as lot, sum(place) as total, count(*) as offers from lots",
        "select max(lot) as lot, place as total, count(*) as offers from lots group by place",
        "select l.lot, o.amount as total, 0 as offers from lots l join offers o on l.place = o.amount",
        "select lot, place as total, 0 as offers from lots limit 3",
        "select lot, place as total, 0 as offers from lots where place < (select max(amount) from offers)",
    ] {
        let said = refused(beyond);
        assert!(said.contains("reaches beyond rows of one lot"), "{said}");
    }
    let said = refused(
        "select l.lot, 1 as total, 0 as offers from lots l join places p on l.lot = p.place",
    );
    assert!(said.contains("places is no table of the input"), "{said}");
}
