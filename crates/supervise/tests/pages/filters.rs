//! Every filter of the queue narrows it to what it says.

use axum::http::StatusCode;
use kandeng_platform::account::Role;
use kandeng_platform::flag::{Confirm, Found, RuleRun, Sweep};
use kandeng_platform::{Text, flag::Flag};

use super::support::block_on;
use super::{County, form, send};

const ONE: &str = "99012120260001";
// The year of a project stands in its code.
const OTHER: &str = "99012120250002";

/// A doubt as a screening would raise it.
pub(super) fn doubt(rule: &str, severity: &str, subject: &str, yuan: i64) -> RuleRun {
    RuleRun {
        rule: rule.to_owned(),
        version: "v1".to_owned(),
        found: vec![Found {
            rule: rule.to_owned(),
            rule_version: "v1".to_owned(),
            severity: severity.to_owned(),
            subject_kind: "project".to_owned(),
            subject: subject.to_owned(),
            key: String::new(),
            fingerprint: subject.to_owned(),
            items: vec!["scale".to_owned()],
            related: Vec::new(),
            money_fen: Some(yuan * 100),
            registers: Some(Vec::new()),
            withheld: Vec::new(),
            figures: serde_json::json!({}),
            says: Text::new("疑点", "a doubt"),
        }],
        answers: std::collections::BTreeMap::new(),
    }
}

/// A project in a village, approved on a day, begun or not.
pub(super) async fn filed(
    county: &County,
    code: &str,
    village: &str,
    approved: &str,
    begun: Option<&str>,
) {
    let township = &village[..9];
    let mut clerk = county.house.signed_in(code, Role::Clerk, township).await;
    let token = clerk.token().await;
    let fields = [
        ("form_token", &*token),
        ("code", code),
        ("name", "渠"),
        ("kind", "infrastructure"),
        ("village", village),
    ];
    let made = clerk.post("/supervise/projects/new", &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    let project = made.header("location").to_owned();
    let approval = ("approval", "f.approval_date", Some(approved));
    let construction = ("construction", "f.start_date", begun);
    for (category, field, value) in [approval, construction] {
        let Some(value) = value else { continue };
        let path = format!("{project}/items/{category}");
        let shown = clerk.get(&path).await;
        let saved = send(&mut clerk, &path, &form(&shown, &[(field, value)])).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    }
}

#[test]
fn each_filter_keeps_what_it_says_and_nothing_else() {
    block_on(async {
        let county = County::new().await;
        filed(
            &county,
            ONE,
            "990121003201",
            "2025-03-14",
            Some("2025-04-01"),
        )
        .await;
        filed(&county, OTHER, "990121004201", "2024-03-14", None).await;
        let platform = county.house.site.platform();
        let runs = [
            doubt("K98", "medium", ONE, 500_000),
            doubt("K99", "low", OTHER, 20_000),
        ];
        let sweep = Sweep::new(platform);
        sweep.take(&runs, &county.house.cx()).await.unwrap();
        let stage = |code: &str| -> String {
            let of = "select stage from projects where code = ?1";
            platform
                .query(|connection| connection.query_row(of, [code], |row| row.get(0)))
                .unwrap()
        };
        let (one, other) = (stage(ONE), stage(OTHER));
        assert_ne!(one, other);
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let queue = officer.get("/supervise/desk").await.body;
        assert!(queue.contains(ONE) && queue.contains(OTHER));
        for (kept, gone, filters) in [
            (
                ONE,
                OTHER,
                vec![
                    "place=990121003".to_owned(),
                    "rule=K98".to_owned(),
                    "severity=medium".to_owned(),
                    format!("stage={one}"),
                    "year=2026".to_owned(),
                    "from=20000.01".to_owned(),
                    "rule=K98&year=2026&place=990121".to_owned(),
                ],
            ),
            (
                OTHER,
                ONE,
                vec![
                    "place=990121004".to_owned(),
                    "rule=K99".to_owned(),
                    "severity=low".to_owned(),
                    format!("stage={other}"),
                    "year=2025".to_owned(),
                    "to=20000".to_owned(),
                    "from=19999&to=20001".to_owned(),
                ],
            ),
        ] {
            for filter in filters {
                let page = officer.get(&format!("/supervise/desk?{filter}")).await.body;
                assert!(page.contains(kept) && !page.contains(gone), "{filter}");
            }
        }
        // By state: what is confirmed stands there and not among the open ones.
        let stream: String = platform
            .query(|connection| {
                let of = "select stream from flags where rule = 'K98'";
                connection.query_row(of, [], |row| row.get(0))
            })
            .unwrap();
        let stream: kandeng_ledger::StreamName = stream.parse().unwrap();
        platform
            .append(&county.house.cx(), |plan| {
                plan.decide::<Flag, _>(stream.clone(), Confirm { case: None })
            })
            .await
            .unwrap();
        for (state, has) in [
            ("open", false),
            ("confirmed", true),
            ("dismissed", false),
            ("cleared", false),
        ] {
            let page = officer.get(&format!("/supervise/desk?state={state}")).await;
            assert_eq!(page.body.contains(ONE), has, "{state}");
        }
        // What makes no sense narrows nothing and breaks nothing.
        let odd = officer
            .get("/supervise/desk?year=soon&from=much&place=%27&state=x&rule=%25")
            .await;
        assert_eq!(odd.status, StatusCode::OK);
    });
}

#[test]
fn a_search_without_a_hit_says_so_and_an_empty_county_says_how_to_begin() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.house.signed_in("gu", Role::Clerk, "990121100").await;
        let page = clerk.get("/supervise/projects").await.body;
        assert!(page.contains("这里还没有项目"), "{page}");
        for query in ["text=%E6%B8%A0", "stage=building", "year=2020"] {
            let page = clerk
                .get(&format!("/supervise/projects?{query}"))
                .await
                .body;
            assert!(page.contains("没有符合条件的项目"), "{query}: {page}");
            assert!(
                page.contains("<a href=\"/supervise/projects\">查看全部项目</a>"),
                "{page}"
            );
        }
    });
}
