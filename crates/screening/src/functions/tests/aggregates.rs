//! Aggregates and windows through SQL: whole tables, groups, windows, parts put together.

use super::{context, each_encoding, error, parallel, row, rows, run};

/// Twelve figures in two groups of six, one of each missing.
const FIGURES: &str = "(values ('a',1.0),('a',2.0),('a',3.0),('a',4.0),('a',null),('a',5.0),
    ('b',10.0),('b',null),('b',20.0),('b',30.0),('b',40.0),('b',50.0)) as t(g, x)";

#[test]
fn quantiles_leave_out_nulls_and_follow_definition_8() {
    // n = 5, p = 0.25: h = 5.3333·0.25 + 0.3333 = 1.6667
    let sql = format!(
        "select g, round(quantile8(x, 0.25), 6), quantile8(x, 0.5) from {FIGURES} group by g order by g"
    );
    assert_eq!(
        rows(&context(), &sql),
        ["a|1.666667|3.0", "b|16.666667|30.0"]
    );
    assert_eq!(
        rows(&parallel(), &sql),
        ["a|1.666667|3.0", "b|16.666667|30.0"]
    );
}

#[test]
fn quantiles_take_whole_numbers_a_column_for_p_and_no_rows() {
    assert_eq!(
        row("select quantile8(x, p) from (values (1, 0.5), (2, 0.5), (6, 0.5)) as t(x, p)"),
        "2.0"
    );
    assert_eq!(
        row("select quantile8(x, 0.5) from (values (1)) as t(x) where x > 1"),
        "-"
    );
    assert_eq!(
        row("select quantile8(x, null) from (values (1)) as t(x)"),
        "-"
    );
    assert!(error("select quantile8(x, 1.5) from (values (1)) as t(x)").contains("from 0 to 1"));
    assert!(
        error("select quantile8(distinct x, 0.5) from (values (1)) as t(x)").contains("distinct")
    );
}

#[test]
fn a_quantile_is_an_aggregate_a_window_and_takes_a_filter() {
    let sql = format!(
        "select g, x, quantile8(x, 0.5) over (partition by g), quantile8(x, 0.5) over () from {FIGURES} where x in (2.0, 5.0, 20.0) order by x"
    );
    assert_eq!(
        rows(&context(), &sql),
        ["a|2.0|3.5|5.0", "a|5.0|3.5|5.0", "b|20.0|20.0|5.0"]
    );
    let sql = format!(
        "select g, quantile8(x, 0.5) filter (where x > 2) from {FIGURES} group by g order by g"
    );
    assert_eq!(rows(&parallel(), &sql), ["a|4.0", "b|30.0"]);
    // A frame that grows asks the same state again and again.
    let sql = format!(
        "select quantile8(x, 0.5) over (order by x) from {FIGURES} where g = 'a' and x is not null order by x"
    );
    assert_eq!(rows(&context(), &sql), ["1.0", "1.5", "2.0", "2.5", "3.0"]);
}

#[test]
fn the_others_of_a_row_are_its_partition_without_it() {
    let sql = format!(
        "select g, x, quantile8_others(x, 0.5) over (partition by g) from {FIGURES} order by g, x"
    );
    let expected = [
        "a|1.0|3.5",
        "a|2.0|3.5",
        "a|3.0|3.0",
        "a|4.0|2.5",
        "a|5.0|2.5",
        "a|-|3.0",
        "b|10.0|35.0",
        "b|20.0|35.0",
        "b|30.0|30.0",
        "b|40.0|25.0",
        "b|50.0|25.0",
        "b|-|30.0",
    ];
    assert_eq!(rows(&context(), &sql), expected);
    assert_eq!(rows(&parallel(), &sql), expected);
    assert_eq!(
        row("select quantile8_others(x, 0.5) over () from (values (1)) as t(x)"),
        "-"
    );
    assert_eq!(
        row("select quantile8_others(x, null) over () from (values (1)) as t(x)"),
        "-"
    );
    assert!(
        error("select quantile8_others(x, 2) over () from (values (1)) as t(x)")
            .contains("from 0 to 1")
    );
}

#[test]
fn benford_counts_positive_whole_amounts() {
    let sql = "select g, round(benford_mad(x), 4) from (values (1, 1), (1, 10), (1, -7), (1, 0), (1, null), (2, null)) as t(g, x) group by g order by g";
    // Only ones: 2·(1 − log₁₀ 2) ÷ 9
    for context in [context(), parallel()] {
        assert_eq!(rows(&context, sql), ["1|0.1553", "2|-"]);
    }
    assert!(error("select benford_mad(1.5)").contains("benford_mad takes (a whole number)"));
}

#[test]
fn numbers_that_come_again_are_listed_once_in_order() {
    let values = "(values (1, 7), (1, -2), (1, 7), (1, null), (1, null), (1, -2), (1, 7), (2, 7), (2, 8), (3, null)) as t(g, x)";
    let by_group = format!("select g, repeated(x, 2) from {values} group by g order by g");
    let thrice = format!("select unnest(repeated(x, 3)) from {values}");
    for context in [context(), parallel()] {
        assert_eq!(rows(&context, &by_group), ["1|[-2, 7]", "2|[]", "3|[]"]);
        assert_eq!(rows(&context, &thrice), ["7"]);
        let none = format!("select repeated(x, 2) from {values} where g > 3");
        assert_eq!(rows(&context, &none), ["-"]);
    }
    assert!(error("select repeated(1, 0)").contains("repeated takes 1 or more times"));
    assert!(error("select repeated(1.5, 2)").contains("repeated takes (a whole number"));
}

#[test]
fn hashes_are_paired_in_every_encoding_of_text() {
    let hashes = [
        "D:00000000000000ff",
        "D:00000000000000fe",
        "D:ffffffffffffffff",
        "P:00000000000000ff",
    ];
    let hashes: Vec<Option<&str>> = hashes
        .into_iter()
        .map(Some)
        .chain([None, Some("?")])
        .collect();
    each_encoding(&hashes, |context| {
        let sql = "with numbered as (select row_number() over () as id, name from t),
            pairs as (select unnest(hamming_pairs(id, name, 7)) as pair from numbered)
            select least(x.name, y.name), pair['distance'], pair['a'] < pair['b']
            from pairs join numbered x on x.id = pair['a'] join numbered y on y.id = pair['b']";
        assert_eq!(rows(context, sql), ["D:00000000000000fe|1|true"]);
    });
}

#[test]
fn pairs_are_the_same_when_hashes_come_in_parts() {
    let table = "create table photos as select value as id, case when value % 2 = 0 then 'D:00000000000000' || case when value < 10 then '0' else '' end || value else null end as phash from generate_series(1, 40)";
    let sql = "select unnest(hamming_pairs(id, phash, 1)) as pair from photos";
    let answers = [context(), parallel()].map(|context| {
        run(&context, table).unwrap();
        rows(
            &context,
            &format!("select pair['a'], pair['b'], pair['distance'] from ({sql}) order by 1, 2"),
        )
    });
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].contains(&"2|6|1".to_owned()));
    assert!(!answers[0].contains(&"2|4|2".to_owned()));
}

#[test]
fn a_crop_of_one_picture_pairs_it_with_another() {
    let table = "create table photos as select * from (values (1, 'D:0000', 'D:00ffff00'), (2, 'D:ff01', null), (3, 'D:0f0f', 'D:'), (4, null, 'D:0f0f')) as t(id, phash, crops)";
    let sql = "select unnest(hamming_pairs(id, phash, 1, crops)) as pair from photos";
    for context in [context(), parallel()] {
        run(&context, table).unwrap();
        let sql = format!("select pair['a'], pair['b'], pair['distance'] from ({sql})");
        assert_eq!(rows(&context, &sql), ["1|2|1"]);
    }
    assert!(error("select hamming_pairs(1, 'D:00', 1, 2)").contains("hamming_pairs takes"));
    assert!(error("select hamming_pairs(1, 'D:00', 1, 'D:00', 2)").contains("hamming_pairs takes"));
}

#[test]
fn no_rows_make_no_pairs() {
    let none = "from (values (1, 'D:00')) as t(id, phash) where id > 1";
    assert!(
        rows(
            &context(),
            &format!("select unnest(hamming_pairs(id, phash, 3)) {none}")
        )
        .is_empty()
    );
    assert!(rows(&context(), "select unnest(hamming_pairs(1, 'D:00', null))").is_empty());
    assert!(error("select hamming_pairs(1, 'D:00', -1)").contains("radius of 0 or more"));
    assert!(
        rows(
            &context(),
            &format!("select unnest(overlap_pairs(id, phash)) {none}")
        )
        .is_empty()
    );
}

#[test]
fn pairs_are_made_within_each_group() {
    let sql = "select g, hamming_pairs(id, h, 4) from (values (1, 1, 'D:00'), (1, 2, 'D:01'), (2, 3, 'D:01'), (2, 4, 'D:03'), (3, 5, 'D:01')) as t(g, id, h) group by g order by g";
    for context in [context(), parallel()] {
        assert_eq!(
            rows(&context, sql),
            [
                "1|[{a: 1, b: 2, distance: 1}]",
                "2|[{a: 3, b: 4, distance: 1}]",
                "3|[]"
            ]
        );
    }
}

#[test]
fn the_examples_of_the_functions_page_run() {
    let page = include_str!("../../../../../docs/functions.md");
    let context = context();
    for table in [
        "create table photos as select * from (values (1, 'A', 'D:00ff'), (2, 'B', 'D:00fe')) as t(row_no, project_code, phash)",
        "create table prices as select * from (values ('A', 'road', 'km', 5), ('B', 'road', 'km', 7), ('C', 'pond', '座', 1)) as t(project_code, kind, scale_unit, unit_price)",
    ] {
        run(&context, table).unwrap();
    }
    let examples: Vec<&str> = page
        .split("```sql")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    let mut answers: Vec<Vec<String>> = examples.iter().map(|sql| rows(&context, sql)).collect();
    for answer in &mut answers {
        answer.sort();
    }
    assert_eq!(
        answers,
        [vec!["A|B|1"], vec!["A|5|7.0|1", "B|7|5.0|1", "C|1|-|0"]]
    );
}
