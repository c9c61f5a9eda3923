//! Scalar functions through SQL.

use super::{each_encoding, error, row, rows};

#[test]
fn names_are_normalised_in_every_encoding_of_text() {
    each_encoding(
        &[
            Some("华灯建设（集团）有限公司"),
            None,
            Some(" "),
            Some("ACME Co., Ltd."),
        ],
        |context| {
            assert_eq!(
                rows(context, "select normal_name(name) from t"),
                ["华灯建设", "-", "-", "acme"]
            );
            assert_eq!(
                rows(
                    context,
                    "select org_key(null, name), org_key('X', name) from t"
                ),
                ["华灯建设|X", "-|X", "-|X", "acme|X"]
            );
            assert_eq!(
                rows(context, "select trigram_similarity(name, name) from t"),
                ["1.0", "-", "1.0", "1.0"]
            );
            assert_eq!(
                rows(context, "select uscc_valid(name) from t"),
                ["false", "-", "false", "false"]
            );
        },
    );
}

#[test]
fn equal_texts_have_one_key_in_every_encoding() {
    each_encoding(
        &[Some("凭-1"), None, Some("凭-2"), Some("凭-1")],
        |context| {
            assert_eq!(
                rows(
                    context,
                    "select text_key(name) is null, text_key(name) = text_key('凭-1') from t"
                ),
                ["false|true", "true|-", "false|false", "false|true"]
            );
        },
    );
}

#[test]
fn constants_give_constants() {
    assert_eq!(
        row("select normal_name('甲公司'), normal_name(null)"),
        "甲|-"
    );
    assert_eq!(row("select uscc_valid('91440300708461136T')"), "true");
    assert_eq!(
        row(
            "select differ_in_number('三组路', '四组路'), differ_in_number('三组路', '三组桥'), differ_in_number(null, 'a')"
        ),
        "true|false|-"
    );
}

#[test]
fn dates_are_counted_in_days_working_days_and_months() {
    assert_eq!(
        row(
            "select days_between(date '2025-01-01', date '2025-03-01'), days_between(date '2025-03-01', date '2025-01-01'), days_between(null, date '2025-01-01')"
        ),
        "59|-59|-"
    );
    assert_eq!(
        row(
            "select working_days(date '2025-01-27', date '2025-02-08'), working_days('2025-03-03', '2025-03-10'), working_days(date '2029-01-01', date '2029-01-05')"
        ),
        "4|5|-"
    );
    assert_eq!(
        row(
            "select months_between(date '2024-01-31', date '2024-02-29'), months_between(date '2024-01-31', null)"
        ),
        "1|-"
    );
}

#[test]
fn land_comes_in_mu_from_any_number() {
    assert_eq!(
        row(
            "select mu(2, '公顷'), mu(2.5, '亩'), mu(2000.0, 'm2'), mu(1, '座'), mu(null, '亩'), mu(1, null)"
        ),
        "30.0|2.5|3.0|-|-|-"
    );
}

#[test]
fn values_and_columns_may_be_mixed() {
    each_encoding(&[Some("三组路"), Some("四组路"), None], |context| {
        assert_eq!(
            rows(
                context,
                "select differ_in_number(name, '三组路'), trigram_similarity('三组路', name) = 1 from t"
            ),
            ["false|true", "true|false", "-|-"]
        );
        assert_eq!(
            rows(context, "select normal_name(name) from t where false"),
            [""; 0]
        );
    });
}

#[test]
fn wrong_arguments_are_named_in_the_error() {
    assert!(error("select uscc_valid(1)").contains("uscc_valid takes (text), not (Int64)"));
    assert!(error("select days_between(date '2025-01-01')").contains("takes (a date, a date)"));
    assert!(error("select mu(date '2025-01-01', '亩')").contains("mu takes (a number, text)"));
    assert!(error("select days_between(now(), now())").contains("a date"));
}
