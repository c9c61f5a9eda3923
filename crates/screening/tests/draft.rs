//! One draft against rules planned beforehand: small packs, the engine only.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use kandeng_screening::arrow::array::{Int64Array, RecordBatch, StringArray};
use kandeng_screening::pack::{Pack, PackFiles};
use kandeng_screening::{
    Answer, Batches, ColumnType, DraftCheck, DraftOutcome, DraftSettings, FailureCause,
    TableDeclaration, Tables,
};

const PACK: &str = "[[subjects]]\nkind = 'thing'\ntable = 'things'\nid = 'name'\n";

fn declared() -> Vec<TableDeclaration> {
    vec![
        TableDeclaration::new(
            "things",
            &[
                ("row_no", ColumnType::Int),
                ("name", ColumnType::Text),
                ("size", ColumnType::Int),
                ("place", ColumnType::Text),
            ],
        ),
        TableDeclaration::new(
            "parts",
            &[("name", ColumnType::Text), ("weight", ColumnType::Int)],
        ),
        TableDeclaration::new(
            "places",
            &[("place", ColumnType::Text), ("most", ColumnType::Int)],
        ),
    ]
}

fn rule(id: &str, audience: &str, reach: &str, extra: &str, body: &str) -> (String, String) {
    let text = format!(
        "-- id: {id}\n-- title.zh: 甲\n-- title.en: A\n-- audience: {audience}\n-- severity: low\n-- subject: thing\n\
         -- reach: {reach}\n-- basis: practice\n-- says.zh: {{subject}}\n-- says.en: {{subject}}\n{extra}\n{body}\n"
    );
    (format!("{id}.sql"), text)
}

fn pack(files: &[(String, String)]) -> Pack {
    // Every rule brings its fixture; what stands in it is not read here.
    let fixtures: Vec<String> = files
        .iter()
        .filter_map(|(path, _)| Some(format!("{}.fixture", path.strip_suffix(".sql")?)))
        .collect();
    let mut texts = vec![("pack.toml", PACK)];
    texts.extend(fixtures.iter().map(|path| (path.as_str(), "")));
    texts.extend(
        files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    );
    Pack::load(PackFiles::from_texts(texts), declared(), None)
        .unwrap()
        .with_optional(["places".to_owned()])
}

fn desk(files: &[(String, String)], reference: &Tables) -> DraftCheck {
    let settings = DraftSettings::new(jiff::civil::date(2026, 6, 30));
    DraftCheck::new(&pack(files), None, "thing", settings, reference).unwrap()
}

fn texts(values: &[&str]) -> Arc<StringArray> {
    Arc::new(StringArray::from(values.to_vec()))
}

fn table(
    tables: &mut Tables,
    index: usize,
    columns: Vec<Arc<dyn kandeng_screening::arrow::array::Array>>,
) {
    let declared = &declared()[index];
    let batch = RecordBatch::try_new(declared.schema(), columns).unwrap();
    let source = Batches::new(declared.schema(), vec![batch]);
    tables.insert(&declared.name, Arc::new(source));
}

/// Things of a name and a size, all in the village `v`.
fn things(rows: &[(&str, Option<i64>)]) -> Tables {
    let mut tables = Tables::new();
    let numbers: Int64Array = (1..=rows.len() as i64).map(Some).collect();
    let sizes: Int64Array = rows.iter().map(|row| row.1).collect();
    let names: Vec<&str> = rows.iter().map(|row| row.0).collect();
    table(
        &mut tables,
        0,
        vec![
            Arc::new(numbers),
            texts(&names),
            Arc::new(sizes),
            texts(&vec!["v"; rows.len()]),
        ],
    );
    tables
}

fn check(desk: &DraftCheck, tables: &Tables, subject: &str) -> DraftOutcome {
    desk.check(tables, subject, &BTreeSet::new())
}

fn answers(outcome: &DraftOutcome) -> Vec<(&str, Answer)> {
    let answers = outcome.answers.iter();
    answers
        .map(|answer| (answer.rule.as_str(), answer.answer))
        .collect()
}

fn larger(than: i64) -> String {
    format!("select name as subject, size from things where size > {than}")
}

#[test]
fn a_draft_has_the_three_answers_and_a_reason() {
    let desk = desk(
        &[
            rule(
                "T01",
                "filer",
                "record",
                "-- needs: things.size",
                &larger(3),
            ),
            rule(
                "T02",
                "filer",
                "record",
                "-- applies: size > 100",
                &larger(3),
            ),
            rule(
                "T03",
                "filer",
                "record",
                "-- needs: parts.weight",
                &larger(3),
            ),
        ],
        &Tables::new(),
    );
    let flagged = check(&desk, &things(&[("a", Some(5))]), "a");
    assert_eq!(
        answers(&flagged),
        [("T01", Answer::Flagged), ("T03", Answer::Flagged)]
    );
    assert_eq!(flagged.findings[0].subject_row, Some(1));
    let passed = check(&desk, &things(&[("a", Some(1))]), "a");
    assert_eq!(
        answers(&passed),
        [("T01", Answer::Passed), ("T03", Answer::NotApplicable)]
    );
    let because = passed.answers[1].because.as_ref().unwrap();
    assert!(because.en.contains("parts"), "{because}");
    let empty = check(&desk, &things(&[("a", None)]), "a");
    assert_eq!(answers(&empty)[0], ("T01", Answer::NotApplicable));
}

#[test]
fn rules_for_officers_are_not_even_planned() {
    let desk = desk(
        &[
            rule("T01", "filer", "record", "", &larger(3)),
            rule("T02", "officer", "record", "", &larger(3)),
            rule("T03", "both", "record", "", &larger(3)),
        ],
        &Tables::new(),
    );
    let planned: Vec<_> = desk.rules().map(|rule| rule.id.as_str()).collect();
    assert_eq!(planned, ["T01", "T03"]);
    let outcome = check(&desk, &things(&[("a", Some(5))]), "a");
    assert_eq!(
        answers(&outcome),
        [("T01", Answer::Flagged), ("T03", Answer::Flagged)]
    );
}

#[test]
fn nothing_is_said_of_rows_put_beside_the_draft() {
    let desk = desk(
        &[rule("T01", "filer", "record", "", &larger(3))],
        &Tables::new(),
    );
    let tables = things(&[("a", Some(1)), ("b", Some(9))]);
    let outcome = check(&desk, &tables, "a");
    assert!(outcome.findings.is_empty());
    assert_eq!(answers(&outcome), [("T01", Answer::Passed)]);
}

#[test]
fn a_rule_that_looks_further_passes_only_where_it_could_look() {
    let body = "select name as subject from things where place in (select place from things group by place having count(*) > 1)";
    let desk = desk(&[rule("T01", "filer", "village", "", body)], &Tables::new());
    let alone = things(&[("a", Some(1))]);
    assert_eq!(
        answers(&check(&desk, &alone, "a")),
        [("T01", Answer::NotApplicable)]
    );
    let could_look = BTreeSet::from(["T01".to_owned()]);
    let passed = desk.check(&alone, "a", &could_look);
    assert_eq!(answers(&passed), [("T01", Answer::Passed)]);
    let beside = things(&[("a", Some(1)), ("b", Some(1))]);
    assert_eq!(
        answers(&check(&desk, &beside, "a")),
        [("T01", Answer::Flagged)]
    );
}

#[test]
fn a_reference_table_stays_and_what_is_made_of_it_is_made_once() {
    let shared = "-- id: limits\n-- what.zh: 甲\n-- what.en: A\nselect place, max(most) as most from places group by place\n";
    let files = [
        ("shared/limits.sql".to_owned(), shared.to_owned()),
        rule(
            "T01",
            "filer",
            "record",
            "-- needs: places.most",
            "select t.name as subject from things t join limits l on l.place = t.place where t.size > l.most",
        ),
    ];
    let mut reference = Tables::new();
    table(
        &mut reference,
        2,
        vec![texts(&["v", "v"]), Arc::new(Int64Array::from(vec![2, 4]))],
    );
    let with = desk(&files, &reference);
    for _ in 0..2 {
        let small = check(&with, &things(&[("a", Some(4))]), "a");
        assert_eq!(answers(&small), [("T01", Answer::Passed)]);
        let large = check(&with, &things(&[("a", Some(5))]), "a");
        assert_eq!(answers(&large), [("T01", Answer::Flagged)]);
    }
    let without = desk(&files, &Tables::new());
    let outcome = check(&without, &things(&[("a", Some(5))]), "a");
    assert_eq!(answers(&outcome), [("T01", Answer::NotApplicable)]);
}

#[test]
fn a_rule_that_fails_is_named_and_the_others_answer() {
    let row_check = |id: &str, condition: &str| {
        rule(
            id,
            "filer",
            "record",
            &format!("-- over: things\n-- flag_when: {condition}"),
            "",
        )
    };
    let desk = desk(
        &[
            rule(
                "T01",
                "filer",
                "record",
                "",
                "select name as subject, 1 / (size - 5) as x from things",
            ),
            row_check("T02", "10 / (size - 5) > 3"),
            row_check("T03", "size > 3"),
            // Its population is counted together with the others'.
            rule(
                "T04",
                "filer",
                "record",
                "-- applies: 10 / (size - 5) > 0",
                &larger(3),
            ),
        ],
        &Tables::new(),
    );
    let outcome = check(&desk, &things(&[("a", Some(5))]), "a");
    let failed: Vec<_> = outcome
        .failures
        .iter()
        .map(|failure| (failure.rule.as_str(), failure.cause))
        .collect();
    assert_eq!(
        failed,
        [
            ("T01", FailureCause::Execution),
            ("T02", FailureCause::Execution),
            ("T04", FailureCause::Execution)
        ]
    );
    assert_eq!(answers(&outcome), [("T03", Answer::Flagged)]);
    // The failure belongs to that draft: the next one is checked by all.
    let next = check(&desk, &things(&[("a", Some(6))]), "a");
    assert!(next.failures.is_empty());
    assert_eq!(next.answers.len(), 4);
}

#[test]
fn a_shared_table_that_fails_costs_those_who_read_it() {
    let shared = "-- id: shares\n-- what.zh: 甲\n-- what.en: A\nselect name, 10 / (size - 5) as share from things\n";
    let desk = desk(
        &[
            ("shared/shares.sql".to_owned(), shared.to_owned()),
            rule(
                "T01",
                "filer",
                "record",
                "",
                "select name as subject from shares where share > 0",
            ),
            rule("T02", "filer", "record", "", &larger(3)),
        ],
        &Tables::new(),
    );
    let outcome = check(&desk, &things(&[("a", Some(5))]), "a");
    assert_eq!(outcome.failures[0].rule, "T01");
    assert_eq!(answers(&outcome), [("T02", Answer::Flagged)]);
}

#[test]
fn checks_side_by_side_each_see_their_own_rows() {
    let desk = desk(
        &[
            rule("T01", "filer", "record", "", &larger(3)),
            rule(
                "T02",
                "filer",
                "record",
                "",
                "select a.name as subject, b.size as size from things a join (select max(size) as size from things) b on a.size = b.size where b.size > 3",
            ),
            rule(
                "T03",
                "filer",
                "record",
                "",
                "select name as subject, size from things where (select max(size) from things) > 3",
            ),
        ],
        &Tables::new(),
    );
    std::thread::scope(|scope| {
        for thread in 0..16_i64 {
            let desk = &desk;
            scope.spawn(move || {
                for round in 0..40 {
                    let size = (thread + round) % 7;
                    let outcome = check(desk, &things(&[("a", Some(size))]), "a");
                    let expected = if size > 3 {
                        Answer::Flagged
                    } else {
                        Answer::Passed
                    };
                    let rules = ["T01", "T02", "T03"];
                    assert_eq!(answers(&outcome), rules.map(|rule| (rule, expected)));
                }
            });
        }
    });
}
