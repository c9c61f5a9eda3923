//! Every page as it is rendered for a small county, in Chinese and English, beside the one that is kept in
//! `tests/snapshots`. With `KANDENG_WRITE_SNAPSHOTS=1` they are written anew: read the difference before it is committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::http::{Method, StatusCode};

use super::County;
use super::rendered::{difference, rendered};
use super::support::block_on;
use super::worked::{ADMIN, AUDITOR, CLERK, MANAGER, OFFICER, STRANGER, Worked, people, worked};

/// A page: the route as it is declared, what the file is called, who looks, and where.
struct Shot {
    route: &'static str,
    name: &'static str,
    who: usize,
    path: String,
}

/// Routes that are asked with GET and answer no page.
const NO_PAGES: [(&str, &str); 8] = [
    ("/", "/"),
    ("/healthz", "/healthz"),
    ("/readyz", "/readyz"),
    ("/assets/{*name}", ""),
    ("/supervise/projects/{id}/evidence/{file}", ""),
    ("/supervise/projects/{id}/evidence/{file}/preview", ""),
    ("/supervise/import/{id}/progress", ""),
    ("/supervise/export/file", "/supervise/export/file?kind=csv"),
];

/// It goes on for as long as a page stands open.
const ENDLESS: &str = "/supervise/events";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

/// Where the pages of a county are that was worked on.
fn shots(of: &Worked) -> Vec<Shot> {
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
            &format!("/invitation/{}", of.invitation),
        ),
        plain("/account", "account", OFFICER),
        plain("/account/keys", "keys", OFFICER),
        plain("/account/passkeys", "passkeys", OFFICER),
        plain("/people", "people", ADMIN),
        plain("/supervise/projects", "projects", CLERK),
        plain("/supervise/projects/new", "new-project", CLERK),
        shot(of_project, "project-clerk", CLERK, &of.project),
        shot(of_project, "project-officer", OFFICER, &of.project),
        shot(
            of_category,
            "category",
            CLERK,
            &format!("{}/items/tendering", of.project),
        ),
        shot(
            "/supervise/projects/{id}/items/{category}/files/{item}",
            "files",
            CLERK,
            &format!("{}/items/construction/files/site_photos", of.project),
        ),
        shot(
            "/supervise/projects/{id}/removed",
            "removed",
            MANAGER,
            &format!("{}/removed", of.project),
        ),
        shot(
            "/supervise/projects/{id}/items/{category}/boundary",
            "boundary",
            CLERK,
            &format!("{}/items/construction/boundary", of.project),
        ),
        shot(
            of_item,
            "history",
            CLERK,
            &format!("{}/history/contractor", of.project),
        ),
        plain("/supervise/import", "import", CLERK),
        shot("/supervise/import/{id}", "import-report", CLERK, &of.report),
        plain("/supervise/export", "export", CLERK),
        plain("/supervise/questions", "questions", MANAGER),
        plain("/supervise/desk", "desk", OFFICER),
        shot(of_flag, "flag", OFFICER, &of.flag),
        shot(of_flag, "flag-confided", OFFICER, &of.confided),
        shot(of_flag, "flag-reason", AUDITOR, &of.confided),
        plain("/supervise/cases", "cases", OFFICER),
        shot(of_case, "case", OFFICER, &of.case),
        shot(of_case, "case-reason", AUDITOR, &of.case),
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
        let house = &county.house;
        let mut people = people(house).await;
        let shots = shots(&worked(&county, &mut people).await);
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
        let house = &county.house;
        let mut people = people(house).await;
        let shots = shots(&worked(&county, &mut people).await);
        let mut mighty = house.mighty("wang").await;
        for route in &house.declared {
            // What programs are answered, and the page to read of it, are told by the document of the API, which has its own
            // tests.
            let is_of_the_api = route.path.starts_with("/api");
            if route.method != Method::GET || route.path == ENDLESS || is_of_the_api {
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
