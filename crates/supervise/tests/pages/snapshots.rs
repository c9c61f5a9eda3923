//! Every page as it is rendered for a small county, in Chinese and English, beside the one that is kept in
//! `tests/snapshots`. With `KANDENG_WRITE_SNAPSHOTS=1` they are written anew: read the difference before it is committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::Role;

use super::County;
use super::registers::{companies, doubtful_project, officials};
use super::rendered::{difference, rendered};
use super::support::{Browser, block_on};

/// A page: the route as it is declared, what the file is called, who looks, and where.
struct Shot {
    route: &'static str,
    name: &'static str,
    who: usize,
    path: String,
}

/// Who looks.
const STRANGER: usize = 0;
const CLERK: usize = 1;
const OFFICER: usize = 2;
const MANAGER: usize = 3;
const ADMIN: usize = 4;
const AUDITOR: usize = 5;

/// Routes that are asked with GET and answer no page.
const NO_PAGES: [(&str, &str); 8] = [
    ("/", "/"),
    ("/healthz", "/healthz"),
    ("/readyz", "/readyz"),
    ("/assets/{*name}", ""),
    ("/api/openapi.json", "/api/openapi.json"),
    ("/api/me", "/api/me"),
    ("/api/readings", "/api/readings"),
    ("/supervise/export/file", "/supervise/export/file?kind=csv"),
];

/// It goes on for as long as a page stands open.
const ENDLESS: &str = "/supervise/events";

const HEAD: &str = "项目编码,项目名称,项目类型,村(社区)代码,批复总投资\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

/// Where a file of two projects waits to be taken, one of them with a cell that cannot be read.
async fn brought(browser: &mut Browser<'_>) -> String {
    let token = browser.token().await;
    let rows = "99012120260008,桥,基础设施,990121003201,60万元\n\
                99012120260009,<b>渠</b>,基础设施,990121003202,不知道\n";
    let part = "--lamp\r\ncontent-disposition: form-data; name=";
    let body = format!(
        "{part}\"form_token\"\r\n\r\n{token}\r\n{part}\"file\"; filename=\"projects.csv\"\r\n\
         content-type: text/csv\r\n\r\n{HEAD}{rows}\r\n--lamp--\r\n"
    );
    let request = Request::builder()
        .method(Method::POST)
        .uri("/supervise/import")
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=lamp");
    let answer = browser.send(request, body).await;
    answer.header("location").to_owned()
}

/// An id in the read model, without the kind of a stream.
fn id_of(county: &County, sql: &str) -> String {
    let platform = county.house.site.platform();
    let id: String = platform
        .query(|connection| connection.query_row(sql, [], |row| row.get(0)))
        .unwrap();
    id.rsplit('/').next().unwrap().to_owned()
}

/// Works on the county until there is something on every page, and says where the pages are.
async fn shots(county: &County, people: &mut [Browser<'_>]) -> Vec<Shot> {
    officials(&mut people[MANAGER]).await;
    companies(&mut people[MANAGER]).await;
    county.screen().await;
    let flag = |rule: &str| {
        let sql = format!("select stream from flags where rule = '{rule}'");
        id_of(county, &sql)
    };
    let officer = &mut people[OFFICER];
    let matched = format!("/supervise/flags/{}", flag("K15"));
    let token = officer.token().await;
    let fields = [("form_token", &*token)];
    let opened = officer.post(&format!("{matched}/verify"), &fields).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
    let case = opened.header("location").to_owned();
    let text = "请说明承建单位的依据。";
    let question = [
        ("form_token", &*token),
        ("text", text),
        ("send", "yes"),
        ("seen", text),
    ];
    let sent = officer.post(&format!("{matched}/ask"), &question).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let view = [
        ("form_token", &*token),
        ("name", "重点"),
        ("severity", "high"),
    ];
    officer.post("/supervise/desk/views", &view).await;
    let key = [
        ("form_token", &*token),
        ("label", "报表"),
        ("scope", "read"),
        ("days", "30"),
    ];
    officer.post("/account/keys", &key).await;
    let report = brought(&mut people[CLERK]).await;
    let invitation = county
        .house
        .invited("new", Role::Clerk, "990121003001")
        .await;
    let project = id_of(county, "select id from projects order by code limit 1");
    let project = format!("/supervise/projects/{project}");
    let other = id_of(
        county,
        "select stream from flags where rule <> 'K15' order by rule limit 1",
    );
    let shot = |route, name, who, path: &str| Shot {
        route,
        name,
        who,
        path: path.to_owned(),
    };
    let of_project = "/supervise/projects/{id}";
    let of_category = "/supervise/projects/{id}/items/{category}";
    let of_item = "/supervise/projects/{id}/history/{item}";
    let of_flag = "/supervise/flags/{id}";
    let of_case = "/supervise/cases/{id}";
    let plain = |path, name, who| shot(path, name, who, path);
    vec![
        plain("/sign-in", "sign-in", STRANGER),
        shot(
            "/invitation/{token}",
            "invitation",
            STRANGER,
            &format!("/invitation/{invitation}"),
        ),
        plain("/account", "account", OFFICER),
        plain("/account/keys", "keys", OFFICER),
        plain("/account/passkeys", "passkeys", OFFICER),
        plain("/people", "people", ADMIN),
        plain("/api", "api", OFFICER),
        plain("/supervise/projects", "projects", CLERK),
        plain("/supervise/projects/new", "new-project", CLERK),
        shot(of_project, "project-clerk", CLERK, &project),
        shot(of_project, "project-officer", OFFICER, &project),
        shot(
            of_category,
            "category",
            CLERK,
            &format!("{project}/items/tendering"),
        ),
        shot(
            of_item,
            "history",
            CLERK,
            &format!("{project}/history/contractor"),
        ),
        plain("/supervise/import", "import", CLERK),
        shot("/supervise/import/{id}", "import-report", CLERK, &report),
        plain("/supervise/export", "export", CLERK),
        plain("/supervise/questions", "questions", MANAGER),
        plain("/supervise/desk", "desk", OFFICER),
        shot(
            of_flag,
            "flag",
            OFFICER,
            &format!("/supervise/flags/{other}"),
        ),
        shot(of_flag, "flag-confided", OFFICER, &matched),
        shot(of_flag, "flag-reason", AUDITOR, &matched),
        plain("/supervise/cases", "cases", OFFICER),
        shot(of_case, "case", OFFICER, &case),
        shot(of_case, "case-reason", AUDITOR, &case),
        plain("/supervise/numbers", "numbers", MANAGER),
        plain("/supervise/rules", "rules", MANAGER),
        shot(
            "/supervise/rules/{rule}",
            "rule",
            MANAGER,
            "/supervise/rules/K29",
        ),
        plain("/supervise/registers", "registers", MANAGER),
        plain("/supervise/declaration", "declaration", ADMIN),
        plain("/readings", "readings", AUDITOR),
    ]
}

#[test]
fn every_page_is_as_it_was_looked_at_last() {
    block_on(async {
        let county = County::new().await;
        doubtful_project(&county).await;
        let house = &county.house;
        let mut people = vec![house.browser()];
        for (login, role, place) in [
            ("zhou", Role::Clerk, "990121003"),
            ("li", Role::Officer, "990121"),
            ("boss", Role::Manager, "990121"),
            ("he", Role::Administrator, "990121"),
            ("shen", Role::Auditor, "990121"),
        ] {
            people.push(house.signed_in(login, role, place).await);
        }
        let shots = shots(&county, &mut people).await;
        // What leaves a trace has left it before the traces are looked at.
        for shot in &shots {
            people[shot.who].get(&shot.path).await;
        }
        let writes = std::env::var_os("KANDENG_WRITE_SNAPSHOTS").is_some();
        let mut wrong = String::new();
        let mut written = BTreeSet::new();
        for language in ["zh", "en"] {
            for shot in &shots {
                let browser = &mut people[shot.who];
                browser.language = Some(language.to_owned());
                let seen = browser.get(&shot.path).await;
                assert_eq!(seen.status, StatusCode::OK, "{}: {}", shot.name, seen.body);
                assert!(seen.header("content-type").starts_with("text/html"));
                let token = shot.path.strip_prefix("/invitation/");
                let secrets = [
                    (token.unwrap_or_default().to_owned(), "INVITATION"),
                    (seen.field("totp").unwrap_or_default(), "SECRET"),
                    (took(&seen.body).to_owned(), " · T "),
                ];
                let now = rendered(&seen.body, &secrets);
                let file = folder().join(language).join(format!("{}.html", shot.name));
                if writes {
                    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                    std::fs::write(&file, &now).unwrap();
                }
                let kept = std::fs::read_to_string(&file).unwrap_or_default();
                if kept != now {
                    let told = difference(&kept, &now);
                    wrong.push_str(&format!("{}\n{told}", file.display()));
                }
                written.insert(file);
            }
        }
        for language in ["zh", "en"] {
            for file in std::fs::read_dir(folder().join(language)).unwrap() {
                let file = file.unwrap().path();
                if !written.contains(&file) {
                    wrong.push_str(&format!("{}: no page is called so\n", file.display()));
                }
            }
        }
        assert!(
            wrong.is_empty(),
            "pages are not as they were; if they are to be so, run this with KANDENG_WRITE_SNAPSHOTS=1\n{wrong}"
        );
    });
}

/// How long the last screening took, as the desk says it.
fn took(body: &str) -> &str {
    let end = [" 秒 · ", " s · "]
        .into_iter()
        .find_map(|unit| body.find(unit).map(|at| at + 1));
    let start = end.and_then(|end| body[..end].rfind(" · "));
    match (start, end) {
        (Some(start), Some(end)) => &body[start..end],
        _ => "",
    }
}

#[test]
fn every_route_that_answers_a_page_has_a_snapshot() {
    block_on(async {
        let county = County::new().await;
        doubtful_project(&county).await;
        let house = &county.house;
        let mut people = vec![house.browser()];
        for (login, role) in [
            ("zhou", Role::Clerk),
            ("li", Role::Officer),
            ("boss", Role::Manager),
            ("he", Role::Administrator),
            ("shen", Role::Auditor),
        ] {
            people.push(house.signed_in(login, role, "990121").await);
        }
        let shots = shots(&county, &mut people).await;
        let mut mighty = house.mighty("wang").await;
        for route in &house.declared {
            if route.method != Method::GET || route.path == ENDLESS {
                continue;
            }
            if shots.iter().any(|shot| shot.route == route.path) {
                continue;
            }
            let found = NO_PAGES.iter().find(|(path, _)| *path == route.path);
            let Some((path, at)) = found else {
                panic!(
                    "{} has no snapshot: say in shots() where it stands",
                    route.path
                );
            };
            if at.is_empty() {
                continue;
            }
            let seen = mighty.get(at).await;
            assert!(
                seen.status == StatusCode::OK || seen.status.is_redirection(),
                "{path}: {} {}",
                seen.status,
                seen.body
            );
            let kind = seen.header("content-type");
            assert!(!kind.starts_with("text/html"), "{path} is a page");
        }
        // None is told to have a snapshot that is no route any more.
        for shot in &shots {
            let mut declared = house.declared.iter();
            assert!(
                declared.any(|route| route.path == shot.route),
                "{}",
                shot.route
            );
        }
    });
}
