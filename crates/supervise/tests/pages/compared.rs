//! A doubt opens its reason in full: the rows on both sides, and the query with the values of its parameters.

use axum::http::StatusCode;
use kandeng_platform::account::Role;

use super::support::{Browser, block_on};
use super::{County, form, send};

/// A payment with that voucher to that payee.
async fn paid(county: &County, clerk: &mut Browser<'_>, code: &str, payee: &str) -> String {
    let project = county.file(clerk, code, "渠").await;
    let path = format!("{project}/items/disbursement");
    let fields = [
        ("r.payments.1000000.date", "2025-07-05"),
        ("r.payments.1000000.amount", "29000"),
        ("r.payments.1000000.voucher", "PZ-0001"),
        ("r.payments.1000000.payee_name", payee),
        ("r.payments.1000000.account", "6217001234567890123"),
    ];
    let shown = clerk.get(&path).await;
    let saved = send(clerk, &path, &form(&shown, &fields)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    project
}

/// The page of the one open flag of a rule on a project.
fn flag(county: &County, rule: &str, code: &str) -> String {
    let platform = county.house.site.platform();
    let of = "select stream from flags where rule = ?1 and subject = ?2";
    let stream: String = platform
        .query(|connection| connection.query_row(of, [rule, code], |row| row.get(0)))
        .unwrap();
    format!("/supervise/flags/{}", stream.strip_prefix("flag/").unwrap())
}

#[test]
fn the_rows_on_both_sides_stand_under_the_reason_with_what_was_compared_marked() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        for (code, payee) in [
            ("99012120260001", "剑阁县甲建筑有限公司"),
            ("99012120260002", "剑阁县乙建筑有限公司"),
        ] {
            paid(&county, &mut clerk, code, payee).await;
        }
        county.screen().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        // One account, two names.
        let path = flag(&county, "K26", "99012120260001");
        let page = officer.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let sides = page.body.split("id=\"sides\"").nth(1).unwrap();
        for told in [
            "99012120260001",
            "99012120260002",
            "剑阁县甲建筑有限公司",
            "剑阁县乙建筑有限公司",
            "class=\"compared\">账号",
            "与另一方相同",
        ] {
            assert!(sides.contains(told), "{told}: {sides}");
        }
        // The account is compared and shown to nobody; nor is its hash.
        assert!(!page.body.contains("6217001234567890123"));
        // What is not compared is not marked.
        assert!(!sides.contains("class=\"compared\">凭证"), "{sides}");
        // The query stands there with the values it ran with.
        assert!(
            page.body.contains("<code>$shown = 50</code>"),
            "{}",
            page.body
        );
    });
}

#[test]
fn a_related_project_that_the_officer_may_not_read_is_not_shown() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        paid(
            &county,
            &mut clerk,
            "99012120260001",
            "剑阁县甲建筑有限公司",
        )
        .await;
        let mut far = county
            .house
            .signed_in("far", Role::Clerk, "990121004")
            .await;
        let token = far.token().await;
        let fields = [
            ("form_token", &*token),
            ("code", "99012120260002"),
            ("name", "坝"),
            ("kind", "infrastructure"),
            ("village", "990121004201"),
        ];
        let filed = far.post("/supervise/projects/new", &fields).await;
        let path = format!("{}/items/disbursement", filed.header("location"));
        let fields = [
            ("r.payments.1000000.date", "2025-07-05"),
            ("r.payments.1000000.amount", "29000"),
            ("r.payments.1000000.payee_name", "剑阁县乙建筑有限公司"),
            ("r.payments.1000000.account", "6217001234567890123"),
        ];
        let shown = far.get(&path).await;
        let saved = send(&mut far, &path, &form(&shown, &fields)).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        county.screen().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121003")
            .await;
        let path = flag(&county, "K26", "99012120260001");
        let page = officer.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let sides = page.body.split("id=\"sides\"").nth(1).unwrap();
        assert!(sides.contains("剑阁县甲建筑有限公司"), "{sides}");
        assert!(!sides.contains("99012120260002") && !sides.contains("剑阁县乙建筑有限公司"));
    });
}

#[test]
fn of_a_projects_own_row_what_was_compared_is_shown_and_no_list_that_was_only_read() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let code = "99012120260001";
        let project = paid(&county, &mut clerk, code, "剑阁县甲建筑有限公司").await;
        for (category, field, day) in [
            ("approval", "f.approval_date", "2025-03-14"),
            ("construction", "f.start_date", "2025-01-02"),
        ] {
            let path = format!("{project}/items/{category}");
            let shown = clerk.get(&path).await;
            let saved = send(&mut clerk, &path, &form(&shown, &[(field, day)])).await;
            assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        }
        county.screen().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        // Begun before it was approved.
        let page = officer.get(&flag(&county, "Q03", code)).await;
        let sides = page.body.split("id=\"sides\"").nth(1).unwrap();
        for told in ["2025-03-14", "2025-01-02", "class=\"compared\""] {
            assert!(sides.contains(told), "{told}: {sides}");
        }
        assert!(!sides.contains("渠</td>"), "{sides}");
    });
}
