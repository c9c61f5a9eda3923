//! A question to whoever filed tells nothing of what was compared, and waits for a lead where it matters.

use axum::http::StatusCode;
use kandeng_platform::Text;
use kandeng_platform::account::Role;
use kandeng_platform::flag::{RuleRun, Sweep};

use super::County;
use super::filters::doubt;
use super::support::{Browser, Seen, block_on};

const CODE: &str = "99012120260001";

/// A doubt about the project, with figures and a sentence as a rule would have them.
async fn raised(county: &County, rule: &str, severity: &str) -> String {
    let mut run: RuleRun = doubt(rule, severity, CODE, 37_102);
    run.found[0].figures = serde_json::json!({
        "paid_fen": 39_988_022, "paid_share": 0.671_828, "accepted_on": "2025-05-24", "days": 494, "photos": 3,
    });
    run.found[0].says = Text::new(
        format!("{CODE} 于 2025年5月24日 验收,已过 494 天,拨付 399,880.22 元,占 67.2%(照片 3 张)"),
        "Accepted on 2025-05-24, 494 days ago; ¥399,880.22 paid, 67.2%",
    );
    let platform = county.house.site.platform();
    let sweep = Sweep::new(platform);
    sweep.take(&[run], &county.house.cx()).await.unwrap();
    let stream: String = platform
        .query(|of| {
            let stream = "select stream from flags where rule = ?1";
            of.query_row(stream, [rule], |row| row.get(0))
        })
        .unwrap();
    format!("/supervise/flags/{}", stream.strip_prefix("flag/").unwrap())
}

async fn ask(officer: &mut Browser<'_>, flag: &str, text: &str, send: &str) -> Seen {
    officer.get(flag).await;
    let token = officer.token().await;
    let fields = [
        ("form_token", &*token),
        ("text", text),
        ("send", send),
        ("seen", text),
    ];
    officer.post(&format!("{flag}/ask"), &fields).await
}

fn states(county: &County) -> Vec<String> {
    let platform = county.house.site.platform();
    platform
        .query(|of| {
            of.prepare("select state from questions order by asked_at, id")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
        .unwrap()
}

#[test]
fn no_figure_of_the_doubt_gets_into_a_question_however_it_is_written() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        county.file(&mut clerk, CODE, "路").await;
        let flag = raised(&county, "K97", "medium").await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        for text in [
            "为何拨付 399,880.22 元?",
            "为何拨付 39.99 万元?",
            "为何拨付约40万?",
            "差额 37102 元是怎么回事?",
            "差额 3.71 万元是怎么回事?",
            "为何只付了 67.2%?",
            "为何只付了百分之 67.2?",
            "2025-05-24 验收的依据?",
            "2025年5月24日验收的依据?",
            "验收已过 494 天了",
            "K97 是怎么回事?",
        ] {
            let seen = ask(&mut officer, &flag, text, "yes").await;
            assert_eq!(seen.status, StatusCode::OK, "{text}");
            assert!(seen.body.contains("不能出现规则编号"), "{text}");
        }
        // The project's own code, and what was not compared, may stand there.
        let text = format!("请补充项目 {CODE} 在 2025 年的验收单和 3 张照片。");
        let sent = ask(&mut officer, &flag, &text, "yes").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        assert_eq!(states(&county), ["sent"]);
    });
}

#[test]
fn where_it_matters_a_question_waits_for_a_lead_and_is_not_sent_where_nobody_leads() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        county.file(&mut clerk, CODE, "路").await;
        let grave = raised(&county, "K98", "high").await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let text = "请说明施工的经过。";
        let alone = ask(&mut officer, &grave, text, "").await;
        assert!(alone.body.contains("没有在岗的负责人"), "{}", alone.body);
        let alone = ask(&mut officer, &grave, text, "yes").await;
        assert_eq!(alone.status, StatusCode::OK);
        assert!(states(&county).is_empty());
        let house = &county.house;
        let mut manager = house.signed_in("manager", Role::Manager, "990121").await;
        let sent = ask(&mut officer, &grave, text, "yes").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        assert_eq!(states(&county), ["waiting"]);
        // The project is in verification: another doubt about it gives that away as well.
        let token = officer.token().await;
        let verify = [("form_token", &*token)];
        let opened = officer.post(&format!("{grave}/verify"), &verify).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
        let slight = raised(&county, "K97", "low").await;
        let sent = ask(&mut officer, &slight, text, "yes").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        assert_eq!(states(&county), ["waiting", "waiting"]);
        assert!(
            !clerk
                .get("/supervise/questions")
                .await
                .body
                .contains("施工的经过")
        );
        assert!(
            manager
                .get("/supervise/questions")
                .await
                .body
                .contains("施工的经过")
        );
        // Whoever asked takes it back, on the page.
        let asked = officer.get("/supervise/questions").await.body;
        let mut forms = asked.split("action=\"").filter_map(|part| {
            let path = part.split('"').next()?;
            path.ends_with("/withdraw").then(|| path.to_owned())
        });
        let path = forms.next().unwrap();
        let token = officer.token().await;
        let sent = officer.post(&path, &[("form_token", &token)]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let mut states = states(&county);
        states.sort();
        assert_eq!(states, ["waiting", "withdrawn"]);
        let theirs = clerk.get("/supervise/questions").await.body;
        assert!(!theirs.contains("/withdraw\""));
    });
}

#[test]
fn where_whoever_filed_has_gone_somebody_else_who_files_there_is_asked() {
    use kandeng_platform::account::{Account, Suspend};

    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let account = county.house.newest_account().await;
        county.file(&mut clerk, CODE, "路").await;
        let flag = raised(&county, "K97", "low").await;
        let house = &county.house;
        let mut other = house.signed_in("other", Role::Clerk, "990121003").await;
        let mut officer = house.signed_in("officer", Role::Officer, "990121").await;
        let gone = Suspend {
            reason: "调离".to_owned(),
        };
        let platform = house.site.platform();
        platform
            .carry_out::<Account, _>(account, gone, &house.cx())
            .await
            .unwrap();
        let text = "请说明施工的经过。";
        let sent = ask(&mut officer, &flag, text, "yes").await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let theirs = other.get("/supervise/questions").await.body;
        assert!(theirs.contains("施工的经过"), "{theirs}");
    });
}
