//! The engine over small packs: three answers, failures by name, one scan for many checks.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use kandeng_screening::arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
use kandeng_screening::pack::{Audience, Pack, PackFiles};
use kandeng_screening::{
    Answer, Batches, ColumnType, EngineError, FailureCause, Filled, ItemCheck, Items, Outcome,
    Prepared, Settings, TableDeclaration, Tables, Text,
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

#[test]
fn the_three_answers_add_up() {
    let pack = pack(&[(
        "T01.sql",
        rule(
            "T01",
            "-- needs: things.size\n-- applies: name <> 'd'",
            "select name as subject, size from things where size > 3",
        ),
    )]);
    let outcome = run(&pack, settings());
    let answers = &outcome.answers[0];
    assert_eq!(
        (
            answers.applies,
            answers.flagged,
            answers.passed,
            answers.not_applicable
        ),
        (3, 1, 1, 1)
    );
    assert_eq!(answers.reasons[0].because, "empty: things.size");
    // `d` is above the bound too, but outside the population.
    let by_subject = outcome.answers_by_subject("T01", "thing");
    assert_eq!(by_subject.get("d"), None);
    assert_eq!(by_subject["b"], Answer::Flagged);
}

#[test]
fn a_child_table_without_a_whole_row_is_not_applicable_and_its_rows_are_counted() {
    let pack = pack(&[(
        "T01.sql",
        rule(
            "T01",
            "-- needs: parts.weight",
            "select name as subject, weight from parts where weight > 100",
        ),
    )]);
    let outcome = run(&pack, settings());
    let answers = &outcome.answers[0];
    assert_eq!(
        (answers.applies, answers.passed, answers.not_applicable),
        (4, 1, 3)
    );
    assert_eq!(answers.left_out, 2);
}

#[test]
fn a_register_that_is_not_there_is_not_applicable_for_all() {
    let pack = pack(&[(
        "T01.sql",
        rule(
            "T01",
            "-- needs: register.id",
            "select t.name as subject from things t left join register r on t.name = r.id",
        ),
    )]);
    let outcome = run(&pack, settings());
    let answers = &outcome.answers[0];
    assert_eq!((answers.flagged, answers.not_applicable), (0, 4));
    assert_eq!(answers.reasons[0].because, "absent: register.id");
}

const NUMBERED: &str =
    "[[subjects]]\nkind = 'thing'\ntable = 'things'\nid = 'name'\nnumber = 'thing'\n";

#[test]
fn subjects_may_be_named_by_their_number_and_are_shown_by_their_id() {
    let query = "select p.thing as subject, array_agg(o.thing order by o.thing desc) as related \
         from parts p join things t on t.thing = p.thing join things o on o.thing <> t.thing \
         where p.weight is null group by p.thing";
    let check = "-- needs: parts.weight\n-- over: things\n-- flag_when: size > 3";
    let flat = "select name as subject from parts where weight is null";
    let pack = pack_of(
        NUMBERED,
        &[
            ("T01.sql", rule("T01", "", query)),
            ("T02.sql", rule("T02", "", flat)),
            ("T03.sql", rule("T03", check, "")),
        ],
    );
    let outcome = run(&pack, settings());
    assert_eq!(outcome.failures, []);
    let found: Vec<(String, String, Vec<String>)> = outcome
        .findings()
        .map(|finding| (finding.rule, finding.subject, finding.related))
        .collect();
    let of = |rule: &str, subject: &str, related: &[&str]| {
        let related = related.iter().map(|name| (*name).to_owned()).collect();
        (rule.to_owned(), subject.to_owned(), related)
    };
    assert_eq!(
        found,
        [
            of("T01", "a", &["b", "c", "d"]),
            of("T01", "b", &["a", "c", "d"]),
            of("T02", "a", &[]),
            of("T02", "b", &[]),
            of("T03", "b", &[]),
            of("T03", "d", &[]),
        ]
    );
    // `b` has a part, but none that is whole; it is flagged all the same.
    let answers = outcome
        .answers
        .iter()
        .find(|answers| answers.rule == "T03")
        .unwrap();
    assert_eq!(
        (answers.flagged, answers.passed, answers.not_applicable),
        (2, 1, 1)
    );
    assert_eq!((answers.reasons[0].subjects, answers.left_out), (1, 2));
}

#[test]
fn many_row_checks_over_a_table_are_one_scan() {
    let rules: Vec<(String, String)> = (0..20)
        .map(|number| {
            let id = format!("T{number:02}");
            let check = format!(
                "-- over: things\n-- flag_when: size > {number}\n-- figures: size_{number} = size"
            );
            (format!("{id}.sql"), rule(&id, &check, ""))
        })
        .collect();
    let borrowed: Vec<(&str, String)> = rules
        .iter()
        .map(|(path, text)| (path.as_str(), text.clone()))
        .collect();
    let pack = pack(&borrowed);
    let prepared = Prepared::new(&pack, None, settings()).unwrap();
    let checks: Vec<_> = prepared
        .plans()
        .filter(|(name, _)| name.starts_with("row checks"))
        .collect();
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].1.matches("SlotScan").count(), 1);
    let outcome = run(&pack, settings());
    let flagged: Vec<usize> = outcome
        .answers
        .iter()
        .map(|answers| answers.flagged)
        .collect();
    assert_eq!(&flagged[..6], &[3, 2, 2, 2, 2, 1]);
    let finding = outcome.findings().next().unwrap();
    assert_eq!(
        (finding.subject.as_str(), finding.subject_row),
        ("a", Some(1))
    );
    assert_eq!(finding.rows, [("things".to_owned(), 1)]);
}

#[test]
fn a_shared_table_is_made_once_however_many_rules_read_it() {
    let reads = |id: &str, bound: i64| {
        rule(
            id,
            "",
            &format!("select name as subject from doubled where twice > {bound}"),
        )
    };
    let pack = pack(&[
        (
            "shared/doubled.sql",
            "-- id: doubled\n-- what.zh: 甲\n-- what.en: A\nselect name, size * 2 as twice from things"
                .to_owned(),
        ),
        ("T01.sql", reads("T01", 3)),
        ("T02.sql", reads("T02", 12)),
    ]);
    let prepared = Prepared::new(&pack, None, settings()).unwrap();
    let plans: Vec<_> = prepared.plans().collect();
    let made = plans.iter().filter(|(name, _)| *name == "doubled");
    assert_eq!(made.count(), 1);
    for (name, plan) in &plans {
        let is_rule = name.starts_with('T');
        assert_eq!(
            plan.contains("SlotScan: doubled"),
            is_rule,
            "{name}\n{plan}"
        );
    }
    let outcome = run(&pack, settings());
    let flagged: Vec<_> = outcome.answers.iter().map(|it| it.flagged).collect();
    assert_eq!(flagged, [2, 1]);
}

#[test]
fn a_rule_that_divides_by_zero_is_named_and_the_others_still_answer() {
    let pack = pack(&[
        (
            "T01.sql",
            rule("T01", "-- over: things\n-- flag_when: 1 / cost > 3", ""),
        ),
        (
            "T02.sql",
            rule("T02", "-- over: things\n-- flag_when: size > 3", ""),
        ),
        (
            "T03.sql",
            rule(
                "T03",
                "",
                "select name as subject from things where 1 / cost > 3",
            ),
        ),
    ]);
    let outcome = run(&pack, settings());
    let failed: Vec<&str> = outcome
        .failures
        .iter()
        .map(|failure| failure.rule.as_str())
        .collect();
    assert_eq!(failed, ["T01", "T03"]);
    assert!(
        outcome
            .failures
            .iter()
            .all(|failure| failure.cause == FailureCause::Execution)
    );
    assert!(outcome.failures[0].message.en.contains("nullif"));
    assert_eq!(outcome.answers.len(), 1);
    assert_eq!(outcome.answers[0].flagged, 2);
}

const ENDLESS: &str = "with recursive n as (select 1 as i union all select i + 1 from n where i > 0) \
     select t.name as subject from things t join n on n.i = -1";

#[test]
fn a_rule_that_never_ends_is_stopped_by_name_and_the_others_still_answer() {
    let pack = pack(&[
        ("T01.sql", rule("T01", "", ENDLESS)),
        (
            "T02.sql",
            rule("T02", "-- over: things\n-- flag_when: size > 3", ""),
        ),
    ]);
    let mut settings = settings();
    settings.time_limit = Duration::from_millis(300);
    let outcome = run(&pack, settings);
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(
        (outcome.failures[0].rule.as_str(), outcome.failures[0].cause),
        ("T01", FailureCause::Time)
    );
    assert_eq!(outcome.answers[0].flagged, 2);
}

/// Takes minutes inside one call of a function, which looks at no clock.
const STUCK: &str = "levenshtein(repeat(name, 400000), repeat(name || 'x', 400000)) > 1";

fn failed(outcome: &Outcome) -> Vec<(&str, FailureCause, &str)> {
    let failures = outcome.failures.iter();
    failures
        .map(|it| (it.rule.as_str(), it.cause, it.message.en.as_str()))
        .collect()
}

#[test]
fn a_rule_that_is_stuck_in_a_function_is_stopped_by_name_and_the_others_still_answer() {
    let stuck = format!("select name as subject from things where {STUCK}");
    let pack = pack(&[
        ("T01.sql", rule("T01", "", &stuck)),
        ("T02.sql", rule("T02", "", &stuck.replace("T01", "T02"))),
        (
            "T03.sql",
            rule("T03", "-- over: things\n-- flag_when: size > 3", ""),
        ),
    ]);
    let mut settings = settings();
    settings.time_limit = Duration::from_millis(300);
    settings.threads = 1;
    let start = std::time::Instant::now();
    // The engine is let go of while both are stuck.
    let outcome = run(&pack, settings);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    let causes: Vec<_> = failed(&outcome)
        .iter()
        .map(|(rule, cause, _)| (*rule, *cause))
        .collect();
    assert_eq!(
        causes
            .iter()
            .map(|(rule, cause)| (*rule, format!("{cause:?}")))
            .collect::<Vec<_>>(),
        [("T01", "Time".to_owned()), ("T02", "Time".to_owned())]
    );
    assert_eq!(outcome.answers[0].flagged, 2);
}

#[test]
fn a_row_check_that_never_ends_is_stopped_by_name_and_those_over_the_same_table_answer() {
    let check =
        |id: &str, when: &str| rule(id, &format!("-- over: things\n-- flag_when: {when}"), "");
    let pack = pack(&[
        ("T01.sql", check("T01", STUCK)),
        ("T02.sql", check("T02", "size > 3")),
    ]);
    let mut settings = settings();
    settings.time_limit = Duration::from_millis(300);
    let outcome = run(&pack, settings);
    let told = failed(&outcome);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].2.starts_with("rule T01 was stopped"), "{told:?}");
    assert_eq!(outcome.answers[0].flagged, 2);
}

#[test]
fn a_rule_whose_population_fails_is_named_and_the_others_still_answer() {
    let applies = |id: &str, applies: &str| {
        rule(
            id,
            &format!("-- applies: {applies}\n-- needs: things.size, parts.weight"),
            "select name as subject from things where size > 0",
        )
    };
    let pack = pack(&[
        ("T01.sql", applies("T01", "1 / (row_no - row_no) > 0")),
        ("T02.sql", applies("T02", "row_no < 4")),
        ("T03.sql", applies("T03", STUCK)),
        ("T04.sql", applies("T04", "true")),
    ]);
    let mut settings = settings();
    settings.time_limit = Duration::from_millis(300);
    let outcome = run(&pack, settings);
    let told = failed(&outcome);
    let rules: Vec<&str> = told.iter().map(|(rule, ..)| *rule).collect();
    assert_eq!(rules, ["T01", "T03"], "{told:?}");
    assert!(told[0].2.starts_with("rule T01 failed (") && told[0].2.contains("nullif"));
    assert!(told[1].2.starts_with("rule T03 was stopped"), "{told:?}");
    let answers: Vec<_> = outcome
        .answers
        .iter()
        .map(|it| {
            (
                it.rule.as_str(),
                it.applies,
                it.flagged,
                it.not_applicable,
                it.left_out,
            )
        })
        .collect();
    // Of `a` one part has no weight, of `b` none has, `c` has no size.
    assert_eq!(answers, [("T02", 3, 2, 1, 2), ("T04", 4, 3, 1, 2)]);
}

#[test]
fn a_rule_that_waits_for_a_table_that_failed_is_named_with_the_table() {
    let made = |id: &str, of: &str| {
        format!("-- id: {id}\n-- what.zh: 甲\n-- what.en: A\nselect name, {of} as x from things")
    };
    let reads = |id: &str, from: &str| {
        rule(
            id,
            "",
            &format!("select name as subject from {from} where x > 0"),
        )
    };
    let pack = pack(&[
        ("shared/broken.sql", made("broken", "1 / (row_no - row_no)")),
        ("shared/whole.sql", made("whole", "row_no")),
        ("T01.sql", reads("T01", "broken")),
        ("T02.sql", reads("T02", "whole")),
    ]);
    let outcome = run(&pack, settings());
    let told = failed(&outcome);
    assert_eq!(told.len(), 1, "{told:?}");
    let wanted = "rule T01 gave no answer: the shared table broken failed (";
    assert!(told[0].2.starts_with(wanted), "{told:?}");
    assert_eq!(outcome.answers[0].flagged, 4);
}

#[test]
fn a_rule_that_needs_too_much_memory_is_named() {
    let pack = pack(&[(
        "T01.sql",
        rule(
            "T01",
            "",
            "with many as (select value as v from generate_series(1, 4000000)) \
             select t.name as subject from things t join (select a.v from many a join many b on a.v = b.v) j on j.v = t.cost + 1000000000",
        ),
    )]);
    let mut settings = settings();
    settings.memory_limit = 8 << 20;
    let outcome = run(&pack, settings);
    assert_eq!(outcome.failures[0].cause, FailureCause::Memory);
    assert!(outcome.failures[0].message.en.contains("--memory"));
}

#[test]
fn a_function_that_makes_values_of_any_length_is_kept_within_bounds() {
    let bodies = [
        "select name as subject from things where length(repeat(name, 2000000000)) > 5",
        "select name as subject from things where length(lpad(name, 2000000000 + row_no, 'x')) > 5",
        "select name as subject from things where cardinality(range(row_no, 3000000000)) > 5",
        "select name as subject from things where cardinality(generate_series(3000000000, row_no, -1)) > 5",
        "select name as subject from things where cardinality(array_repeat(name, 2000000000 + row_no)) > 5",
        "select name as subject from things where cardinality(array_resize(make_array(1), 2000000000 + row_no)) > 5",
        // These are as they should be.
        "select name as subject, lpad(name, 6, '0') as a, repeat(name, 3) as b from things where lpad(name, 3, '0') = '00a'",
        "select name as subject from things cross join (select unnest(range(2020, 2026)) as year) y where year = 2020 + row_no",
        "select name as subject from things where cardinality(range(date '2024-01-01', date '2024-03-01', interval '1 month')) = 2",
    ];
    let rules: Vec<(String, String)> = bodies
        .iter()
        .enumerate()
        .map(|(place, body)| {
            let id = format!("T{place:02}");
            (format!("{id}.sql"), rule(&id, "", body))
        })
        .collect();
    let rules: Vec<(&str, String)> = rules
        .iter()
        .map(|(path, text)| (path.as_str(), text.clone()))
        .collect();
    let outcome = run(&pack(&rules), settings());
    let told = failed(&outcome);
    assert_eq!(told.len(), 6, "{told:?}");
    assert!(
        told.iter()
            .all(|(_, cause, _)| *cause == FailureCause::Memory),
        "{told:?}"
    );
    assert!(
        told[0]
            .2
            .contains("rule T00 asks for values too long to hold (")
            && told[0].2.contains("repeat would make"),
        "{told:?}"
    );
    let flagged: Vec<_> = outcome.answers.iter().map(|it| it.flagged).collect();
    assert_eq!(flagged, [1, 4, 4]);
}

#[test]
fn what_a_window_holds_counts_towards_the_limit() {
    let pack = pack(&[
        (
            "T01.sql",
            rule(
                "T01",
                "",
                "with many as (select max(value) over () as n from generate_series(1, 4000000)) \
                 select t.name as subject from things t join many m on m.n = t.cost",
            ),
        ),
        (
            "T02.sql",
            rule("T02", "-- over: things\n-- flag_when: size > 3", ""),
        ),
    ]);
    let mut settings = settings();
    settings.memory_limit = 8 << 20;
    let outcome = run(&pack, settings);
    let failures = outcome.failures.iter();
    let named: Vec<_> = failures
        .map(|failure| (failure.rule.as_str(), failure.cause))
        .collect();
    assert_eq!(named, [("T01", FailureCause::Memory)]);
    assert_eq!(outcome.answers[0].flagged, 2);
}

#[test]
fn a_run_that_is_cancelled_stops() {
    let pack = pack(&[("T01.sql", rule("T01", "", ENDLESS))]);
    let mut prepared = Prepared::new(&pack, None, settings()).unwrap();
    let result = prepared.run(&tables(), &AtomicBool::new(true), &|_, _| {});
    assert!(matches!(result, Err(EngineError::Cancelled)));
}

#[test]
fn subqueries_unions_and_limits_are_planned_wherever_they_stand() {
    let bodies = [
        (
            "T01",
            "select name as subject from things where name in (select name from parts where weight > 1)",
            "a",
        ),
        (
            "T02",
            "select name as subject from things where size = (select max(size) from things)",
            "d",
        ),
        (
            "T03",
            "select name as subject from things t where exists (select 1 from parts p where p.name = t.name and p.weight is null and t.size > 4)",
            "b",
        ),
        (
            "T04",
            "select subject from (select name as subject, size from things union all select name, weight from parts) where size >= 9",
            "d",
        ),
        (
            "T05",
            "select name as subject from things order by size desc nulls last limit 1",
            "d",
        ),
        (
            "T06",
            "select subject from (select name as subject, row_number() over (order by size desc nulls last) as place from things) where place = 2",
            "b",
        ),
    ];
    let texts: Vec<_> = bodies
        .iter()
        .map(|(id, body, _)| (format!("{id}.sql"), rule(id, "", body)))
        .collect();
    let texts: Vec<_> = texts
        .iter()
        .map(|(path, text)| (path.as_str(), text.clone()))
        .collect();
    let outcome = run(&pack(&texts), settings());
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    for (id, _, subject) in bodies {
        let found: Vec<_> = outcome
            .findings()
            .filter(|finding| finding.rule == id)
            .map(|finding| finding.subject)
            .collect();
        assert_eq!(found, [subject], "{id}");
    }
}

#[test]
fn a_parameter_given_for_the_run_replaces_the_default() {
    let pack = pack(&[(
        "T01.sql",
        rule(
            "T01",
            "-- params: bound = 3.0",
            "select name as subject, size from things where size > $bound",
        ),
    )]);
    let mut settings = settings();
    let bound = pack.rules[0].params["bound"].parse_like("8").unwrap();
    settings
        .params
        .insert(("T01".into(), "bound".into()), bound);
    assert_eq!(run(&pack, settings).answers[0].flagged, 1);
}

#[test]
fn a_column_that_does_not_exist_names_file_and_line() {
    let pack = pack(&[(
        "T01.sql",
        rule(
            "T01",
            "",
            "select name as subject\nfrom things\nwhere weigth > 3",
        ),
    )]);
    let Err(EngineError::Pack(errors)) = Prepared::new(&pack, None, settings()) else {
        panic!("planned");
    };
    assert_eq!((errors[0].file.as_str(), errors[0].line), ("T01.sql", 14));
}

#[test]
fn what_cannot_be_planned_in_a_header_names_rule_and_line() {
    let fine = rule("T02", "-- over: things\n-- flag_when: size > 3", "");
    let told = |header: &str, body: &str| {
        let pack = pack(&[
            ("T01.sql", rule("T01", header, body)),
            ("T02.sql", fine.clone()),
            (
                "shared/made.sql",
                "-- id: made\n-- what.zh: 甲\n-- what.en: A\nselect name from things".to_owned(),
            ),
        ]);
        match Prepared::new(&pack, None, settings()) {
            Ok(_) => String::new(),
            Err(EngineError::Pack(errors)) => {
                assert_eq!(errors.len(), 1, "{errors:?}");
                format!("{}:{}", errors[0].file, errors[0].line)
            }
            Err(error) => panic!("{error}"),
        }
    };
    let select = "select name as subject from things";
    assert_eq!(told("-- applies: true\n-- needs: made.name", select), "");
    for (header, body, wanted) in [
        (
            "-- applies: true\n--     and weigth > 3",
            select,
            "T01.sql:12",
        ),
        ("-- applies: name < date 'now'", select, "T01.sql:11"),
        (
            "-- needs: things.size,\n--     made.weigth",
            select,
            "T01.sql:12",
        ),
        (
            "-- over: things\n-- flag_when: weigth > 3",
            "",
            "T01.sql:12",
        ),
        (
            "-- over: things\n-- flag_when: size > 3\n-- figures: a = 1,\n--     b = weigth",
            "",
            "T01.sql:14",
        ),
        (
            "-- over: things\n-- flag_when: name < date 'now'",
            "",
            "T01.sql:12",
        ),
        (
            "-- over: things\n-- flag_when: size > 3\n-- key: weigth",
            "",
            "T01.sql:13",
        ),
    ] {
        assert_eq!(told(header, body), wanted, "{header}");
    }
}

#[test]
fn a_figure_that_the_sentence_names_must_exist() {
    let text = rule("T01", "", "select name as subject from things")
        .replace("says.en: {subject}", "says.en: {size}");
    let pack = pack(&[("T01.sql", text)]);
    let Err(EngineError::Pack(errors)) = Prepared::new(&pack, None, settings()) else {
        panic!("planned");
    };
    assert!(errors[0].message.en.contains("no figure size"));
}

#[test]
fn a_figure_that_is_declared_personal_must_exist() {
    let declared = |header: &str| {
        let text = rule(
            "T01",
            header,
            "select name as subject, name as payee from things",
        );
        Prepared::new(&pack(&[("T01.sql", text)]), None, settings())
    };
    assert!(declared("-- personal: payee\n").is_ok());
    let Err(EngineError::Pack(errors)) = declared("-- personal: payee, owner\n") else {
        panic!("planned");
    };
    assert!(errors[0].message.en.contains("no figure owner"));
}

#[test]
fn a_warm_engine_answers_again_with_other_tables() {
    let pack = pack(&[(
        "T01.sql",
        rule(
            "T01",
            "",
            "select t.name as subject, p.total from (select name, sum(weight) as total from parts group by name) p join things t on t.name = p.name where p.total > 1",
        ),
    )]);
    let mut prepared = Prepared::new(&pack, None, settings()).unwrap();
    let cancel = AtomicBool::new(false);
    for _ in 0..3 {
        let outcome = prepared.run(&tables(), &cancel, &|_, _| {}).unwrap();
        assert_eq!(outcome.len(), 1);
    }
    let mut without = tables();
    without.insert(
        "parts",
        Arc::new(Batches::new(declared()[1].schema(), Vec::new())),
    );
    assert!(
        prepared
            .run(&without, &cancel, &|_, _| {})
            .unwrap()
            .is_empty()
    );
}

#[test]
fn items_that_apply_are_required_and_empty_are_found_by_one_query() {
    let pack = pack(&[(
        "T01.sql",
        rule(
            "T01",
            "",
            "select subject, array_agg(item order by position) as items from items where applies and required and not filled group by subject",
        ),
    )]);
    let check = |item: &str, applies: &str, filled: Filled| ItemCheck {
        item: item.into(),
        category: "all".into(),
        label: Text::same(item),
        applies: applies.into(),
        required: "true".into(),
        filled,
    };
    // More than 60 items, so that the answers need a second number.
    let mut checks: Vec<_> = (0..70)
        .map(|number| {
            check(
                &format!("own_{number}"),
                "true",
                Filled::Own("name is not null".into()),
            )
        })
        .collect();
    checks.push(check(
        "size",
        "name <> 'c'",
        Filled::Own("size is not null".into()),
    ));
    checks.push(check(
        "cost",
        "true",
        Filled::Own("cost is not null".into()),
    ));
    checks.push(check(
        "parts",
        "name = 'b'",
        Filled::Rows {
            table: "parts".into(),
            columns: vec!["weight".into()],
        },
    ));
    let items = Items {
        subject: "thing".into(),
        checks,
    };
    let mut prepared = Prepared::new(&pack, Some(&items), settings()).unwrap();
    let outcome = prepared
        .run(&tables(), &AtomicBool::new(false), &|_, _| {})
        .unwrap();
    let found: Vec<_> = outcome
        .findings()
        .map(|finding| (finding.subject, finding.items))
        .collect();
    assert_eq!(
        found,
        [
            ("b".to_owned(), vec!["parts".to_owned()]),
            ("d".to_owned(), vec!["cost".to_owned()])
        ]
    );
}

#[test]
fn an_audience_sees_only_its_rules() {
    let pack = pack(&[(
        "T01.sql",
        rule("T01", "", "select name as subject from things"),
    )]);
    let mut settings = settings();
    settings.audience = Audience::Filer;
    assert!(run(&pack, settings).answers.is_empty());
    let mut only = self::settings();
    only.only = Some(BTreeSet::from(["T02".to_owned()]));
    assert!(run(&pack, only).answers.is_empty());
}
