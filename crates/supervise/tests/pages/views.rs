//! Views of the queue: kept under a name, opened, renamed, deleted, and nobody else's business.

use axum::http::StatusCode;
use kandeng_platform::account::Role;

use super::County;
use super::support::{Browser, block_on};

async fn keep(officer: &mut Browser<'_>, name: &str, severity: &str) -> super::support::Seen {
    let token = officer.token().await;
    let fields = [
        ("form_token", &*token),
        ("name", name),
        ("severity", severity),
        ("place", "990121003"),
    ];
    officer.post("/supervise/desk/views", &fields).await
}

/// The addresses of the views that a page links to.
fn links(body: &str) -> Vec<String> {
    let Some(nav) = body.split("<nav class=\"views\"").nth(1) else {
        return Vec::new();
    };
    let nav = nav.split("</nav>").next().unwrap();
    let links = nav.split("<a href=\"").skip(1);
    links
        .map(|rest| rest.split('"').next().unwrap().replace("&#38;", "&"))
        .collect()
}

/// The path of the first view's form of that kind.
fn form_of(body: &str, act: &str) -> String {
    let end = body.find(&format!("/{act}\"")).unwrap();
    let start = body[..end].rfind("/supervise/desk/views/").unwrap();
    body[start..=end + act.len()].to_owned()
}

#[test]
fn a_view_is_kept_opened_renamed_and_deleted_by_whoever_kept_it() {
    block_on(async {
        let county = County::new().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let kept = keep(&mut officer, "白龙镇<i>", "high").await;
        assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
        let desk = officer.get("/supervise/desk").await.body;
        assert!(desk.contains("白龙镇&#60;i&#62;"), "{desk}");
        let opened = officer.get(&links(&desk)[0]).await.body;
        assert!(opened.contains("value=\"high\" selected"), "{opened}");
        assert!(opened.contains("aria-current=\"page\">白龙镇"), "{opened}");
        // Another officer sees nothing of it, and cannot touch it.
        let mut other = county
            .house
            .signed_in("other", Role::Officer, "990121")
            .await;
        let (rename, delete) = (form_of(&desk, "rename"), form_of(&desk, "delete"));
        assert!(links(&other.get("/supervise/desk").await.body).is_empty());
        let token = other.token().await;
        let theirs = [("form_token", &*token), ("name", "x")];
        for path in [&rename, &delete] {
            assert_eq!(
                other.post(path, &theirs).await.status,
                StatusCode::NOT_FOUND
            );
        }
        let token = officer.token().await;
        let named = [("form_token", &*token), ("name", "南边 乡镇")];
        let renamed = officer.post(&rename, &named).await;
        assert_eq!(renamed.status, StatusCode::SEE_OTHER, "{}", renamed.body);
        let desk = officer.get("/supervise/desk").await.body;
        assert!(desk.contains("南边 乡镇") && !desk.contains("白龙镇&#60;"));
        let gone = officer.post(&delete, &[("form_token", &*token)]).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
        let desk = officer.get("/supervise/desk").await.body;
        assert!(links(&desk).is_empty());
        assert_eq!(
            officer.post(&rename, &named).await.status,
            StatusCode::NOT_FOUND
        );
    });
}

#[test]
fn views_have_a_name_each_and_are_not_kept_without_end() {
    block_on(async {
        let county = County::new().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let long = "长".repeat(41);
        for wrong in ["", " ", &*long] {
            let refused = keep(&mut officer, wrong, "high").await;
            assert!(refused.body.contains("请给视图起名"), "{wrong}");
        }
        let plain = {
            let token = officer.token().await;
            let fields = [("form_token", &*token), ("name", "全部")];
            officer.post("/supervise/desk/views", &fields).await
        };
        assert!(plain.body.contains("请先筛选"), "{}", plain.body);
        for number in 1..=20 {
            let kept = keep(&mut officer, &format!("视图 {number}"), "high").await;
            assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
        }
        let twice = keep(&mut officer, "视图 7", "low").await;
        assert!(!twice.status.is_redirection());
        let more = keep(&mut officer, "再一个", "low").await;
        assert!(more.body.contains("最多保存 20 个视图"), "{}", more.body);
        // What was typed is still there.
        assert!(more.body.contains("value=\"再一个\""));
        assert_eq!(links(&more.body).len(), 20);
        // An auditor reads the queue and keeps nothing.
        let mut auditor = county
            .house
            .signed_in("auditor", Role::Auditor, "990121")
            .await;
        let kept = keep(&mut auditor, "我的", "high").await;
        assert_eq!(kept.status, StatusCode::NOT_FOUND);
    });
}
