//! A rule's parameter: what another value would change is seen before it is saved, and it is confidential.

use axum::http::StatusCode;
use kandeng_platform::account::Role;

use super::support::{Browser, Seen, block_on};
use super::{County, form, send};

/// A project that paid a little less than the limit of ¥50,000 three times within a month, to one payee.
async fn often_paid(county: &County, clerk: &mut Browser<'_>, code: &str) -> String {
    let project = county.file(clerk, code, "三组产业路硬化").await;
    let path = format!("{project}/items/disbursement");
    for (row, day) in [("1000000", "02"), ("1000001", "09"), ("1000002", "16")] {
        let names = ["date", "amount", "payee_name", "voucher"];
        let names = names.map(|name| format!("r.payments.{row}.{name}"));
        let date = format!("2025-07-{day}");
        let voucher = format!("PZ-{code}-{day}");
        let fields = [
            (&*names[0], &*date),
            (&*names[1], "47000"),
            (&*names[2], "剑阁县某某建筑有限公司"),
            (&*names[3], &*voucher),
        ];
        let shown = clerk.get(&path).await;
        let saved = send(clerk, &path, &form(&shown, &fields)).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    }
    project
}

fn open(county: &County, rule: &str) -> u32 {
    let platform = county.house.site.platform();
    let count = "select count(*) from flags where rule = ?1 and state = 'open'";
    platform
        .query(|of| of.query_row(count, [rule], |row| row.get(0)))
        .unwrap()
}

async fn set(manager: &mut Browser<'_>, fields: &[(&str, &str)]) -> Seen {
    let token = manager.token().await;
    let mut all = vec![("form_token", &*token), ("name", "payments")];
    all.extend(fields);
    manager.post("/supervise/rules/K29/parameter", &all).await
}

#[test]
fn what_a_parameter_would_change_is_seen_before_it_is_saved_and_then_it_counts() {
    block_on(async {
        let mut county = County::new().await;
        {
            let mut clerk = county.clerk().await;
            often_paid(&county, &mut clerk, "99012120260001").await;
            county.screen().await;
            assert_eq!(open(&county, "K29"), 1);
            let mut manager = county
                .house
                .signed_in("manager", Role::Manager, "990121")
                .await;
            let page = manager.get("/supervise/rules/K29").await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.body);
            assert!(page.body.contains("<code>payments</code>"));
            // Saved without having been looked at, it is looked at first.
            let unseen = [
                ("value", "4"),
                ("was", "3"),
                ("save", "yes"),
                ("reason", "x"),
            ];
            let shown = set(&mut manager, &unseen).await;
            assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
            let preview = shown.body.split("id=\"preview\"").nth(1).unwrap();
            assert!(
                preview.contains("会消失</small><div class=\"num\">1</div>"),
                "{preview}"
            );
            assert!(
                preview.contains("会出现</small><div class=\"num\">0</div>"),
                "{preview}"
            );
            assert!(preview.contains("99012120260001"), "{preview}");
            county.screen().await;
            assert_eq!(open(&county, "K29"), 1, "nothing was saved");
            // Without a reason it is not saved.
            let silent = [
                ("value", "4"),
                ("seen", "4"),
                ("was", "3"),
                ("save", "yes"),
                ("reason", " "),
            ];
            let refused = set(&mut manager, &silent).await;
            assert!(
                refused.body.contains("请写明改动的理由"),
                "{}",
                refused.body
            );
            let said = [
                ("value", "4"),
                ("seen", "4"),
                ("was", "3"),
                ("save", "yes"),
                ("reason", "本县按季拨付"),
            ];
            let saved = set(&mut manager, &said).await;
            assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
            county.screen().await;
            assert_eq!(open(&county, "K29"), 0);
            let page = manager.get("/supervise/rules/K29").await.body;
            assert!(page.contains("本县按季拨付"), "{page}");
            // Somebody who looked before that does not overwrite it.
            let late = [
                ("value", "5"),
                ("seen", "5"),
                ("was", "3"),
                ("save", "yes"),
                ("reason", "x"),
            ];
            let refused = set(&mut manager, &late).await;
            assert!(refused.body.contains("刚被别人改过"), "{}", refused.body);
        }
        // Started again, the node screens with the value that was set.
        county.restart();
        county.screen().await;
        assert_eq!(open(&county, "K29"), 0);
    });
}

#[test]
fn a_value_of_another_kind_and_a_value_no_rule_runs_with_are_refused_without_being_repeated() {
    block_on(async {
        let county = County::new().await;
        let mut manager = county
            .house
            .signed_in("manager", Role::Manager, "990121")
            .await;
        for wrong in ["three", "0.5", "[1]", "", "1 }, evil = {"] {
            let refused = set(&mut manager, &[("value", wrong), ("was", "3")]).await;
            assert!(
                refused.body.contains("不是这个参数的值"),
                "{wrong}: {}",
                refused.body
            );
        }
        let token = manager.token().await;
        let other = [("form_token", &*token), ("name", "colour"), ("value", "1")];
        let none = manager.post("/supervise/rules/K29/parameter", &other).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        let none = manager.get("/supervise/rules/K999").await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn only_a_manager_of_the_whole_county_changes_a_parameter_and_no_filer_sees_one() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = often_paid(&county, &mut clerk, "99012120260001").await;
        let fields = [
            ("value", "7777"),
            ("seen", "7777"),
            ("was", "3"),
            ("save", "yes"),
            ("reason", "x"),
        ];
        for (name, role, place) in [
            ("officer", Role::Officer, "990121"),
            ("auditor", Role::Auditor, "990121"),
            ("township", Role::Manager, "990121003"),
        ] {
            let mut other = county.house.signed_in(name, role, place).await;
            let page = other.get("/supervise/rules/K29").await;
            assert!(page.body.contains("<code>payments</code>"), "{name}");
            assert!(!page.body.contains("/parameter"), "{name}");
            assert_eq!(
                set(&mut other, &fields).await.status,
                StatusCode::NOT_FOUND,
                "{name}"
            );
        }
        let mut manager = county
            .house
            .signed_in("manager", Role::Manager, "990121")
            .await;
        assert_eq!(
            set(&mut manager, &fields).await.status,
            StatusCode::SEE_OTHER
        );
        county.screen().await;
        for path in [
            "/supervise/rules/K29",
            "/supervise/rules",
            &project,
            &format!("{project}/items/disbursement"),
        ] {
            let seen = clerk.get(path).await;
            assert!(!seen.body.contains("7777"), "{path}");
        }
        assert_eq!(
            clerk.get("/supervise/rules/K29").await.status,
            StatusCode::NOT_FOUND
        );
    });
}

#[test]
fn what_officers_decided_on_what_would_go_is_told_before_a_value_is_saved() {
    block_on(async {
        use kandeng_platform::flag::{Confirm, Flag};

        let county = County::new().await;
        let mut clerk = county.clerk().await;
        for code in ["99012120260001", "99012120260002"] {
            often_paid(&county, &mut clerk, code).await;
        }
        county.screen().await;
        let platform = county.house.site.platform();
        let stream: String = platform
            .query(|of| {
                let stream = "select stream from flags where rule = 'K29' order by subject limit 1";
                of.query_row(stream, [], |row| row.get(0))
            })
            .unwrap();
        let stream: kandeng_ledger::StreamName = stream.parse().unwrap();
        platform
            .append(&county.house.cx(), |plan| {
                plan.decide::<Flag, _>(stream.clone(), Confirm { case: None })
            })
            .await
            .unwrap();
        let mut manager = county
            .house
            .signed_in("manager", Role::Manager, "990121")
            .await;
        let shown = set(&mut manager, &[("value", "4"), ("was", "3")]).await;
        let preview = shown.body.split("id=\"preview\"").nth(1).unwrap();
        assert!(
            preview.contains(
                "会消失</small><div class=\"num\">2</div><small>其中已认定属实 1 条,已排除 0 条"
            ),
            "{preview}"
        );
        let shown = set(&mut manager, &[("value", "2"), ("was", "3")]).await;
        let preview = shown.body.split("id=\"preview\"").nth(1).unwrap();
        assert!(
            preview.contains(
                "不变</small><div class=\"num\">2</div><small>其中已认定属实 1 条,已排除 0 条"
            ),
            "{preview}"
        );
    });
}
