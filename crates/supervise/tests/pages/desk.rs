//! What officers see and decide.

use axum::http::StatusCode;
use kandeng_platform::account::Role;

use super::support::{Browser, block_on};
use super::{County, form, send};

/// A project whose start lies before its approval: the rules for filers find that, and officers see it.
async fn doubtful(county: &County, clerk: &mut Browser<'_>, code: &str) -> String {
    let project = county.file(clerk, code, "三组产业路硬化").await;
    for (category, fields) in [
        (
            "profile",
            vec![
                ("f.owner_name", "石泉村村民委员会"),
                ("f.scale", "1200"),
                ("f.scale_unit", "平方米"),
            ],
        ),
        (
            "approval",
            vec![
                ("f.approval_date", "2025-03-14"),
                ("f.approved_budget", "600000"),
            ],
        ),
        ("construction", vec![("f.start_date", "2025-01-02")]),
    ] {
        let path = format!("{project}/items/{category}");
        let shown = clerk.get(&path).await;
        let saved = send(clerk, &path, &form(&shown, &fields)).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    }
    project
}

/// The flags that a page links to.
fn flags(body: &str) -> Vec<String> {
    let mut found: Vec<String> = body
        .split("/supervise/flags/")
        .skip(1)
        .map(|rest| rest.split(['"', '/']).next().unwrap().to_owned())
        .collect();
    found.dedup();
    found
}

#[test]
fn what_is_filed_is_screened_and_stands_in_the_queue() {
    block_on(async {
        let county = County::new().await;
        county.screen().await;
        let mut clerk = county.clerk().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let empty = officer.get("/supervise/desk").await;
        assert_eq!(empty.status, StatusCode::OK, "{}", empty.body);
        assert!(empty.body.contains("这里没有疑点"));
        let project = doubtful(&county, &mut clerk, "99012120260001").await;
        county.screen().await;
        let desk = officer.get("/supervise/desk").await;
        assert!(desk.body.contains("99012120260001") && desk.body.contains("三组产业路硬化"));
        let page = officer.get(&project).await;
        assert!(
            page.body.contains("id=\"item-start_date\"") && page.body.contains("/supervise/flags/")
        );
        // Mended, it is gone from the queue.
        let path = format!("{project}/items/construction");
        let shown = clerk.get(&path).await;
        send(
            &mut clerk,
            &path,
            &form(&shown, &[("f.start_date", "2025-05-01")]),
        )
        .await;
        let before = flags(&officer.get(&project).await.body).len();
        county.screen().await;
        assert!(flags(&officer.get(&project).await.body).len() < before);
        // Whoever files sees neither queue nor flags.
        assert_eq!(
            clerk.get("/supervise/desk").await.status,
            StatusCode::NOT_FOUND
        );
        let flag = flags(&desk.body)[0].clone();
        let path = format!("/supervise/flags/{flag}");
        assert_eq!(clerk.get(&path).await.status, StatusCode::NOT_FOUND);
        // Nor does an officer of another county.
        let mut other = county
            .house
            .signed_in("other", Role::Officer, "990122")
            .await;
        assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
        assert!(
            !other
                .get("/supervise/desk")
                .await
                .body
                .contains("99012120260001")
        );
    });
}

#[test]
fn a_doubt_is_dismissed_with_a_reason_and_counts() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        county.screen().await;
        let flag = flags(&officer.get("/supervise/desk").await.body)[0].clone();
        let path = format!("/supervise/flags/{flag}");
        let page = officer.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        for told in [
            "疑点不是结论",
            "怎么算的",
            "依据",
            "比对语句",
            "还没有核实过的疑点",
        ] {
            assert!(page.body.contains(told), "{told}");
        }
        let token = officer.token().await;
        let without = [
            ("form_token", &*token),
            ("reason", "unfounded"),
            ("note", " "),
        ];
        let refused = officer.post(&format!("{path}/dismiss"), &without).await;
        assert!(refused.body.contains("请选择原因并写明说明"));
        let with = [
            ("form_token", &*token),
            ("reason", "unfounded"),
            ("note", "核对原件<i>"),
        ];
        let done = officer.post(&format!("{path}/dismiss"), &with).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let page = officer.get(&path).await;
        assert!(page.body.contains("不属实") && page.body.contains("核实 1 条"));
        // It is decided: once more is refused where it was tried.
        let again = officer.post(&format!("{path}/dismiss"), &with).await;
        assert_ne!(again.status, StatusCode::SEE_OTHER);
    });
}

/// A grave doubt about a project, raised as a screening would.
async fn grave(county: &County, code: &str) -> String {
    use kandeng_platform::flag::{Found, RuleRun, Sweep};

    let found = Found {
        rule: "K99".to_owned(),
        rule_version: "v1".to_owned(),
        severity: "high".to_owned(),
        subject_kind: "project".to_owned(),
        subject: code.to_owned(),
        key: String::new(),
        fingerprint: code.to_owned(),
        items: vec!["scale".to_owned()],
        related: Vec::new(),
        money_fen: Some(186_000_000),
        registers: Some(Vec::new()),
        withheld: Vec::new(),
        figures: serde_json::json!({}),
        says: kandeng_platform::Text::new("申报<b>与实测不符", "declared <b>unlike measured"),
    };
    let run = RuleRun {
        rule: "K99".to_owned(),
        version: "v1".to_owned(),
        found: vec![found],
        answers: std::collections::BTreeMap::new(),
    };
    let platform = county.house.site.platform();
    let sweep = Sweep::new(platform);
    sweep.take(&[run], &county.house.cx()).await.unwrap();
    let stream: String = platform
        .query(|connection| {
            connection.query_row("select stream from flags where rule = 'K99'", [], |row| {
                row.get(0)
            })
        })
        .unwrap();
    format!("/supervise/flags/{}", stream.strip_prefix("flag/").unwrap())
}

#[test]
fn a_grave_doubt_is_dismissed_by_two() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        county.file(&mut clerk, "99012120260001", "茶园").await;
        let path = grave(&county, "99012120260001").await;
        let mut first = county
            .house
            .signed_in("first", Role::Officer, "990121")
            .await;
        let mut second = county
            .house
            .signed_in("second", Role::Officer, "990121")
            .await;
        let page = first.get(&path).await;
        assert!(
            page.body.contains("申报&#60;b&#62;与实测不符"),
            "{}",
            page.body
        );
        let dismiss = format!("{path}/dismiss");
        let of = |token: &str| {
            [
                ("form_token", token),
                ("reason", "explained"),
                ("note", "已核对"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let mine = of(&first.token().await);
        let done = send(&mut first, &dismiss, &mine).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        // It is proposed: still open, and not for the same officer to agree to or decline.
        let page = first.get(&path).await;
        assert!(!page.body.contains("/dismiss\"") && !page.body.contains("/decline\""));
        for act in ["dismiss", "decline"] {
            let own = send(&mut first, &format!("{path}/{act}"), &mine).await;
            assert_eq!(own.status, StatusCode::NOT_FOUND, "{act}");
        }
        let theirs = of(&second.token().await);
        let page = second.get(&path).await;
        assert!(page.body.contains("同意排除") && page.body.contains("/decline\""));
        // Declined, it is proposed anew before it is agreed to.
        let declined = send(&mut second, &format!("{path}/decline"), &theirs).await;
        assert_eq!(declined.status, StatusCode::SEE_OTHER, "{}", declined.body);
        send(&mut second, &dismiss, &theirs).await;
        assert!(
            second
                .get("/supervise/desk")
                .await
                .body
                .contains("与实测不符")
        );
        let agreed = send(&mut first, &dismiss, &mine).await;
        assert_eq!(agreed.status, StatusCode::SEE_OTHER, "{}", agreed.body);
        let desk = second.get("/supervise/desk").await;
        assert!(!desk.body.contains("与实测不符"), "{}", desk.body);
    });
}

#[test]
fn a_case_whose_doubts_were_put_right_meanwhile_can_be_closed() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let project = doubtful(&county, &mut clerk, "99012120260001").await;
        county.screen().await;
        let flag = flags(&officer.get("/supervise/desk").await.body)[0].clone();
        let token = officer.token().await;
        let plain = [("form_token", &*token)];
        let opened = officer
            .post(&format!("/supervise/flags/{flag}/verify"), &plain)
            .await;
        let case = opened.header("location").to_owned();
        let path = format!("{project}/items/construction");
        let shown = clerk.get(&path).await;
        let mended = form(&shown, &[("f.start_date", "2025-05-01")]);
        send(&mut clerk, &path, &mended).await;
        county.screen().await;
        let page = officer.get(&case).await.body;
        let asked = page.matches("name=\"flag.").count();
        let of_case = flags(page.split("<aside>").next().unwrap()).len();
        assert!(asked < of_case, "{asked} of {of_case}");
        let mut close = vec![
            ("form_token".to_owned(), token.clone()),
            ("kind".to_owned(), "explained".to_owned()),
            ("note".to_owned(), "填报已更正".to_owned()),
        ];
        for part in page.split("name=\"flag.").skip(1) {
            let name = format!("flag.{}", part.split('"').next().unwrap());
            close.push((name, "filing-corrected".to_owned()));
        }
        let done = send(&mut officer, &format!("{case}/close"), &close).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    });
}

#[test]
fn several_doubts_are_dismissed_at_once_or_none_is_and_nothing_typed_is_lost() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        county.screen().await;
        let queue = "/supervise/desk?place=990121003&page=0";
        let desk = officer.get(queue).await;
        let chosen = desk.body.split("name=\"flag\" value=\"").nth(1).unwrap();
        let chosen = chosen.split('"').next().unwrap().to_owned();
        let token = officer.token().await;
        let fields = |reason, note| {
            [
                ("form_token", token.clone()),
                ("place", "990121003".to_owned()),
                ("page", "0".to_owned()),
                ("flag", chosen.clone()),
                ("reason", String::from(reason)),
                ("note", String::from(note)),
            ]
            .map(|(name, value)| (name.to_owned(), value))
        };
        let path = "/supervise/desk/dismiss";
        let refused = send(&mut officer, path, &fields("", "已核对<i>原件")).await;
        for kept in [
            "请选择疑点、原因并写明说明",
            "value=\"已核对&#60;i&#62;原件\"",
            "\" checked",
            "name=\"place\" value=\"990121003\"",
        ] {
            assert!(refused.body.contains(kept), "{kept}: {}", refused.body);
        }
        // One that may not be dismissed keeps all: an id of nowhere is not found.
        let mut with = fields("duplicate", "已核对");
        with[3].1 = format!("{chosen} {}", uuid::Uuid::nil());
        let none = send(&mut officer, path, &with).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        assert!(officer.get(queue).await.body.contains("99012120260001"));
        let done = send(&mut officer, path, &fields("duplicate", "已核对")).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        assert_eq!(done.header("location"), queue);
        assert!(!officer.get(queue).await.body.contains("99012120260001"));
    });
}

#[test]
fn a_case_goes_from_the_doubt_to_its_outcome() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        county.screen().await;
        let flag = flags(&officer.get("/supervise/desk").await.body)[0].clone();
        let token = officer.token().await;
        let plain = [("form_token", &*token)];
        let opened = officer
            .post(&format!("/supervise/flags/{flag}/verify"), &plain)
            .await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
        let case = opened.header("location").to_owned();
        let page = officer.get(&case).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert!(page.body.contains("核查清单"));
        // Whoever opens a second one joins the first.
        let mut second = county
            .house
            .signed_in("officer2", Role::Officer, "990121")
            .await;
        let path = format!("/supervise/flags/{flag}");
        assert!(!second.get(&path).await.body.contains("/verify\""));
        let theirs = second.token().await;
        let again = second
            .post(&format!("{path}/verify"), &[("form_token", &*theirs)])
            .await;
        assert_eq!(again.header("location"), case);
        let told = second.get(&case).await.body;
        assert!(told.contains("此疑点已在这个办件中核实"), "{told}");
        let of_case = flags(&page.body);
        assert!(officer.get("/supervise/cases").await.body.contains(&case));

        // Confirmed before anybody was heard: refused, with what to do, and the case stays open.
        let verdicts: Vec<(String, String)> = of_case
            .iter()
            .map(|flag| (format!("flag.{flag}"), "confirmed".to_owned()))
            .collect();
        let mut close = vec![
            ("form_token".to_owned(), token.clone()),
            ("kind".to_owned(), "rectified".to_owned()),
            ("recovered".to_owned(), "3.5万".to_owned()),
            ("held".to_owned(), "1".to_owned()),
            ("note".to_owned(), "属实,已整改".to_owned()),
        ];
        close.extend(verdicts);
        let path = format!("{case}/close");
        let early = send(&mut officer, &path, &close).await;
        assert!(early.body.contains("须听取有关单位意见"), "{}", early.body);
        // What was typed and chosen is still there.
        for kept in [
            "属实,已整改</textarea>",
            "value=\"3.5万\"",
            "<option value=\"rectified\" selected>",
            "<option value=\"confirmed\" selected>",
        ] {
            assert!(early.body.contains(kept), "{kept}: {}", early.body);
        }
        let check = [
            ("form_token", &*token),
            ("place", "0"),
            ("found", ""),
            ("note", "\"><i>没到现场"),
        ];
        let unsaid = officer.post(&format!("{case}/check"), &check).await;
        assert!(
            unsaid.body.contains("&#60;i&#62;没到现场") && !unsaid.body.contains("<i>没到现场")
        );
        // A refused form is no way round the trace: a colleague who did not say why is asked first.
        let mut colleague = county
            .house
            .signed_in("colleague", Role::Officer, "990121")
            .await;
        let theirs = colleague.token().await;
        let nothing = [("form_token", &*theirs), ("note", "")];
        for act in ["check", "answer", "hear", "refer", "close"] {
            let answer = colleague.post(&format!("{case}/{act}"), &nothing).await;
            assert!(
                answer.body.contains("查看会留下记录") && !answer.body.contains("核查清单"),
                "{act}: {}",
                answer.body
            );
        }
        let check = [
            ("form_token", &*token),
            ("place", "0"),
            ("found", "differs"),
            ("note", "现场未开工"),
        ];
        let done = officer.post(&format!("{case}/check"), &check).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let answer = [("form_token", &*token), ("note", "已现场核查")];
        officer.post(&format!("{case}/answer"), &answer).await;
        let hear = [
            ("form_token", &*token),
            ("heard", "yes"),
            ("note", "村委会已说明"),
        ];
        officer.post(&format!("{case}/hear"), &hear).await;
        let done = send(&mut officer, &path, &close).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let page = officer.get(&case).await;
        assert!(
            page.body.contains("督促整改") && page.body.contains("3.50 万元"),
            "{}",
            page.body
        );
        assert!(
            officer
                .get("/supervise/numbers")
                .await
                .body
                .contains("3.50 万元")
        );

        // Whoever has no hand in it says why before it is shown, and leaves a trace.
        let mut auditor = county
            .house
            .signed_in("audit", Role::Auditor, "990121")
            .await;
        let asked = auditor.get(&case).await;
        assert!(asked.body.contains("查看会留下记录") && !asked.body.contains("现场未开工"));
        let token = auditor.token().await;
        let why = [("form_token", &*token), ("reason", "年度抽查")];
        let read = auditor.post(&format!("{case}/read"), &why).await;
        assert_eq!(read.status, StatusCode::SEE_OTHER);
        assert!(auditor.get(&case).await.body.contains("现场未开工"));
        assert!(auditor.get("/readings").await.body.contains("年度抽查"));
    });
}

#[test]
fn a_question_tells_nothing_and_is_answered_by_whoever_filed() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        county.screen().await;
        let flag = flags(&officer.get("/supervise/desk").await.body)[0].clone();
        let path = format!("/supervise/flags/{flag}");
        let body = officer.get(&path).await.body;
        let rule = body.split("<small>").find_map(|part| {
            let word = part.split(' ').next().unwrap();
            word.starts_with(['Q', 'K']).then(|| word.to_owned())
        });
        let rule = rule.unwrap();
        let token = officer.token().await;
        let telling = format!("规则 {rule} 为什么命中?");
        let fields = [("form_token", &*token), ("text", &*telling)];
        let refused = officer.post(&format!("{path}/ask"), &fields).await;
        assert!(refused.body.contains("不能出现规则编号") && refused.body.contains(&telling));
        // Seen as the clerk would read it before it is sent, and once more when it was changed meanwhile.
        let text = "请说明开工日期的<b>依据。";
        for seen in ["", "请说明别的。"] {
            let fields = [
                ("form_token", &*token),
                ("text", text),
                ("send", if seen.is_empty() { "" } else { "yes" }),
                ("seen", seen),
            ];
            let preview = officer.post(&format!("{path}/ask"), &fields).await;
            assert_eq!(preview.status, StatusCode::OK);
            assert!(
                preview.body.contains("填报人看到的是这样")
                    && preview.body.contains("&#60;b&#62;依据。</blockquote>"),
                "{}",
                preview.body
            );
        }
        let nothing = clerk.get("/supervise/questions").await;
        assert!(!nothing.body.contains("请说明开工日期的"));
        let fields = [
            ("form_token", &*token),
            ("text", text),
            ("send", "yes"),
            ("seen", text),
        ];
        let sent = officer.post(&format!("{path}/ask"), &fields).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let asked = clerk.get("/supervise/questions").await;
        assert!(
            asked.body.contains("请说明开工日期的&#60;b&#62;依据") && !asked.body.contains(&rule)
        );
        let answer = asked.body.split("action=\"").find_map(|part| {
            part.strip_prefix("/supervise/questions/")?
                .split('"')
                .next()
        });
        let answer = format!("/supervise/questions/{}", answer.unwrap());
        let token = clerk.token().await;
        let fields = [("form_token", &*token), ("text", "开工令误填。")];
        // An officer does not answer for the clerk.
        let theirs = officer.token().await;
        let wrong = [("form_token", &*theirs), ("text", "x")];
        assert_eq!(
            officer.post(&answer, &wrong).await.status,
            StatusCode::NOT_FOUND
        );
        let done = clerk.post(&answer, &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        assert!(
            officer
                .get("/supervise/questions")
                .await
                .body
                .contains("开工令误填")
        );
    });
}

#[test]
fn nobody_decides_on_what_they_filed() {
    block_on(async {
        let county = County::new().await;
        let mut both = county.house.mighty("both").await;
        let project = doubtful(&county, &mut both, "99012120260001").await;
        county.screen().await;
        let flag = flags(&both.get("/supervise/desk").await.body)[0].clone();
        let path = format!("/supervise/flags/{flag}");
        let page = both.get(&path).await;
        assert!(!page.body.contains("/dismiss\"") && !page.body.contains("/verify\""));
        let token = both.token().await;
        let fields = [
            ("form_token", &*token),
            ("reason", "unfounded"),
            ("note", "x"),
        ];
        for act in ["dismiss", "confirm", "verify"] {
            let answer = both.post(&format!("{path}/{act}"), &fields).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{act}");
        }
        // Nor once it was withdrawn, and filed again by somebody else.
        let why = [("form_token", &*token), ("reason", "误填")];
        let withdrawn = both.post(&format!("{project}/withdraw"), &why).await;
        assert_eq!(
            withdrawn.status,
            StatusCode::SEE_OTHER,
            "{}",
            withdrawn.body
        );
        let mut clerk = county.clerk().await;
        for again in [false, true] {
            if again {
                county.file(&mut clerk, "99012120260001", "路").await;
            }
            for act in ["dismiss", "confirm", "verify"] {
                let answer = both.post(&format!("{path}/{act}"), &fields).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{act} {again}");
            }
        }
    });
}

#[test]
fn an_open_page_is_told_of_a_new_doubt_until_the_server_stops() {
    use axum::body::Body;
    use axum::http::{Request, header};
    use futures::StreamExt as _;
    use tower::ServiceExt as _;

    block_on(async {
        let county = County::new().await;
        county.screen().await;
        let officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let request = Request::builder()
            .uri("/supervise/events")
            .header(header::HOST, "kandeng.example")
            .header(
                header::COOKIE,
                format!("__Host-session={}", officer.cookie.as_ref().unwrap()),
            )
            .body(Body::empty())
            .unwrap();
        let answer = county.house.router.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        let mut parts = answer.into_body().into_data_stream();
        let mut next = async || match parts.next().await {
            Some(part) => String::from_utf8(part.unwrap().to_vec()).unwrap(),
            None => "over".to_owned(),
        };
        assert_eq!(next().await, "event: doubts\ndata: 0\n\n");
        let mut clerk = county.clerk().await;
        doubtful(&county, &mut clerk, "99012120260001").await;
        county.screen().await;
        assert_eq!(next().await, "event: doubts\ndata: 1\n\n");
        // Whoever wants everything screened sees how far it is, and that it is over.
        let mut officer = officer;
        let token = officer.token().await;
        let fields = [("form_token", &*token)];
        let asked = officer.post("/supervise/desk/screen", &fields).await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
        let ((), first) = tokio::join!(county.screen(), next());
        assert!(first.starts_with("event: screening\ndata: "), "{first}");
        let mut told = next().await;
        while told.ends_with("/64\n\n") {
            told = next().await;
        }
        assert_eq!(told, "event: screening\ndata: over\n\n");
        county.house.site.stop();
        assert_eq!(next().await, "over");
        // Whoever files is told nothing.
        assert_eq!(
            clerk.get("/supervise/events").await.status,
            StatusCode::NOT_FOUND
        );
    });
}
