//! Files of any size and kind through the page: worked on beside the request, seen, left, stopped, taken whole.

use std::time::Duration;

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::Role;
use serde_json::json;

use super::County;
use super::support::{Browser, Seen, block_on};

/// Sends a file; `waits`: the answer waits a moment for what is done soon.
async fn upload(browser: &mut Browser<'_>, name: &str, text: &str, waits: bool) -> Seen {
    let token = browser.token().await;
    let body = format!(
        "--lamp\r\ncontent-disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--lamp\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n--lamp--\r\n"
    );
    send(browser, body, waits).await
}

async fn send(browser: &mut Browser<'_>, body: String, waits: bool) -> Seen {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/supervise/import")
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=lamp");
    let request = if waits {
        request
    } else {
        request.header("prefer", "respond-async")
    };
    browser.send(request, body).await
}

/// So many projects, as CSV.
fn projects(count: usize) -> String {
    let mut text = "项目编码,项目名称,项目类型,村(社区)代码,批复总投资\n".to_owned();
    for number in 0..count {
        text.push_str(&format!(
            "9901212026{number:06},路{number},基础设施,990121003201,60万元\n"
        ));
    }
    text
}

/// Looks again until it is done.
async fn done(browser: &mut Browser<'_>, report: &str) -> Seen {
    loop {
        let page = browser.get(report).await;
        if !page.body.contains("data-import=") {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn files(county: &County) -> usize {
    std::fs::read_dir(county.uploads.path()).unwrap().count()
}

#[test]
fn fifty_thousand_rows_are_worked_on_in_sight_and_taken_in_one_piece() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let sent = upload(&mut clerk, "projects.csv", &projects(50_000), false).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let report = sent.header("location").to_owned();
        // Without a script the page asks again by itself; with one it is told, and does not.
        let page = clerk.get(&report).await;
        assert!(page.body.contains("<progress"), "{}", page.body);
        assert_eq!(page.header("refresh"), "3");
        let live = clerk.get(&format!("{report}?live=1")).await;
        assert!(live.body.contains("data-import=") && live.header("refresh").is_empty());
        // Whoever leaves finds it again; nobody else does.
        let list = clerk.get("/supervise/import").await;
        assert!(
            list.body.contains(&report) && list.body.contains("正在处理"),
            "{}",
            list.body
        );
        let mut other = county
            .house
            .signed_in("other", Role::Clerk, "990121003")
            .await;
        for path in [report.clone(), format!("{report}/progress")] {
            assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
        }
        // The stream says how far it is until there is something else to see.
        let told = clerk.get(&format!("{report}/progress")).await;
        assert!(told.body.contains("event: progress"), "{}", told.body);
        assert!(
            told.body.contains("event: done\ndata: 1\n"),
            "{}",
            told.body
        );
        let page = done(&mut clerk, &report).await;
        assert!(page.body.contains("50000"), "{}", page.body);
        assert_eq!(files(&county), 0);
        let token = clerk.token().await;
        let answer = clerk
            .post(&format!("{report}/take"), &[("form_token", &token)])
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let end = done(&mut clerk, &report).await;
        assert_eq!(end.header("location"), "/supervise/projects?newest=1");
        let list = clerk.get("/supervise/projects?newest=1").await;
        assert!(
            list.body.contains("50000") || list.body.contains("50,000"),
            "{}",
            list.body
        );
        // One append: the first project and the last stand in one batch, of one moment.
        let platform = county.house.site.platform();
        let moments: i64 = platform
            .query(|of| {
                of.query_row("select count(distinct filed_at) from projects", [], |row| {
                    row.get(0)
                })
            })
            .unwrap();
        assert_eq!(moments, 1);
    });
}

#[test]
fn a_file_that_is_worked_on_can_be_stopped_and_leaves_nothing() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let before = county
            .house
            .site
            .platform()
            .ledger()
            .checkpoint()
            .unwrap()
            .size;
        let sent = upload(&mut clerk, "projects.csv", &projects(50_000), false).await;
        let report = sent.header("location").to_owned();
        let token = clerk.token().await;
        let stopped = clerk
            .post(&format!("{report}/discard"), &[("form_token", &token)])
            .await;
        assert_eq!(stopped.header("location"), "/supervise/import");
        assert_eq!(clerk.get(&report).await.status, StatusCode::NOT_FOUND);
        // The worker sees it at the next thousand rows, and lets the file go.
        while files(&county) > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(
            county
                .house
                .site
                .platform()
                .ledger()
                .checkpoint()
                .unwrap()
                .size,
            before
        );
        assert!(
            !clerk
                .get("/supervise/projects")
                .await
                .body
                .contains("9901212026")
        );
    });
}

#[test]
fn taking_can_be_stopped_and_is_all_or_nothing() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let sent = upload(&mut clerk, "projects.csv", &projects(20_000), true).await;
        let report = sent.header("location").to_owned();
        done(&mut clerk, &report).await;
        let token = clerk.token().await;
        let take = Request::builder()
            .method(Method::POST)
            .uri(format!("{report}/take"))
            .header(header::ACCEPT, "text/html")
            .header("sec-fetch-site", "same-origin")
            .header("prefer", "respond-async")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        clerk.send(take, format!("form_token={token}")).await;
        clerk
            .post(&format!("{report}/discard"), &[("form_token", &token)])
            .await;
        let end = done(&mut clerk, &report).await;
        let count: i64 = county
            .house
            .site
            .platform()
            .query(|of| of.query_row("select count(*) from projects", [], |row| row.get(0)))
            .unwrap();
        if end.status == StatusCode::UNPROCESSABLE_ENTITY {
            assert!(end.body.contains("已取消"), "{}", end.body);
            assert_eq!(count, 0);
        } else {
            assert_eq!(end.header("location"), "/supervise/projects?newest=1");
            assert_eq!(count, 20_000);
        }
    });
}

#[test]
fn a_file_that_is_too_large_or_cut_off_leaves_nothing() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        // Without a length: counted while it arrives.
        let sent = upload(&mut clerk, "projects.csv", &"x".repeat(65 << 20), true).await;
        assert_eq!(sent.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", sent.body);
        let token = clerk.token().await;
        let cut = format!(
            "--lamp\r\ncontent-disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--lamp\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"projects.csv\"\r\n\r\n{}",
            projects(100)
        );
        assert_eq!(
            send(&mut clerk, cut, true).await.status,
            StatusCode::BAD_REQUEST
        );
        assert_eq!(files(&county), 0);
        let list = clerk.get("/supervise/import").await;
        assert!(!list.body.contains("/supervise/import/"), "{}", list.body);
    });
}

#[test]
fn what_is_wrong_with_a_file_is_told_by_its_own_name() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let place = county.uploads.path().display().to_string();
        for (name, text) in [
            ("large.csv", "项目编码\n9901\n"),
            ("projects.csv", "备注\n一\n"),
            ("picture.jpg", "x"),
        ] {
            let sent = upload(&mut clerk, name, text, true).await;
            assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
            assert!(sent.body.contains(name), "{}", sent.body);
            assert!(!sent.body.contains(&place), "{}", sent.body);
        }
    });
}

#[test]
fn a_package_of_open_data_is_shown_field_by_field_with_its_paths() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let package = json!({"version": "0.9", "uri": "urn:x", "publishedDate": "2026-01-01T00:00:00Z",
            "publisher": {"name": "x"}, "projects": [
                {"id": "99012120260001", "title": "<b>路</b>", "status": "implementation", "purpose": "出行",
                    "budget": {"amount": {"amount": 600_000, "currency": "CNY"}},
                    "completion": {"finalValue": {"amount": 100, "currency": "USD"}},
                    "locations": [{"id": "1", "gazetteer": {"scheme": "CN-DIVISION", "identifiers": ["990121003201"]}}]}]});
        let sent = upload(&mut clerk, "projects.json", &package.to_string(), true).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let report = sent.header("location").to_owned();
        let page = clerk.get(&format!("{report}?code=99012120260001")).await;
        for shown in [
            "/projects/0/budget/amount/amount",
            "600000",
            "/projects/0/completion/finalValue",
            "USD",
            "没有当作元",
            "/projects/0/purpose",
            "42 项信息中没有这一项",
        ] {
            assert!(page.body.contains(shown), "{shown}: {}", page.body);
        }
        assert!(!page.body.contains("<b>路"));
        let list = clerk.get("/supervise/projects").await;
        assert!(
            !list.body.contains("99012120260001"),
            "nothing before somebody agrees"
        );
        let token = clerk.token().await;
        clerk
            .post(&format!("{report}/take"), &[("form_token", &token)])
            .await;
        let list = clerk.get("/supervise/projects").await;
        assert!(list.body.contains("99012120260001") && list.body.contains("60.00 万元"));
        let again = upload(&mut clerk, "projects.json", &package.to_string(), true).await;
        let page = clerk.get(again.header("location")).await;
        assert!(page.body.contains("没有要改的"), "{}", page.body);
        // What is no package says where.
        let wrong = package.to_string().replace("\"0.9\"", "\"0.5\"");
        let sent = upload(&mut clerk, "projects.json", &wrong, true).await;
        assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(sent.body.contains("/version") && sent.body.contains("role=\"alert\""));
        assert_eq!(files(&county), 0);
    });
}

#[test]
fn more_than_is_taken_at_a_time_is_refused_with_the_bound() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        for (count, told) in [(250_001, "超过 250000 行"), (50_001, "超过 50000 个项目")] {
            let sent = upload(&mut clerk, "projects.csv", &projects(count), false).await;
            let page = done(&mut clerk, sent.header("location")).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(
                page.body.contains(told) && page.body.contains("分成几份"),
                "{}",
                page.body
            );
        }
        assert_eq!(files(&county), 0);
    });
}

/// A package of files.
fn packed(files: &[(&str, &str)]) -> Vec<u8> {
    let mut package = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        let options = zip::write::SimpleFileOptions::default();
        package.start_file(*name, options).unwrap();
        std::io::Write::write_all(&mut package, text.as_bytes()).unwrap();
    }
    package.finish().unwrap().into_inner()
}

#[test]
fn a_package_with_two_files_of_one_name_is_refused_and_none_is_lost() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let (one, two) = (projects(3), projects(5));
        let twice = packed(&[("2024/projects.csv", &one), ("2025/Projects.csv", &two)]);
        let sent =
            super::photos::upload(&mut clerk, "/supervise/import", &[], &[("a.zip", &twice)]).await;
        assert_eq!(
            sent.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            sent.body
        );
        assert!(sent.body.contains("同名"), "{}", sent.body);
        assert_eq!(files(&county), 0);
    });
}

#[test]
fn many_files_at_once_hold_no_more_than_there_is_room_for() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let text = projects(20);
        let many = (0..14).map(|number| {
            let mut same = county.house.browser();
            same.cookie.clone_from(&clerk.cookie);
            let (name, text) = (format!("{number}/projects.csv"), text.clone());
            async move { upload(&mut same, &name, &text, true).await.status }
        });
        futures::future::join_all(many).await;
        let list = clerk.get("/supervise/import").await;
        let waiting = list.body.matches("href=\"/supervise/import/").count();
        assert!((1..=8).contains(&waiting), "{waiting}: {}", list.body);
        // Whoever goes on gives up their own oldest, and nobody is shut out by it.
        for _ in 0..10 {
            let sent = upload(&mut clerk, "projects.csv", &text, true).await;
            assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        }
    });
}

#[test]
fn whoever_goes_away_while_a_file_is_taken_leaves_it_taken_or_waiting() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = super::api::clerk(&county).await;
        let sent = clerk.upload("projects.csv", &projects(3_000)).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{sent:?}");
        let path = format!("{}/take", sent.location);
        let take = clerk.post(&path, json!({}));
        // The append is under way when the connection goes.
        let gone = tokio::time::timeout(Duration::from_millis(1), take).await;
        assert!(gone.is_err(), "it was not under way");
        for _ in 0..200 {
            let list = clerk.get("/api/supervise/imports").await.body.to_string();
            if !list.contains("\"taking\"") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nobody works on it, and it waits for nobody");
    });
}
