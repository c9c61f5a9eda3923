//! In which order the queue stands, whom it shows what, and that each number leads to as many rows.

use axum::http::StatusCode;
use kandeng_ledger::StreamName;
use kandeng_platform::account::Role;
use kandeng_platform::flag::{Draw, Flag, RuleRun, Sweep};

use super::County;
use super::filters::{doubt, filed};
use super::support::{Browser, block_on};

const VILLAGE: &str = "990121003201";

async fn raise(county: &County, runs: &[RuleRun]) {
    let sweep = Sweep::new(county.house.site.platform());
    sweep.take(runs, &county.house.cx()).await.unwrap();
}

/// The codes of the queue, in their order.
async fn codes(officer: &mut Browser<'_>, path: &str) -> Vec<String> {
    let body = officer.get(path).await.body;
    let parts = body.split("<br><small>").skip(1);
    parts
        .map(|part| part.split('<').next().unwrap().to_owned())
        .filter(|code| code.len() == 14)
        .collect()
}

fn code(number: u32) -> String {
    format!("990121{number:08}")
}

#[test]
fn amounts_are_read_as_people_write_them_and_what_cannot_be_read_is_told() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        for (number, yuan) in [(1, 500_000), (2, 20_000)] {
            county.file(&mut clerk, &code(number), "渠").await;
            raise(
                &county,
                &[doubt(&format!("K9{number}"), "low", &code(number), yuan)],
            )
            .await;
        }
        let house = &county.house;
        let mut officer = house.signed_in("officer", Role::Officer, "990121").await;
        for from in [
            "30000",
            "30,000",
            "3万",
            "3万元",
            "¥30,000.00",
            "３００００",
            "30000元",
        ] {
            let mut form = form_urlencoded::Serializer::new(String::new());
            let query = form.append_pair("from", from).finish();
            let path = format!("/supervise/desk?{query}");
            assert_eq!(codes(&mut officer, &path).await, [code(1)], "{from}");
            assert!(
                !officer.get(&path).await.body.contains("无法读取"),
                "{from}"
            );
        }
        for wrong in ["from=lots", "to=NaN", "from=inf", "year=abcd", "place=xx"] {
            let page = officer.get(&format!("/supervise/desk?{wrong}")).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.body.contains("无法读取"), "{wrong}");
        }
        let projects = officer.get("/supervise/projects?year=abcd").await;
        assert!(projects.body.contains("无法读取"));
        // Where somebody wants one year, not everything is taken out.
        let file = "/supervise/export/file?kind=csv&year=";
        let all = officer.get(&format!("{file}abcd")).await;
        assert!(all.body.contains("无法读取") && !all.body.contains(&code(1)));
    });
}

#[test]
fn without_money_the_graver_stands_higher_and_what_was_drawn_is_shown_first() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        for number in 1..=12 {
            county.file(&mut clerk, &code(number), "渠").await;
        }
        let without = |rule: &str, severity: &str, number: u32| {
            let mut run = doubt(rule, severity, &code(number), 0);
            run.found[0].money_fen = None;
            run
        };
        let of = |rule: &str, severity: &str, numbers: &[u32]| {
            let mut run = without(rule, severity, numbers[0]);
            let more = numbers[1..]
                .iter()
                .map(|number| without(rule, severity, *number).found);
            run.found.extend(more.flatten());
            run
        };
        raise(
            &county,
            &[
                of("K91", "low", &[1, 12]),
                of("K92", "medium", &[2]),
                of("K93", "high", &[3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
            ],
        )
        .await;
        let house = &county.house;
        let mut officer = house.signed_in("officer", Role::Officer, "990121").await;
        let expected: Vec<String> = (3..=12).chain([2, 1]).map(code).collect();
        assert_eq!(codes(&mut officer, "/supervise/desk").await, expected);
        // The slight doubt of the last of the grave ones is drawn: at the tenth place it is what is to be looked at.
        let platform = county.house.site.platform();
        let stream: String = platform
            .query(|of| {
                let stream = "select stream from flags where rule = 'K91' and subject = ?1";
                of.query_row(stream, [code(1)], |row| row.get(0))
            })
            .unwrap();
        let other: String = platform
            .query(|of| {
                let stream = "select stream from flags where rule = 'K91' and subject = ?1";
                of.query_row(stream, [code(12)], |row| row.get(0))
            })
            .unwrap();
        let drawn: StreamName = other.parse().unwrap();
        platform
            .append(&county.house.cx(), |plan| {
                plan.decide::<Flag, _>(drawn.clone(), Draw)
            })
            .await
            .unwrap();
        let body = officer.get("/supervise/desk").await.body;
        let line = body
            .split("<tr>")
            .find(|line| line.contains(&code(12)))
            .unwrap();
        let flags: Vec<&str> = line.split("/supervise/flags/").skip(1).collect();
        let id = other.strip_prefix("flag/").unwrap();
        assert!(flags[0].starts_with(id), "{line}");
        assert!(!line.contains(stream.strip_prefix("flag/").unwrap()));
    });
}

#[test]
fn a_withdrawn_projects_doubts_stay_with_the_officer_of_its_township() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county.file(&mut clerk, &code(1), "渠").await;
        raise(&county, &[doubt("K91", "high", &code(1), 500_000)]).await;
        let house = &county.house;
        let mut officer = house.signed_in("officer", Role::Officer, "990121003").await;
        let mut other = house.signed_in("other", Role::Officer, "990121004").await;
        assert_eq!(codes(&mut officer, "/supervise/desk").await, [code(1)]);
        let mut reviewer = house.signed_in("review", Role::Reviewer, "990121003").await;
        let token = reviewer.token().await;
        let fields = [("form_token", &*token), ("reason", "误填")];
        let done = reviewer.post(&format!("{project}/withdraw"), &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let shown = codes(&mut officer, "/supervise/desk?place=990121003").await;
        assert_eq!(shown, [code(1)]);
        assert!(codes(&mut other, "/supervise/desk").await.is_empty());
        let body = officer.get("/supervise/desk").await.body;
        let flag = body.split("/supervise/flags/").nth(1).unwrap();
        let flag = format!("/supervise/flags/{}", flag.split('"').next().unwrap());
        let flag = officer.get(&flag).await.body;
        assert!(flag.contains(&format!("href=\"{project}\"")), "{flag}");
        assert!(!flag.contains("/ask\""));
        let numbers = officer.get("/supervise/numbers").await.body;
        assert!(
            numbers.contains("<a href=\"/supervise/desk?place=990121003\">1</a>"),
            "{numbers}"
        );
        // Filed again under the same code elsewhere, the doubt is that filing's.
        filed(&county, &code(1), "990121004201", "2025-03-14", None).await;
        assert!(codes(&mut officer, "/supervise/desk").await.is_empty());
        assert_eq!(codes(&mut other, "/supervise/desk").await, [code(1)]);
    });
}

/// The numbers of a page, each with where it leads.
fn numbers(body: &str) -> Vec<(String, String)> {
    let cells = body.split("<td class=\"r\"").skip(1);
    cells
        .map(|cell| {
            let link = cell.split("<a href=\"").nth(1).unwrap();
            let (path, rest) = link.split_once('"').unwrap();
            let text = rest
                .split_once('>')
                .unwrap()
                .1
                .split("</a>")
                .next()
                .unwrap();
            let text = text.replace("<b>", "").replace("</b>", "");
            (path.replace("&amp;", "&"), text)
        })
        .collect()
}

#[test]
fn each_number_leads_to_as_many_rows_also_where_no_township_is_known() {
    block_on(async {
        let county = County::new().await;
        for (number, village) in [(1, VILLAGE), (2, "990121004201"), (3, VILLAGE)] {
            filed(&county, &code(number), village, "2025-03-14", None).await;
        }
        // One that lies in the county and in no village.
        let house = &county.house;
        let mut clerk = house.signed_in("wide", Role::Clerk, "990121").await;
        let token = clerk.token().await;
        let fields = [
            ("form_token", &*token),
            ("code", "99012100000004"),
            ("name", "县级"),
            ("kind", "infrastructure"),
        ];
        let made = clerk.post("/supervise/projects/new", &fields).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let mut firm = doubt("K94", "low", "91990121MA0000000X", 7);
        firm.found[0].subject_kind = "organization".to_owned();
        raise(
            &county,
            &[
                doubt("K91", "low", &code(1), 5),
                doubt("K92", "low", &code(1), 6),
                doubt("K93", "low", &code(2), 6),
                firm,
                doubt("K95", "low", "99012100000004", 8),
            ],
        )
        .await;
        let _ = house.signed_in("manager", Role::Manager, "990121").await;
        let mut officer = house.signed_in("officer", Role::Officer, "990121").await;
        for subject in [code(1), "91990121MA0000000X".to_owned()] {
            let platform = county.house.site.platform();
            let stream: String = platform
                .query(|of| {
                    let stream = "select stream from flags where subject = ?1 limit 1";
                    of.query_row(stream, [subject], |row| row.get(0))
                })
                .unwrap();
            let flag = stream.strip_prefix("flag/").unwrap();
            let token = officer.token().await;
            let path = format!("/supervise/flags/{flag}/verify");
            let opened = officer.post(&path, &[("form_token", &token)]).await;
            assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
        }
        let page = officer.get("/supervise/numbers").await.body;
        let all = numbers(&page);
        assert!(page.contains("不按乡镇") && page.contains("转核实"));
        let mut looked = 0;
        for (path, text) in &all {
            let Ok(count) = text.parse::<usize>() else {
                continue;
            };
            let body = officer.get(path).await.body;
            let rows = if path.starts_with("/supervise/projects") {
                vec![body.matches("<td><a href=\"/supervise/projects/0").count()]
            } else if path.starts_with("/supervise/cases") {
                vec![body.matches("<td><a href=\"/supervise/cases/0").count()]
            } else {
                // Subjects, each with its doubts.
                let flags = body.split("name=\"flag\" value=\"").skip(1);
                let flags = flags.map(|part| part.split('"').next().unwrap());
                let flags: Vec<usize> = flags.map(|ids| ids.split_whitespace().count()).collect();
                vec![flags.len(), flags.iter().sum()]
            };
            assert!(rows.contains(&count), "{path}: {text}, {rows:?}");
            looked += 1;
        }
        assert!(looked >= 28, "{looked}: {all:?}");
        let total: Vec<&str> = all[all.len() - 9..]
            .iter()
            .map(|(_, text)| &**text)
            .collect();
        assert_eq!(
            [total[0], total[2], total[3], total[4], total[5]],
            ["4", "4", "5", "2", "2"]
        );
        // Whoever has a role in a county and one of its townships counts nothing twice.
        let mut both = house.signed_in("both", Role::Officer, "990121").await;
        let account = house.newest_account().await;
        let grant = kandeng_platform::account::GrantRole(kandeng_platform::account::Grant {
            role: Role::Officer,
            jurisdiction: "990121003".to_owned(),
        });
        let platform = county.house.site.platform();
        platform
            .carry_out::<kandeng_platform::account::Account, _>(account, grant, &house.cx())
            .await
            .unwrap();
        let theirs = both.get("/supervise/numbers").await.body;
        assert_eq!(numbers(&theirs), all);
    });
}
