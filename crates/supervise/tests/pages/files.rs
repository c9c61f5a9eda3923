//! Bringing filings in and taking them out.

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::Role;

use super::County;
use super::support::{Browser, Seen, block_on};

const HEAD: &str = "项目编码,项目名称,项目类型,村(社区)代码,批复总投资\n";

async fn upload(browser: &mut Browser<'_>, name: &str, text: &str) -> Seen {
    let token = browser.token().await;
    let body = format!(
        "--lamp\r\ncontent-disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--lamp\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: text/csv\r\n\r\n\
         {text}\r\n--lamp--\r\n"
    );
    send(browser, body).await
}

async fn send(browser: &mut Browser<'_>, body: String) -> Seen {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/supervise/import")
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=lamp");
    browser.send(request, body).await
}

#[test]
fn a_file_is_shown_before_it_is_taken_and_taken_whole() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let rows = "99012120260001,=HYPERLINK(\"x\")路,基础设施,990121003201,60万元\n\
                    99012120260002,<b>渠</b>,基础设施,990121003202,不知道\n";
        let read = upload(&mut clerk, "projects.csv", &format!("{HEAD}{rows}")).await;
        assert_eq!(read.status, StatusCode::SEE_OTHER, "{}", read.body);
        let report = read.header("location").to_owned();
        let page = clerk.get(&report).await;
        assert!(page.body.contains("99012120260001") && page.body.contains("99012120260002"));
        assert!(!page.body.contains("<b>渠"));
        let cells = clerk.get(&format!("{report}?code=99012120260002")).await;
        assert!(cells.body.contains("第 3 行"), "{}", cells.body);
        // The file itself is gone already: numbers of people may stand in it.
        assert_eq!(std::fs::read_dir(county.uploads.path()).unwrap().count(), 0);
        // Nothing is there before it is taken, and nobody else sees the report.
        assert!(
            !clerk
                .get("/supervise/projects")
                .await
                .body
                .contains("99012120260001")
        );
        let mut other = county
            .house
            .signed_in("other", Role::Clerk, "990121003")
            .await;
        assert_eq!(other.get(&report).await.status, StatusCode::NOT_FOUND);
        let token = clerk.token().await;
        let answer = clerk
            .post(&format!("{report}/take"), &[("form_token", &token)])
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let list = clerk.get("/supervise/projects").await;
        assert!(list.body.contains("99012120260001") && list.body.contains("60.00 万元"));
        // The same file once more changes nothing, and says so.
        let again = upload(&mut clerk, "projects.csv", &format!("{HEAD}{rows}")).await;
        let page = clerk.get(again.header("location")).await;
        assert!(page.body.contains("没有要改的"), "{}", page.body);
        // A changed one says what changes.
        let changed = rows.replace("60万元", "61万元");
        let again = upload(&mut clerk, "projects.csv", &format!("{HEAD}{changed}")).await;
        let report = again.header("location").to_owned();
        let page = clerk.get(&format!("{report}?code=99012120260001")).await;
        assert!(
            page.body.contains("610000") && !page.body.contains("没有要改的"),
            "{}",
            page.body
        );
        let dropped = clerk
            .post(&format!("{report}/discard"), &[("form_token", &token)])
            .await;
        assert_eq!(dropped.status, StatusCode::SEE_OTHER);
        assert_eq!(clerk.get(&report).await.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_file_with_a_project_elsewhere_is_not_taken_at_all() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let rows = "99012120260001,路,基础设施,990121003201,60万元\n\
                    99012120260002,渠,基础设施,990121004201,60万元\n";
        let read = upload(&mut clerk, "projects.csv", &format!("{HEAD}{rows}")).await;
        let report = read.header("location").to_owned();
        let page = clerk.get(&report).await;
        assert!(page.body.contains("不在你的管辖范围内") && !page.body.contains("/take\""));
        let token = clerk.token().await;
        let answer = clerk
            .post(&format!("{report}/take"), &[("form_token", &token)])
            .await;
        let page = clerk.get(answer.header("location")).await;
        assert!(page.body.contains("不在你的管辖范围内"));
        assert!(
            !clerk
                .get("/supervise/projects")
                .await
                .body
                .contains("99012120260001")
        );
    });
}

#[test]
fn a_file_that_names_a_project_elsewhere_tells_nothing_of_what_is_filed_there() {
    block_on(async {
        let county = County::new().await;
        let mut elsewhere = county
            .house
            .signed_in("elsewhere", Role::Clerk, "990121004")
            .await;
        let token = elsewhere.token().await;
        let fields = [
            ("form_token", &*token),
            ("code", "99012120260001"),
            ("name", "青石沟核桃园"),
            ("kind", "infrastructure"),
            ("village", "990121004201"),
        ];
        let filed = elsewhere.post("/supervise/projects/new", &fields).await;
        assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.body);
        let mut clerk = county.clerk().await;
        let row = "99012120260001,猜,农业产业,990121003201,60万元\n";
        let read = upload(&mut clerk, "projects.csv", &format!("{HEAD}{row}")).await;
        let report = read.header("location").to_owned();
        for path in [report.clone(), format!("{report}?code=99012120260001")] {
            let page = clerk.get(&path).await;
            assert!(page.body.contains("不在你的管辖范围内"), "{}", page.body);
            assert!(!page.body.contains("青石沟"), "{}", page.body);
        }
        // Nor does it say of a single cell whether it was guessed.
        for guess in ["青石沟核桃园", "别的"] {
            let text = format!("项目编码,项目名称\n99012120260001,{guess}\n");
            let read = upload(&mut clerk, "projects.csv", &text).await;
            let page = clerk.get(read.header("location")).await;
            assert!(
                page.body.contains("不在你的管辖范围内") && !page.body.contains("没有要改的"),
                "{guess}: {}",
                page.body
            );
        }
    });
}

#[test]
fn what_is_no_file_of_filings_is_refused_kindly_and_nothing_is_taken() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        for (name, text) in [
            ("photo.jpg", "\u{ff}\u{d8}"),
            ("projects.csv", ""),
            ("projects.xlsx", "PK"),
        ] {
            let read = upload(&mut clerk, name, text).await;
            assert_eq!(
                read.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{name}: {}",
                read.body
            );
            assert!(read.body.contains("role=\"alert\""), "{name}");
        }
        // Cut off in the middle.
        let token = clerk.token().await;
        let cut = format!(
            "--lamp\r\ncontent-disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--lamp\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"projects.csv\"\r\n\r\n{HEAD}9901"
        );
        let answer = send(&mut clerk, cut).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
        assert!(answer.body.contains("没有完整送达"));
        let left = std::fs::read_dir(county.uploads.path()).unwrap();
        assert_eq!(left.count(), 0);
        // 500 MB is refused before any of it is taken.
        let request = Request::builder()
            .method(Method::POST)
            .uri("/supervise/import")
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_LENGTH, 500_u64 << 20)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=lamp");
        let answer = clerk.send(request, String::new()).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
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
fn an_export_holds_what_one_may_see_and_leaves_a_trace() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        for (kind, begins, ending) in [("workbook", "PK", "xlsx"), ("csv", "PK", "zip")] {
            let path = format!("/supervise/export/file?kind={kind}");
            let file = clerk.get(&path).await;
            assert_eq!(file.status, StatusCode::OK, "{}", file.body);
            assert!(file.body.starts_with(begins));
            let disposition = file.header("content-disposition").to_owned();
            assert!(disposition.contains(ending), "{disposition}");
        }
        for kind in ["oc4ids", "oc4ids-public"] {
            let path = format!("/supervise/export/file?kind={kind}");
            let package = clerk.get(&path).await;
            let read: serde_json::Value = serde_json::from_str(&package.body).unwrap();
            assert_eq!(read["version"], "0.9");
            assert_eq!(read["projects"].as_array().unwrap().len(), 1);
            assert_eq!(read["projects"][0]["title"], "三组产业路硬化");
            let disposition = package.header("content-disposition").to_owned();
            assert!(disposition.contains("oc4ids.json"), "{disposition}");
            // The standard has no package of nothing.
            let none = clerk.get(&format!("{path}&year=1999")).await;
            assert!(none.body.contains("没有项目"), "{}", none.body);
        }
        let mut auditor = county
            .house
            .signed_in("audit", Role::Auditor, "990121")
            .await;
        let trace = auditor.get("/readings").await;
        assert!(
            trace.body.contains("workbook") && trace.body.contains("王clerk"),
            "{}",
            trace.body
        );
        assert_eq!(
            auditor.get("/supervise/export").await.status,
            StatusCode::NOT_FOUND
        );
    });
}
