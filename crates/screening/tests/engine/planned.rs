//! Statements are planned wherever something stands in them, and what cannot be planned is named with its line.

use kandeng_screening::{EngineError, Prepared};

use super::*;

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
