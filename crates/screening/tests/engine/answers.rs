//! The three answers, over tables of every kind.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kandeng_screening::pack::Audience;
use kandeng_screening::{Answer, Batches, Filled, ItemCheck, Items, Prepared, Text};

use super::*;

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
