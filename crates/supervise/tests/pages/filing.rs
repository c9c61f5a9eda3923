//! Filing and vouching.

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::Role;

use super::support::block_on;
use super::{County, form, send};

#[test]
fn a_clerk_files_sees_what_is_doubtful_and_mends_it() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        let page = clerk.get(&project).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert!(page.body.contains("三组产业路硬化"));
        // What its stage asks for and is not there is red, with the sentence.
        assert!(
            page.body.contains("class=\"item doubt\" id=\"item-owner\""),
            "{}",
            page.body
        );

        let category = format!("{project}/items/approval");
        let shown = clerk.get(&category).await;
        let fields = form(
            &shown,
            &[
                ("f.approved_budget", "60万元"),
                ("f.approval_date", "2025年3月14日"),
            ],
        );
        let saved = send(&mut clerk, &category, &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let shown = clerk.get(&category).await;
        assert!(
            shown.body.contains("value=\"60万元\""),
            "what was typed stays as it was typed"
        );
        let page = clerk.get(&project).await;
        assert!(
            page.body.contains("60.00 万元"),
            "pages write money as people do"
        );

        // A start before the approval is doubtful in its place, and is no more once it is mended.
        let category = format!("{project}/items/construction");
        let shown = clerk.get(&category).await;
        let fields = form(&shown, &[("f.start_date", "2025-01-02")]);
        send(&mut clerk, &category, &fields).await;
        let shown = clerk.get(&category).await;
        let doubt = "class=\"field doubt\" data-field=\"f.start_date\"";
        assert!(shown.body.contains(doubt), "{}", shown.body);
        let fields = form(&shown, &[("f.start_date", "2025-05-18")]);
        send(&mut clerk, &category, &fields).await;
        assert!(!clerk.get(&category).await.body.contains(doubt));

        let history = clerk.get(&format!("{project}/history/start_date")).await;
        assert!(history.body.contains("2025-01-02") && history.body.contains("2025-05-18"));
        assert!(history.body.contains("王clerk"));
    });
}

#[test]
fn a_script_is_told_what_a_field_comes_to() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        let category = format!("{project}/items/disbursement");
        let shown = clerk.get(&category).await;
        let fields = form(
            &shown,
            &[
                ("r.payments.1000000.amount", "12.5万"),
                ("r.payments.1000000.date", "2025-07-05"),
                ("r.payments.1000001.payee_id", "51010119900101001X"),
            ],
        );
        let mut sent = form_urlencoded::Serializer::new(String::new());
        sent.extend_pairs(&fields);
        let request = Request::builder()
            .method(Method::POST)
            .uri(&*category)
            .header(header::ACCEPT, "application/json")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = clerk.send(request, sent.finish()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            told["rows"],
            serde_json::json!([["payments", 1_000_000, 1], ["payments", 1_000_001, 2]])
        );
        assert!(told["editions"]["payments"].as_u64().unwrap() > 1);
        // A number of a person is on no page, and stays when the form is sent again without it.
        let shown = clerk.get(&category).await;
        assert!(!shown.body.contains("19900101"), "{}", shown.body);
        assert!(shown.body.contains("已填,不显示"));
        let fields = form(&shown, &[("r.payments.2.payee_id", "")]);
        send(&mut clerk, &category, &fields).await;
        assert!(clerk.get(&category).await.body.contains("已填,不显示"));
        let fields = form(&shown, &[("c.r.payments.2.payee_id", "1")]);
        send(&mut clerk, &category, &fields).await;
        assert!(!clerk.get(&category).await.body.contains("已填,不显示"));
    });
}

#[test]
fn the_second_of_two_clerks_sees_the_firsts_value_and_chooses() {
    block_on(async {
        let county = County::new().await;
        let mut one = county.clerk().await;
        let mut other = county
            .house
            .signed_in("other", Role::Clerk, "990121003")
            .await;
        let project = county
            .file(&mut one, "99012120260001", "三组产业路硬化")
            .await;
        let category = format!("{project}/items/profile");
        let first = one.get(&category).await;
        let second = other.get(&category).await;
        let fields = form(&first, &[("f.address", "三组村口")]);
        assert_eq!(
            send(&mut one, &category, &fields).await.status,
            StatusCode::SEE_OTHER
        );
        let fields = form(&second, &[("f.address", "五组水库"), ("f.scale", "7")]);
        let refused = send(&mut other, &category, &fields).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        // Both values are there: the first's to read, one's own in the field; nothing was lost.
        assert!(refused.body.contains("三组村口") && refused.body.contains("五组水库"));
        assert!(refused.body.contains("王clerk"));
        // A script that saves as one goes is told the same, as a problem document.
        let request = Request::builder()
            .method(Method::POST)
            .uri(&*category)
            .header(header::ACCEPT, "application/json")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let mut sent = form_urlencoded::Serializer::new(String::new());
        sent.extend_pairs(&fields);
        let told = other.send(request, sent.finish()).await;
        assert_eq!(told.status, StatusCode::CONFLICT);
        assert_eq!(told.header("content-type"), "application/problem+json");
        let told: serde_json::Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!(told["type"], "/problems/not-saved");
        assert_eq!(told["items"][0]["item"], "location");
        assert!(told["items"][0]["cells"].to_string().contains("三组村口"));
        let theirs = form(
            &refused,
            &[
                ("f.address", "五组水库"),
                ("f.scale", "7"),
                ("k.location", "theirs"),
            ],
        );
        assert_eq!(
            send(&mut other, &category, &theirs).await.status,
            StatusCode::SEE_OTHER
        );
        let page = other.get(&category).await;
        assert!(page.body.contains("value=\"三组村口\"") && page.body.contains("value=\"7\""));
        let mine = form(&page, &[("f.address", "五组水库")]);
        assert_eq!(
            send(&mut other, &category, &mine).await.status,
            StatusCode::SEE_OTHER
        );
        assert!(
            other
                .get(&category)
                .await
                .body
                .contains("value=\"五组水库\"")
        );
    });
}

#[test]
fn three_levels_vouch_and_a_change_after_that_shows() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let mut reviewer = county
            .house
            .signed_in("review", Role::Reviewer, "990121003")
            .await;
        let mut department = county
            .house
            .signed_in("accept", Role::Department, "990121")
            .await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        let profile = format!("{project}/items/profile");
        let token = clerk.token().await;
        let edition = clerk.get(&project).await.field("edition").unwrap();
        let fields = [("form_token", &*token), ("edition", &*edition)];
        // Nobody signs before the village has.
        let theirs = reviewer.token().await;
        let early = [("form_token", &*theirs), ("edition", &*edition)];
        let early = reviewer.post(&format!("{profile}/review"), &early).await;
        assert_eq!(early.status, StatusCode::CONFLICT, "{}", early.body);
        let done = clerk.post(&format!("{profile}/submit"), &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        // A clerk does not sign for the township: to them there is no such thing.
        let own = clerk.post(&format!("{profile}/review"), &fields).await;
        assert_eq!(own.status, StatusCode::NOT_FOUND);
        let fields = [("form_token", &*theirs), ("edition", &*edition)];
        let done = reviewer.post(&format!("{profile}/review"), &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let theirs = department.token().await;
        let fields = [("form_token", &*theirs), ("edition", &*edition)];
        let done = department.post(&format!("{profile}/accept"), &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let page = department.get(&project).await;
        assert_eq!(page.body.matches("签署有效").count(), 6, "{}", page.body);
        // The clerk mends something: every signature is for what stood there before.
        let shown = clerk.get(&profile).await;
        let changed = form(&shown, &[("f.scale", "1300")]);
        send(&mut clerk, &profile, &changed).await;
        let page = department.get(&project).await;
        assert_eq!(
            page.body.matches("签署后内容有改动").count(),
            3,
            "{}",
            page.body
        );
        assert!(!page.body.contains("签署有效"));
    });
}

#[test]
fn a_category_is_given_back_with_its_reason() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let mut reviewer = county
            .house
            .signed_in("review", Role::Reviewer, "990121003")
            .await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        let profile = format!("{project}/items/profile");
        let token = clerk.token().await;
        let edition = clerk.get(&project).await.field("edition").unwrap();
        let fields = [("form_token", &*token), ("edition", &*edition)];
        clerk.post(&format!("{profile}/submit"), &fields).await;
        let theirs = reviewer.token().await;
        let back = |level, reason| {
            [
                ("form_token", theirs.clone()),
                ("edition", edition.clone()),
                ("level", level),
                ("reason", reason),
            ]
            .map(|(name, value): (&str, String)| (name.to_owned(), value))
        };
        // Not for a level that one has no hand in.
        let path = format!("{profile}/return");
        let other = back("department".to_owned(), "缺决议".to_owned());
        assert_eq!(
            send(&mut reviewer, &path, &other).await.status,
            StatusCode::NOT_FOUND
        );
        let done = back("township".to_owned(), "缺少<b>决议</b>附件".to_owned());
        assert_eq!(
            send(&mut reviewer, &path, &done).await.status,
            StatusCode::SEE_OTHER
        );
        let page = clerk.get(&project).await;
        assert!(page.body.contains("缺少&#60;b&#62;决议"), "{}", page.body);
        assert!(!page.body.contains("<b>决议"));
    });
}

#[test]
fn whatever_is_typed_is_text_on_every_page() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let nasty = "<script>alert(1)</script>\"'&=HYPERLINK(\"x\")";
        let project = county.file(&mut clerk, "99012120260001", nasty).await;
        let long = "ئۇيغۇرچە 🎋".repeat(800);
        let category = format!("{project}/items/profile");
        let shown = clerk.get(&category).await;
        let fields = form(&shown, &[("f.address", &*long), ("f.owner_name", nasty)]);
        assert_eq!(
            send(&mut clerk, &category, &fields).await.status,
            StatusCode::SEE_OTHER
        );
        for path in [
            &project,
            &category,
            &format!("{project}/history/owner"),
            "/supervise/projects",
        ] {
            let page = clerk.get(path).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(!page.body.contains("<script>alert"), "{path}");
            assert!(page.body.contains("alert(1)"), "{path}");
        }
        assert!(clerk.get(&category).await.body.contains(&long));
    });
}

#[test]
fn a_project_is_filed_where_one_may_file_and_nowhere_else() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let token = clerk.token().await;
        let mut fields = vec![
            ("form_token", &*token),
            ("code", "99012120260001"),
            ("name", "别处"),
            ("village", "990121004201"),
        ];
        let elsewhere = clerk.post("/supervise/projects/new", &fields).await;
        assert_eq!(elsewhere.status, StatusCode::OK);
        assert!(elsewhere.body.contains("不在你的管辖范围内") && elsewhere.body.contains("别处"));
        fields[3].1 = "990121003201";
        let here = clerk.post("/supervise/projects/new", &fields).await;
        assert_eq!(here.status, StatusCode::SEE_OTHER);
        let project = here.header("location").to_owned();
        // Nor is it moved there afterwards, however its digits are written.
        let category = format!("{project}/items/profile");
        for village in ["990121004201", "９９０１２１００４２０１", " 990121 004201"] {
            let shown = clerk.get(&category).await;
            let moved = form(&shown, &[("f.village_code", village)]);
            let refused = send(&mut clerk, &category, &moved).await;
            assert_eq!(refused.status, StatusCode::CONFLICT, "{village}");
            assert!(refused.body.contains("不在你的管辖范围内"));
        }
        // The same code once more is refused, and what was typed stays.
        let twice = clerk.post("/supervise/projects/new", &fields).await;
        assert_eq!(twice.status, StatusCode::OK);
        assert!(
            twice.body.contains("role=\"alert\"")
                && twice.body.contains("value=\"99012120260001\"")
        );
        // To the clerk of another township it is not there.
        let mut other = county
            .house
            .signed_in("other", Role::Clerk, "990121004")
            .await;
        assert_eq!(other.get(&project).await.status, StatusCode::NOT_FOUND);
        assert!(
            !other
                .get("/supervise/projects")
                .await
                .body
                .contains("99012120260001")
        );
    });
}

#[test]
fn an_administrator_adds_an_item_and_old_filings_keep_theirs() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let before = county.file(&mut clerk, "99012120260001", "旧项目").await;
        let mut admin = county
            .house
            .signed_in("admin", Role::Administrator, "990121")
            .await;
        let page = admin.get("/supervise/declaration").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let token = admin.token().await;
        let mut add = vec![
            ("form_token", &*token),
            ("version", "1"),
            ("what", "add"),
            ("category", "approval"),
            ("key", "notice_date"),
            ("zh", "公示日期"),
            ("en", ""),
            ("field", "date"),
            ("stage", "filed"),
        ];
        let refused = admin.post("/supervise/declaration", &add).await;
        assert!(refused.body.contains("中文名、英文名") && refused.body.contains("notice_date"));
        add[6].1 = "Notice date";
        let done = admin.post("/supervise/declaration", &add).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        // Based on a version that is past: somebody else was first.
        let again = admin.post("/supervise/declaration", &add).await;
        assert!(again.body.contains("已被他人修改"), "{}", again.body);
        let after = county.file(&mut clerk, "99012120260002", "新项目").await;
        let of = async |clerk: &mut super::support::Browser<'_>, project: &str| {
            clerk.get(&format!("{project}/items/approval")).await.body
        };
        assert!(!of(&mut clerk, &before).await.contains("公示日期"));
        assert!(of(&mut clerk, &after).await.contains("f.notice_date"));
        assert_eq!(
            clerk.get("/supervise/declaration").await.status,
            StatusCode::NOT_FOUND
        );
    });
}
