//! What fails or never ends is stopped and named, and the others still answer.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use kandeng_screening::{EngineError, FailureCause, Outcome, Prepared};

use super::*;

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
