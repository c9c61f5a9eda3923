//! Reading leaves a trace: of single doubts, and of what a rule matched in a register, which only the officers of the
//! case are told.

use axum::http::StatusCode;
use kandeng_platform::account::Role;

use super::County;
use super::registers::{companies, doubtful_project, officials};
use super::support::{Browser, Seen, block_on};

/// What only the officers of a case are told: it stands in the sentence of K15.
const MATCH: &str = "与公职人员或亲属登记相符";

/// What everybody else is.
const DOUBT: &str = "比对结果只在办件中告知经办人";

/// Who read what: kind, and whether a reason is there.
fn readings(county: &County, thing: &str) -> Vec<(String, String)> {
    let platform = county.house.site.platform();
    platform
        .query(|connection| {
            connection
                .prepare("select what, reason from readings where thing = ?1 order by position")?
                .query_map([thing], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .unwrap()
}

/// A county with a doubt that rests on registers; its id, and the project's address.
async fn matched() -> (County, String, String) {
    let county = County::new().await;
    doubtful_project(&county).await;
    {
        let mut manager = county
            .house
            .signed_in("boss", Role::Manager, "990121")
            .await;
        officials(&mut manager).await;
        companies(&mut manager).await;
    }
    county.screen().await;
    let platform = county.house.site.platform();
    let (flag, project): (String, String) = platform
        .query(|connection| {
            connection.query_row(
                "select f.stream, p.id from flags f join projects p on p.code = f.subject where rule = 'K15'",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
        })
        .unwrap();
    let flag = flag.strip_prefix("flag/").unwrap().to_owned();
    (county, flag, format!("/supervise/projects/{project}"))
}

/// Says why, and gives what is shown then.
async fn read_with_reason(browser: &mut Browser<'_>, path: &str) -> Seen {
    let asked = browser.get(path).await;
    assert!(asked.body.contains("name=\"reason\""), "{}", asked.body);
    assert!(!asked.body.contains("99012120260001"), "{}", asked.body);
    let token = asked.field("form_token").unwrap();
    let read = format!("{path}/read");
    let nothing = [("form_token", &*token), ("reason", " ")];
    let again = browser.post(&read, &nothing).await;
    assert!(again.body.contains("role=\"alert\""), "{}", again.body);
    let why = [("form_token", &*token), ("reason", "季度抽查 <三>")];
    let said = browser.post(&read, &why).await;
    assert_eq!(said.status, StatusCode::SEE_OTHER);
    assert_eq!(said.header("location"), path);
    browser.get(path).await
}

#[test]
fn opening_a_doubt_leaves_a_trace_and_whoever_does_not_work_on_it_says_why() {
    block_on(async {
        let (county, flag, _) = matched().await;
        let path = format!("/supervise/flags/{flag}");
        let mut officer = county.house.signed_in("li", Role::Officer, "990121").await;
        assert_eq!(officer.get(&path).await.status, StatusCode::OK);
        // Once for all looks of half a day.
        officer.get(&path).await;
        let own = ("flag".to_owned(), "办理这里的疑点".to_owned());
        assert_eq!(readings(&county, &flag), std::slice::from_ref(&own));
        let mut auditor = county
            .house
            .signed_in("audit", Role::Auditor, "990121")
            .await;
        let shown = read_with_reason(&mut auditor, &path).await;
        assert!(shown.body.contains(DOUBT), "{}", shown.body);
        let said = ("flag".to_owned(), "季度抽查 <三>".to_owned());
        assert_eq!(readings(&county, &flag), [own, said]);
        let page = auditor.get("/readings").await;
        assert!(page.body.contains("季度抽查 &#60;三&#62;"), "{}", page.body);
        // Who may not see doubts leaves none, and learns nothing.
        let mut clerk = county
            .house
            .signed_in("zhou", Role::Clerk, "990121003")
            .await;
        assert_eq!(clerk.get(&path).await.status, StatusCode::NOT_FOUND);
        let token = clerk.token().await;
        let why = [("form_token", &*token), ("reason", "看看")];
        let refused = clerk.post(&format!("{path}/read"), &why).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
        assert_eq!(readings(&county, &flag).len(), 2);
    });
}

#[test]
fn what_a_register_shows_is_told_in_the_case_to_its_officers_and_nowhere_else() {
    block_on(async {
        let (county, flag, project) = matched().await;
        let path = format!("/supervise/flags/{flag}");
        let mut officer = county.house.signed_in("li", Role::Officer, "990121").await;
        for page in ["/supervise/desk?rule=K15", &*path, &*project] {
            let shown = officer.get(page).await;
            assert_eq!(shown.status, StatusCode::OK, "{page}");
            assert!(shown.body.contains(DOUBT), "{page}: {}", shown.body);
            assert!(!shown.body.contains(MATCH), "{page}: {}", shown.body);
        }
        officer.language = Some("en".to_owned());
        let shown = officer.get(&path).await;
        let english = "A doubt from comparing with registers";
        assert!(shown.body.contains(english), "{}", shown.body);
        assert!(!shown.body.contains("matches the registers"));
        officer.language = None;

        let token = officer.token().await;
        let opened = officer
            .post(&format!("{path}/verify"), &[("form_token", &token)])
            .await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
        let case = opened.header("location").to_owned();
        let shown = officer.get(&case).await;
        assert!(shown.body.contains(MATCH), "{}", shown.body);
        let matches = readings(&county, &flag);
        let (what, reason) = matches.last().unwrap();
        assert_eq!(what, "match");
        assert!(reason.contains("比对结果"), "{reason}");
        officer.get(&case).await;
        assert_eq!(readings(&county, &flag).len(), matches.len());
        // Another officer of the place, and whoever audits: there is a doubt, and no more.
        let list = officer.get("/supervise/cases").await;
        assert!(list.body.contains(DOUBT) && !list.body.contains(MATCH));
        for (login, role) in [("wang", Role::Officer), ("audit", Role::Auditor)] {
            let mut other = county.house.signed_in(login, role, "990121").await;
            let shown = read_with_reason(&mut other, &case).await;
            assert!(shown.body.contains(DOUBT), "{login}: {}", shown.body);
            assert!(!shown.body.contains(MATCH), "{login}: {}", shown.body);
            let seen = readings(&county, &flag);
            assert_eq!(seen.len(), matches.len(), "{login} saw no match");
        }
        // Decided on, it says no more than before.
        let token = officer.token().await;
        let why = [
            ("form_token", &*token),
            ("reason", "unfounded"),
            ("note", "同名"),
        ];
        officer.post(&format!("{path}/dismiss"), &why).await;
        let shown = officer.get(&path).await;
        assert!(!shown.body.contains(MATCH), "{}", shown.body);
    });
}
