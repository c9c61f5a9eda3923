//! A small county that was worked on until there is something on every page, and who works there.

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::account::Role;

use super::County;
use super::registers::{companies, doubtful_project_of, officials};
use super::support::{Browser, House};

/// Whose browser is where in the list.
pub(crate) const STRANGER: usize = 0;
pub(crate) const CLERK: usize = 1;
pub(crate) const OFFICER: usize = 2;
pub(crate) const MANAGER: usize = 3;
pub(crate) const ADMIN: usize = 4;
pub(crate) const AUDITOR: usize = 5;

/// Nobody in particular, and somebody of each role.
pub(crate) async fn people(house: &House) -> Vec<Browser<'_>> {
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
    people
}

/// Where things are, each by its path.
pub(crate) struct Worked {
    pub project: String,
    /// A doubt of the filing alone.
    pub flag: String,
    /// One that rests on registers.
    pub confided: String,
    pub case: String,
    /// It waits for the lead's consent.
    pub question: String,
    /// A file that waits to be taken.
    pub report: String,
    pub view: String,
    pub register: String,
    /// The clerk's account.
    pub account: String,
    /// A token of the officer's.
    pub key: String,
    /// The secret of a link.
    pub invitation: String,
}

const HEAD: &str = "项目编码,项目名称,项目类型,村(社区)代码,批复总投资\n";

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

/// What the read model says of an id, without the kind of a stream, behind a path.
fn at(county: &County, path: &str, sql: &str) -> String {
    let platform = county.house.site.platform();
    let id: String = platform
        .query(|connection| connection.query_row(sql, [], |row| row.get(0)))
        .unwrap();
    format!("{path}/{}", id.rsplit('/').next().unwrap())
}

/// Works on the county.
pub(crate) async fn worked(county: &County, people: &mut [Browser<'_>]) -> Worked {
    doubtful_project_of(county, &mut people[CLERK]).await;
    officials(&mut people[MANAGER]).await;
    companies(&mut people[MANAGER]).await;
    county.screen().await;
    let of_flags = |rule: &str| {
        let sql = format!("select stream from flags where rule {rule} order by rule limit 1");
        at(county, "/supervise/flags", &sql)
    };
    let confided = of_flags("= 'K15'");
    let officer = &mut people[OFFICER];
    let token = officer.token().await;
    let fields = [("form_token", &*token)];
    let opened = officer.post(&format!("{confided}/verify"), &fields).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
    let case = opened.header("location").to_owned();
    let text = "请说明承建单位的依据。";
    let question = [
        ("form_token", &*token),
        ("text", text),
        ("send", "yes"),
        ("seen", text),
    ];
    let sent = officer.post(&format!("{confided}/ask"), &question).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let view = [
        ("form_token", &*token),
        ("name", "重点"),
        ("severity", "high"),
    ];
    officer.post("/supervise/desk/views", &view).await;
    let page = officer.get("/supervise/desk").await.body;
    let (_, view) = page.split_once("/supervise/desk/views/").unwrap();
    let view = format!("/supervise/desk/views/{}", view.split('/').next().unwrap());
    let key = [
        ("form_token", &*token),
        ("label", "报表"),
        ("scope", "file"),
        ("days", "30"),
    ];
    officer.post("/account/keys", &key).await;
    let page = officer.get("/account/keys").await.body;
    let (_, key) = page.split_once("action=\"/account/keys/").unwrap();
    let key = format!("/account/keys/{}", key.split('/').next().unwrap());
    let report = brought(&mut people[CLERK]).await;
    let invited = county.house.invited("new", Role::Clerk, "990121003001");
    Worked {
        project: at(
            county,
            "/supervise/projects",
            "select id from projects order by code limit 1",
        ),
        flag: of_flags("<> 'K15'"),
        confided,
        case,
        question: at(
            county,
            "/supervise/questions",
            "select id from questions limit 1",
        ),
        report,
        view,
        register: at(
            county,
            "/supervise/registers",
            "select upload from register_uploads where state = 'in-force' limit 1",
        ),
        account: at(
            county,
            "/people",
            "select account from account_grants where role = 'clerk' order by account limit 1",
        ),
        key,
        invitation: invited.await,
    }
}
