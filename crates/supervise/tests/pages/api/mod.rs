//! The scene's operations for programs: each well used, refused, from elsewhere, sent again, with a key that reads only.

mod cases;
mod coverage;
mod decisions;
mod declared;
mod document;
mod evidence;
mod files;
mod filing;
mod officers;
mod people;
mod projects;
mod registers;
mod scopes;
mod vouching;

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::{NewKey, Role, Scope, Scopes};
use serde_json::{Value, json};
use uuid::Uuid;

use super::County;
use super::photos::multipart;
use super::support::{Browser, Seen};

/// A program with somebody's key.
pub(crate) struct Program<'c> {
    browser: Browser<'c>,
    pub(crate) account: Uuid,
}

/// What a program got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) location: String,
}

impl Got {
    /// The last part of a problem's type.
    pub(crate) fn problem(&self) -> &str {
        let kind = self.body["type"].as_str().unwrap_or_default();
        kind.rsplit('/').next().unwrap()
    }

    /// Refused so.
    pub(crate) fn is(&self, status: StatusCode, problem: &str) {
        assert_eq!((self.status, self.problem()), (status, problem), "{self:?}");
    }
}

impl<'c> Program<'c> {
    /// Of a new account with that role.
    pub(crate) async fn of(county: &'c County, login: &str, role: Role, place: &str) -> Self {
        Self::with(county, login, role, place, Scope::ALL.into()).await
    }

    /// The same, with a key that reads only.
    pub(crate) async fn reading(county: &'c County, login: &str, role: Role, place: &str) -> Self {
        Self::with(county, login, role, place, Scopes::new()).await
    }

    async fn with(
        county: &'c County,
        login: &str,
        role: Role,
        place: &str,
        scopes: Scopes,
    ) -> Self {
        let house = &county.house;
        house.enrolled(login, role, place).await;
        let account = house.newest_account().await;
        let mut program = Self {
            browser: house.browser(),
            account,
        };
        program.key(scopes).await;
        program
    }

    /// Comes with another key of the same account.
    pub(crate) async fn key(&mut self, scopes: Scopes) {
        let house = self.browser.house;
        let new = NewKey {
            label: "报表".to_owned(),
            scopes,
            days: 30,
        };
        let mut cx = house.cx();
        cx.actor = self.account;
        let key = house.site.people().make_key(&new, &cx).await.unwrap();
        self.browser.bearer = Some(key);
    }

    pub(crate) async fn get(&mut self, path: &str) -> Got {
        let request = Request::builder().method(Method::GET).uri(path);
        got(self.browser.send(request, String::new()).await)
    }

    /// With a header, too.
    pub(crate) async fn get_with(&mut self, path: &str, name: &str, value: &str) -> Got {
        let request = Request::builder().method(Method::GET).uri(path);
        got(self
            .browser
            .send(request.header(name, value), String::new())
            .await)
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Got {
        self.send(Method::POST, path, None, body).await
    }

    /// With a key of the command, so that it can be sent again.
    pub(crate) async fn post_as(&mut self, key: u128, path: &str, body: Value) -> Got {
        self.send(Method::POST, path, Some(key), body).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Got {
        self.send(Method::DELETE, path, None, json!({})).await
    }

    async fn send(&mut self, method: Method, path: &str, key: Option<u128>, body: Value) -> Got {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", Uuid::from_u128(key).to_string());
        }
        got(self.browser.send(request, body.to_string()).await)
    }

    /// Uploads a file of filings.
    pub(crate) async fn upload(&mut self, name: &str, text: &str) -> Got {
        let files = [(name, text.as_bytes())];
        self.form("/api/supervise/imports", None, &[], &files).await
    }

    /// Sends a form with fields and files, perhaps with a key of the command.
    pub(crate) async fn form(
        &mut self,
        path: &str,
        key: Option<u128>,
        fields: &[(&str, &str)],
        files: &[(&str, &[u8])],
    ) -> Got {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=lamp");
        if let Some(key) = key {
            request = request.header("idempotency-key", Uuid::from_u128(key).to_string());
        }
        got(self.browser.send(request, multipart(fields, files)).await)
    }

    /// What a file is answered with.
    pub(crate) async fn file(&mut self, path: &str) -> Seen {
        let request = Request::builder().method(Method::GET).uri(path);
        self.browser.send(request, String::new()).await
    }
}

fn got(seen: Seen) -> Got {
    Got {
        status: seen.status,
        location: seen.header("location").to_owned(),
        body: serde_json::from_str(&seen.body).unwrap_or(Value::Null),
    }
}

/// A village of the township that clerks of these tests work in.
pub(crate) const VILLAGE: &str = "990121003201";

pub(crate) async fn clerk(county: &County) -> Program<'_> {
    Program::of(county, "clerk", Role::Clerk, "990121003").await
}

pub(crate) async fn officer(county: &County) -> Program<'_> {
    Program::of(county, "officer", Role::Officer, "990121").await
}

/// What is sent to file a project.
pub(crate) fn new_project(code: &str) -> Value {
    json!({ "code": code, "fields": {
        "name": "三组产业路硬化", "kind": "infrastructure", "village_code": VILLAGE,
    } })
}

/// Files a project, and gives its address.
pub(crate) async fn filed(clerk: &mut Program<'_>, code: &str) -> String {
    let made = clerk
        .post("/api/supervise/projects", new_project(code))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    made.location
}

/// A project whose start lies before its approval: the rules for filers find that, and officers see it.
pub(crate) async fn doubtful(county: &County, clerk: &mut Program<'_>, code: &str) -> String {
    let project = filed(clerk, code).await;
    let fields = json!({ "fields": {
        "owner_name": "石泉村村民委员会", "scale": "1200", "scale_unit": "平方米",
        "approval_date": "2025-03-14", "approved_budget": "600000", "start_date": "2025-01-02",
    } });
    let changed = clerk.post(&format!("{project}/items"), fields).await;
    assert_eq!(changed.status, StatusCode::OK, "{changed:?}");
    county.screen().await;
    project
}

/// The address of the first flag of the queue.
pub(crate) async fn first_flag(officer: &mut Program<'_>) -> String {
    let queue = officer.get("/api/supervise/queue").await;
    assert_eq!(queue.status, StatusCode::OK, "{queue:?}");
    let flag = queue.body["subjects"][0]["flags"][0]["id"].as_str();
    format!("/api/supervise/flags/{}", flag.unwrap())
}
