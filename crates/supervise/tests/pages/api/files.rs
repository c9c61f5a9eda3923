//! Files by programs: brought in whole or not at all, taken out with a trace.

use axum::http::StatusCode;
use kandeng_platform::account::{Role, Scopes};
use serde_json::json;

use super::super::County;
use super::super::support::block_on;
use super::{Program, clerk, filed};

const HEAD: &str = "项目编码,项目名称,项目类型,村(社区)代码,批复总投资\n";
const ROWS: &str = "99012120260001,三组路,基础设施,990121003201,60万元\n\
                    99012120260002,四组渠,基础设施,990121003202,不知道\n";

#[test]
fn a_file_is_read_told_of_and_taken_once() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let read = clerk.upload("projects.csv", &format!("{HEAD}{ROWS}")).await;
        assert_eq!(read.status, StatusCode::CREATED, "{read:?}");
        assert_eq!(
            (&read.body["new"], &read.body["unread"]),
            (&json!(2), &json!(1))
        );
        let report = read.location.clone();
        assert_eq!(
            clerk.get(&report).await.body["projects"],
            read.body["projects"]
        );
        let part = clerk.get(&format!("{report}?limit=1")).await;
        assert_eq!(
            (
                &part.body["next"],
                part.body["projects"].as_array().unwrap().len()
            ),
            (&json!(1), 1)
        );
        let cells = clerk
            .get(&format!("{report}/projects/99012120260002"))
            .await;
        let cells = cells.body["changes"].as_array().unwrap();
        assert!(
            cells
                .iter()
                .any(|cell| cell["row"] == 3 && cell["unread"]["zh"].is_string()),
            "{cells:?}"
        );
        let none = clerk.get(&format!("{report}/projects/nothing")).await;
        none.is(StatusCode::NOT_FOUND, "not-found");
        assert_eq!(
            clerk.get("/api/supervise/imports").await.body["imports"][0]["id"],
            read.body["id"]
        );
        // Nobody else's business, and nothing is there yet.
        let mut other = Program::of(&county, "other", Role::Clerk, "990121003").await;
        other
            .get(&report)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        assert_eq!(clerk.get("/api/supervise/projects").await.body["total"], 0);
        let take = format!("{report}/take");
        other
            .post(&take, json!({}))
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        let taken = clerk.post_as(2, &take, json!({})).await;
        assert_eq!(
            (taken.status, &taken.body["changed"]),
            (StatusCode::OK, &json!(true)),
            "{taken:?}"
        );
        let again = clerk.post_as(2, &take, json!({})).await;
        assert_eq!(again.body, taken.body);
        assert_eq!(clerk.get("/api/supervise/projects").await.body["total"], 2);
        // Without the key it is gone.
        clerk
            .post(&take, json!({}))
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
    });
}

#[test]
fn a_file_that_lies_elsewhere_or_is_none_is_not_taken() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let none = clerk.upload("projects.xlsx", "no workbook").await;
        none.is(StatusCode::CONFLICT, "file-refused");
        let there = "99012120260003,别处,基础设施,990122001001,1万元\n";
        let read = clerk
            .upload("projects.csv", &format!("{HEAD}{there}"))
            .await;
        assert_eq!(
            read.body["elsewhere"],
            json!(["99012120260003"]),
            "{read:?}"
        );
        let report = read.location;
        let taken = clerk.post(&format!("{report}/take"), json!({})).await;
        taken.is(StatusCode::CONFLICT, "import-elsewhere");
        assert_eq!(clerk.delete(&report).await.status, StatusCode::NO_CONTENT);
        clerk
            .get(&report)
            .await
            .is(StatusCode::NOT_FOUND, "not-found");
        let json = clerk.post("/api/supervise/imports", json!({})).await;
        assert_eq!(json.status, StatusCode::BAD_REQUEST, "{json:?}");
        clerk.key(Scopes::new()).await;
        let reading = clerk.upload("projects.csv", &format!("{HEAD}{ROWS}")).await;
        reading.is(StatusCode::FORBIDDEN, "beyond-scope");
    });
}

#[test]
fn what_goes_out_leaves_a_trace() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let mut auditor = Program::reading(&county, "auditor", Role::Auditor, "990121").await;
        // An auditor reads, and takes nothing out.
        let not_theirs = auditor.get("/api/supervise/exports").await;
        not_theirs.is(StatusCode::NOT_FOUND, "not-found");
        let mut officer = Program::reading(&county, "officer", Role::Officer, "990121").await;
        let links = officer.get("/api/supervise/exports").await;
        let links = links.body["exports"].as_array().unwrap();
        assert_eq!(links.len(), 4);
        let package = "/api/supervise/exports/file?kind=oc4ids";
        let empty = officer.get(package).await;
        empty.is(StatusCode::CONFLICT, "nothing-to-export");
        filed(&mut clerk, "99012120260001").await;
        let file = officer.get(package).await;
        assert_eq!(file.status, StatusCode::OK, "{file:?}");
        assert!(file.body.to_string().contains("99012120260001"));
        for link in links {
            let file = officer.get(link["href"].as_str().unwrap()).await;
            assert_eq!(file.status, StatusCode::OK, "{link}");
        }
        // Compressed as browsers ask for it, it is whole too.
        let compressed = officer.get_with(package, "accept-encoding", "gzip").await;
        assert_eq!(compressed.status, StatusCode::OK, "{compressed:?}");
        let readings = auditor.get("/api/readings").await;
        let reading = &readings.body["readings"][0];
        assert_eq!(
            (&reading["what"], &reading["actor"]),
            (&json!("export"), &json!(officer.account))
        );
        let unknown = officer.get("/api/supervise/exports/file?kind=pdf").await;
        assert_eq!(
            (unknown.status, &unknown.body["field"]),
            (StatusCode::BAD_REQUEST, &json!("kind"))
        );
    });
}
