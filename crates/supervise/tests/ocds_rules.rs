//! The red flags of OCDS against their fixtures, and against planted answers in synthetic data.

use kandeng_supervise::{ocds, packs};

#[test]
fn the_pack_declares_exactly_the_tables_that_the_reader_makes() {
    let pack = packs::ocds(&[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(pack.tables, ocds::declarations());
}

#[test]
fn every_red_flag_passes_its_fixtures() {
    let pack = packs::ocds(&[]).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(pack.rules.len(), 11);
    let mut wrong = Vec::new();
    for rule in &pack.rules {
        if let Err(errors) = kandeng_screening::fixture::check(&pack, None, rule) {
            wrong.extend(errors.iter().map(|error| format!("{}:{} {}", error.file, error.line, error.message.en)));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
