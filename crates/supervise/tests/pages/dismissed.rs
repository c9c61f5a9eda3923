//! A doubt that was dismissed is out of the way at once, and in time it points at nobody any more.

use axum::http::StatusCode;
use jiff::SignedDuration;
use kandeng_platform::Clock as _;
use kandeng_platform::account::Role;
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::IdentityKey;
use kandeng_supervise::project::{Filter, export_csv, export_workbook};

use super::support::{Browser, block_on};
use super::{County, form, send};

const CODES: [&str; 2] = ["99012120260001", "99012120260002"];

/// Two projects that paid into one account under two names; the addresses of their pages.
async fn one_account(county: &County, clerk: &mut Browser<'_>) -> [String; 2] {
    let mut pages = Vec::new();
    for (code, payee) in CODES
        .into_iter()
        .zip(["剑阁县甲建筑有限公司", "剑阁县乙建筑有限公司"])
    {
        let project = county.file(clerk, code, "渠").await;
        let path = format!("{project}/items/disbursement");
        let fields = [
            ("r.payments.1000000.date", "2025-07-05"),
            ("r.payments.1000000.amount", "29000"),
            ("r.payments.1000000.payee_name", payee),
            ("r.payments.1000000.account", "6217001234567890123"),
        ];
        let shown = clerk.get(&path).await;
        let saved = send(clerk, &path, &form(&shown, &fields)).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        pages.push(project);
    }
    pages.try_into().unwrap()
}

/// The page of the flag of K26 on a project.
fn flag(county: &County, code: &str) -> String {
    let platform = county.house.site.platform();
    let of = "select stream from flags where rule = 'K26' and subject = ?1";
    let stream: String = platform
        .query(|connection| connection.query_row(of, [code], |row| row.get(0)))
        .unwrap();
    format!("/supervise/flags/{}", stream.strip_prefix("flag/").unwrap())
}

/// What the table says of the flag of K26 on the first project.
fn told(county: &County, what: &str) -> String {
    let platform = county.house.site.platform();
    let of = format!("select {what} from flags where rule = 'K26' and subject = ?1");
    platform
        .query(|connection| connection.query_row(&of, [CODES[0]], |row| row.get(0)))
        .unwrap()
}

/// Two officers find a good reason for it: it is a grave one.
async fn dismiss(county: &County, flag: &str) {
    for name in ["first", "second"] {
        let mut officer = county.house.signed_in(name, Role::Officer, "990121").await;
        let token = officer.token().await;
        let fields = [
            ("form_token", &*token),
            ("reason", "explained"),
            ("note", "代发专户"),
        ];
        let done = officer.post(&format!("{flag}/dismiss"), &fields).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    }
}

#[test]
fn a_dismissed_doubt_leaves_the_ranking_and_the_hints_at_once() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let [page, other] = one_account(&county, &mut clerk).await;
        county.screen().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let queue = "/supervise/desk?rule=K26";
        let hint = format!("href=\"{other}\"");
        let path = flag(&county, CODES[0]);
        assert!(officer.get(queue).await.body.contains(CODES[0]));
        let shown = officer.get(&page).await.body;
        assert!(shown.contains(&hint) && shown.contains(&path));
        dismiss(&county, &path).await;
        let ranked = officer.get(queue).await.body;
        assert!(!ranked.contains(CODES[0]) && ranked.contains(CODES[1]));
        let shown = officer.get(&page).await.body;
        assert!(!shown.contains(&hint) && !shown.contains(&path), "{shown}");
        // Whoever looks for it finds it among those that were dismissed.
        let dismissed = officer.get("/supervise/desk?state=dismissed").await.body;
        assert!(dismissed.contains(CODES[0]));
        // The other project's own doubt nobody has dismissed, and its hint stands.
        let shown = officer.get(&other).await.body;
        assert!(shown.contains(&format!("href=\"{page}\"")), "{shown}");
    });
}

#[test]
fn projects_with_the_same_photo_or_on_the_same_ground_are_hinted_at_until_the_doubt_is_dismissed() {
    use kandeng_platform::flag::{Dismiss, Dismissal, Flag, Sweep};

    use super::filters::doubt;

    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county.file(&mut clerk, CODES[0], "渠").await;
        county.file(&mut clerk, CODES[1], "渠").await;
        let platform = county.house.site.platform();
        let runs = [("K91", "site_photos"), ("K92", "boundary")].map(|(rule, item)| {
            let mut run = doubt(rule, "low", CODES[0], 1);
            run.found[0].items = vec![item.to_owned()];
            run.found[0].related = vec![CODES[1].to_owned()];
            run
        });
        let sweep = Sweep::new(platform);
        sweep.take(&runs, &county.house.cx()).await.unwrap();
        let house = &county.house;
        let mut officer = house.signed_in("officer", Role::Officer, "990121").await;
        let page = officer.get(&project).await.body;
        assert!(
            page.contains(&format!("{} · 相同照片、范围重叠", CODES[1])),
            "{page}"
        );
        // What is filed is the clerk's to see, and no hint.
        assert!(!clerk.get(&project).await.body.contains("范围重叠"));
        let streams: Vec<String> = platform
            .query(|of| {
                of.prepare("select stream from flags where rule in ('K91', 'K92')")?
                    .query_map([], |row| row.get(0))?
                    .collect()
            })
            .unwrap();
        for stream in streams {
            let stream: kandeng_ledger::StreamName = stream.parse().unwrap();
            let dismiss = Dismiss {
                reason: Dismissal::Unfounded,
                note: "x".to_owned(),
            };
            platform
                .append(&county.house.cx(), |plan| {
                    plan.decide::<Flag, _>(stream.clone(), dismiss.clone())
                })
                .await
                .unwrap();
        }
        let page = officer.get(&project).await.body;
        assert!(!page.contains(CODES[1]), "{page}");
    });
}

#[test]
fn no_export_carries_a_doubt() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        one_account(&county, &mut clerk).await;
        county.screen().await;
        let says = told(&county, "says_zh");
        let platform = county.house.site.platform();
        let folder = tempfile::tempdir().unwrap();
        let filing = std::sync::Arc::new(Filing::embedded().clone());
        let key = IdentityKey::from_bytes([7; 32]);
        let filter = Filter {
            within: vec!["990121".to_owned()],
            ..Filter::default()
        };
        let csv = folder.path().join("csv");
        std::fs::create_dir(&csv).unwrap();
        export_csv(platform, &filing, &key, &filter, &csv).unwrap();
        let mut files = 0;
        for file in std::fs::read_dir(&csv).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(!text.contains("K26") && !text.contains(&says));
            files += usize::from(text.contains(CODES[0]));
        }
        assert!(files >= 2, "{files} files name the project");
        let book = folder.path().join("book.xlsx");
        export_workbook(platform, &filing, &key, &filter, &book).unwrap();
        let mut book = zip::ZipArchive::new(std::fs::File::open(book).unwrap()).unwrap();
        for index in 0..book.len() {
            let mut text = String::new();
            let mut part = book.by_index(index).unwrap();
            if std::io::Read::read_to_string(&mut part, &mut text).is_ok() {
                assert!(!text.contains("K26") && !text.contains(&says));
            }
        }
    });
}

#[test]
fn whom_a_dismissed_doubt_pointed_at_is_forgotten_when_its_time_has_come() {
    block_on(async {
        let mut county = County::new().await;
        {
            let mut clerk = county.clerk().await;
            one_account(&county, &mut clerk).await;
        }
        county.screen().await;
        dismiss(&county, &flag(&county, CODES[0])).await;
        let clock = &county.house.clock;
        clock.set(clock.now() + SignedDuration::from_hours(24 * 729));
        county.screen().await;
        assert!(told(&county, "related").contains(CODES[1]));
        assert!(told(&county, "figures").contains("account"));
        let clock = &county.house.clock;
        clock.set(clock.now() + SignedDuration::from_hours(24 * 2));
        county.screen().await;
        assert_eq!(told(&county, "related"), "[]");
        let figures = told(&county, "figures");
        assert!(
            !figures.contains("account") && !figures.contains("names"),
            "{figures}"
        );
        // It is still the one that was dismissed, however often everything is screened.
        county.restart();
        county.screen().await;
        assert_eq!(told(&county, "state || related"), "dismissed[]");
    });
}
