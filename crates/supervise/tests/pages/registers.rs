//! Registers to compare with: taken whole or not at all, hashed, read by rules alone, deleted after their last day.

use std::path::Path;

use axum::http::{Method, Request, StatusCode, header};
use kandeng_platform::Aggregate as _;
use kandeng_platform::account::Role;
use kandeng_supervise::import::IdentityKey;
use kandeng_supervise::register::{RegisterUse, RegisterUseEvent};
use sha2::{Digest as _, Sha256};

use super::support::{Browser, Seen, block_on};
use super::{County, form, send};

const PAGE: &str = "/supervise/registers";

/// The number of an official who represents a company.
const NUMBER: &str = "51082319700101123X";

const OFFICIALS: &str = "证件号\n51082319700101123X\n510823198002022345\n";
const COMPANIES: &str = "统一社会信用代码,企业名称,成立日期,法定代表人证件号\n\
                         91510823MA62K1XY71,剑山建设有限公司,2015-03-01,51082319700101123X\n";

struct Form<'f> {
    kind: &'f str,
    name: &'f str,
    text: &'f str,
    expires: &'f str,
}

async fn bring_in(browser: &mut Browser<'_>, form: &Form<'_>) -> Seen {
    let token = browser.token().await;
    let mut body = String::new();
    for (name, value) in [
        ("form_token", &*token),
        ("register", form.kind),
        ("purpose", "与收款单位的法定代表人比对"),
        ("basis", "县纪委 2026 年 3 号函"),
        ("expires", form.expires),
    ] {
        body += &format!(
            "--lamp\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    body += &format!(
        "--lamp\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{}\"\r\ncontent-type: text/csv\r\n\r\n{}\r\n\
         --lamp--\r\n",
        form.name, form.text
    );
    let request = Request::builder()
        .method(Method::POST)
        .uri(PAGE)
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=lamp");
    browser.send(request, body).await
}

pub(crate) async fn officials(browser: &mut Browser<'_>) -> Seen {
    let form = Form {
        kind: "officials",
        name: "officials.csv",
        text: OFFICIALS,
        expires: "2026-01-20",
    };
    bring_in(browser, &form).await
}

pub(crate) async fn companies(browser: &mut Browser<'_>) -> Seen {
    let form = Form {
        kind: "companies",
        name: "whatever.csv",
        text: COMPANIES,
        expires: "2026-06-30",
    };
    bring_in(browser, &form).await
}

/// A project whose contractor an official represents.
pub(crate) async fn doubtful_project(county: &County) {
    doubtful_project_of(county, &mut county.clerk().await).await;
}

/// The same, filed by a clerk who is there.
pub(crate) async fn doubtful_project_of(county: &County, clerk: &mut Browser<'_>) {
    let project = county.file(clerk, "99012120260001", "路").await;
    let path = format!("{project}/items/tendering");
    let shown = clerk.get(&path).await;
    let fields = [
        ("f.contractor_name", "剑山建设有限公司"),
        ("f.contractor_uscc", "91510823MA62K1XY71"),
    ];
    let saved = send(clerk, &path, &form(&shown, &fields)).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
}

/// Of the flags of a rule: state, and why it cannot be compared any more.
fn flags_of(county: &County, rule: &str) -> Vec<(String, Option<String>)> {
    let platform = county.house.site.platform();
    platform
        .query(|connection| {
            connection
                .prepare("select state, not_applicable from flags where rule = ?1")?
                .query_map([rule], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .unwrap()
}

fn count(county: &County, sql: &str) -> u64 {
    let platform = county.house.site.platform();
    let count: i64 = platform
        .query(|connection| connection.query_row(sql, [], |row| row.get(0)))
        .unwrap();
    count as u64
}

/// The runs that have read registers, from the ledger itself.
fn uses(county: &County) -> Vec<RegisterUseEvent> {
    let platform = county.house.site.platform();
    let mut found = Vec::new();
    let size = platform.ledger().checkpoint().unwrap().size;
    let mut from = 0;
    while from < size {
        let events = platform.ledger().read_from(from, 500).unwrap();
        from += events.len() as u64;
        for event in &events {
            found.extend(
                RegisterUse::event_in(event)
                    .unwrap()
                    .map(|(_, event)| event),
            );
        }
    }
    found
}

/// The first file below a folder that holds these bytes.
fn holds(folder: &Path, wanted: &[u8]) -> Option<std::path::PathBuf> {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let found = if path.is_dir() {
            holds(&path, wanted)
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let is_there = bytes.windows(wanted.len()).any(|window| window == wanted);
            is_there.then_some(path)
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

#[test]
fn a_rule_finds_what_a_register_shows_and_each_use_is_an_event() {
    block_on(async {
        let county = County::new().await;
        doubtful_project(&county).await;
        county.screen().await;
        assert_eq!(flags_of(&county, "K15"), []);
        let mut manager = county
            .house
            .signed_in("boss", Role::Manager, "990121")
            .await;
        for taken in [officials(&mut manager).await, companies(&mut manager).await] {
            assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
        }
        county.screen().await;
        assert_eq!(flags_of(&county, "K15"), [("open".to_owned(), None)]);
        // One event for the run, with every register that it read and the rules that did.
        let runs = uses(&county);
        assert_eq!(runs.len(), 1);
        let RegisterUseEvent::RegistersUsed { used, .. } = &runs[0];
        let of = |name: &str| used.iter().find(|used| used.register == name).unwrap();
        assert!(of("officials").rules.contains(&"K15".to_owned()));
        assert!(used.iter().any(|used| used.register == "companies"));
        let counted = "select uses from register_uploads where register = 'officials'";
        assert_eq!(count(&county, counted), 1);
        // Nothing changed, nothing was read.
        county.screen().await;
        assert_eq!(uses(&county).len(), 1);
        // The page says whose it is and how often it was read, and shows nothing of what it holds.
        let page = manager.get(PAGE).await;
        assert!(page.body.contains("王boss") && page.body.contains("2026-01-20"));
        assert!(!page.body.contains(NUMBER) && !page.body.contains("剑山"));
    });
}

#[test]
fn no_byte_of_the_node_gives_a_number_away() {
    block_on(async {
        let county = County::new().await;
        doubtful_project(&county).await;
        let mut manager = county
            .house
            .signed_in("boss", Role::Manager, "990121")
            .await;
        officials(&mut manager).await;
        companies(&mut manager).await;
        county.screen().await;
        let folder = county.house.site.platform().database().parent().unwrap();
        let hash = Sha256::digest(NUMBER);
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        // Under the county's key too: the rows are sealed.
        let keyed = IdentityKey::from_bytes([7; 32]).hash(NUMBER);
        for wanted in [NUMBER.as_bytes(), hex.as_bytes(), &hash, keyed.as_bytes()] {
            assert_eq!(holds(folder, wanted), None);
            assert_eq!(holds(county.uploads.path(), wanted), None);
        }
        // What is looked for would be found.
        assert!(holds(folder, "剑山建设有限公司".as_bytes()).is_some());
    });
}

#[test]
fn after_the_last_day_the_rows_are_gone_and_the_doubts_stay() {
    block_on(async {
        let mut county = County::new().await;
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
        let rows = "select count(*) from vault_values where person = \
                    (select unhex(replace(upload, '-', '')) from register_uploads where register = 'officials')";
        assert!(count(&county, rows) > 0);
        let folder = county
            .house
            .site
            .platform()
            .database()
            .parent()
            .unwrap()
            .to_owned();
        let key: Vec<u8> = {
            let upload = "select unhex(replace(upload, '-', '')) from register_uploads where register = 'officials'";
            let platform = county.house.site.platform();
            let upload: Vec<u8> = platform
                .query(|connection| connection.query_row(upload, [], |row| row.get(0)))
                .unwrap();
            let keys = rusqlite::Connection::open(folder.join("people.db")).unwrap();
            let key = "select wrapped from person_keys where person = ?1";
            keys.query_row(key, [upload], |row| row.get(0)).unwrap()
        };
        assert!(holds(&folder, &key).is_some());
        // The node was off on the last day.
        county.house.later(25 * 24 * 3_600);
        county.restart();
        county.screen().await;
        assert_eq!(count(&county, rows), 0);
        let deleted =
            "select count(*) from register_uploads where register = 'officials' and state = 'over'";
        assert_eq!(count(&county, deleted), 1);
        // Their key is in no byte of the node: no copy of the sealed rows can be opened again.
        assert_eq!(holds(&folder, &key), None);
        let flags = flags_of(&county, "K15");
        assert!(
            matches!(&flags[..], [(state, Some(_))] if state == "open"),
            "{flags:?}"
        );
        // Companies are there until summer.
        let left = "select count(*) from register_uploads where state = 'in-force'";
        assert_eq!(count(&county, left), 1);
    });
}

#[test]
fn a_file_with_a_bad_row_is_not_taken_and_what_is_wrong_is_told() {
    block_on(async {
        let county = County::new().await;
        let mut manager = county
            .house
            .signed_in("boss", Role::Manager, "990121")
            .await;
        assert_eq!(companies(&mut manager).await.status, StatusCode::SEE_OTHER);
        let bad = COMPANIES.replace("2015-03-01", "前年");
        let form = Form {
            kind: "companies",
            name: "companies.csv",
            text: &bad,
            expires: "2026-06-30",
        };
        let refused = bring_in(&mut manager, &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("第 2 行"), "{}", refused.body);
        // What was typed comes back, and the one before stays.
        assert!(refused.body.contains("县纪委 2026 年 3 号函"));
        assert_eq!(count(&county, "select count(*) from register_uploads"), 1);
        // What is no table, has no rows, or comes for longer than is allowed is not taken either.
        for (name, text, expires) in [
            ("companies.exe", COMPANIES, "2026-06-30"),
            ("companies.xlsx", "<html>", "2026-06-30"),
            ("companies.csv", "统一社会信用代码,企业名称\n", "2026-06-30"),
            ("companies.csv", COMPANIES, "2031-06-30"),
            ("companies.csv", COMPANIES, "2025-06-30"),
        ] {
            let form = Form {
                kind: "companies",
                name,
                text,
                expires,
            };
            let refused = bring_in(&mut manager, &form).await;
            assert_eq!(
                refused.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{name} {expires}"
            );
            // Nor does anybody learn where files lie here.
            let here = county.uploads.path().to_str().unwrap();
            assert!(!refused.body.contains(here), "{}", refused.body);
        }
        let left = "select count(*) from register_uploads where state <> 'over'";
        assert_eq!(count(&county, left), 1);
        assert_eq!(std::fs::read_dir(county.uploads.path()).unwrap().count(), 0);
        // Another in its place: one is in force, and nothing of the other is left.
        assert_eq!(companies(&mut manager).await.status, StatusCode::SEE_OTHER);
        assert_eq!(count(&county, left), 1);
        let people = "select count(distinct person) from vault_values where person in \
                      (select unhex(replace(upload, '-', '')) from register_uploads)";
        assert_eq!(count(&county, people), 1);
    });
}

#[test]
fn relatives_are_off_until_another_states_the_basis() {
    block_on(async {
        let county = County::new().await;
        let mut manager = county
            .house
            .signed_in("boss", Role::Manager, "990121")
            .await;
        let form = Form {
            kind: "relatives",
            name: "relatives.csv",
            text: "证件号,公职人员证件号\n51082319700101123X,510823198002022345\n",
            expires: "2026-06-30",
        };
        let refused = bring_in(&mut manager, &form).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("亲属登记未启用"), "{}", refused.body);
        let token = manager.token().await;
        let stated = [
            ("form_token", &*token),
            ("basis", "县人大 2026 年 4 号决定"),
        ];
        let basis = format!("{PAGE}/basis");
        assert_eq!(
            manager.post(&basis, &stated).await.status,
            StatusCode::NOT_FOUND
        );
        let mut admin = county
            .house
            .signed_in("admin", Role::Administrator, "990121")
            .await;
        let token = admin.token().await;
        let empty = [("form_token", &*token), ("basis", " ")];
        let refused = admin.post(&basis, &empty).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let stated = [
            ("form_token", &*token),
            ("basis", "县人大 2026 年 4 号决定"),
        ];
        assert_eq!(
            admin.post(&basis, &stated).await.status,
            StatusCode::SEE_OTHER
        );
        let answer = bring_in(&mut manager, &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let page = manager.get(PAGE).await;
        assert!(page.body.contains("县人大 2026 年 4 号决定"));
    });
}

#[test]
fn who_brings_a_register_in_or_takes_it_out_is_a_manager_of_the_county() {
    block_on(async {
        let county = County::new().await;
        let mut manager = county
            .house
            .signed_in("boss", Role::Manager, "990121")
            .await;
        officials(&mut manager).await;
        let page = manager.get(PAGE).await;
        let (_, rest) = page.body.split_once("/withdraw").unwrap();
        let before = page.body.len() - rest.len() - "/withdraw".len();
        let path = format!("{PAGE}/{}/withdraw", &page.body[before - 36..before]);
        for (login, role, place, sees) in [
            ("township", Role::Manager, "990121003", false),
            ("officer", Role::Officer, "990121", false),
            ("auditor", Role::Auditor, "990121", true),
            ("admin", Role::Administrator, "990121", true),
        ] {
            let mut other = county.house.signed_in(login, role, place).await;
            let shown = other.get(PAGE).await.status;
            assert_eq!(shown == StatusCode::OK, sees, "{login}");
            assert_eq!(
                officials(&mut other).await.status,
                StatusCode::NOT_FOUND,
                "{login}"
            );
            let token = other.token().await;
            let answer = other.post(&path, &[("form_token", &token)]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{login}");
        }
        let token = manager.token().await;
        let gone = manager.post(&path, &[("form_token", &token)]).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
        let left = "select count(*) from vault_values where person in \
                    (select unhex(replace(upload, '-', '')) from register_uploads)";
        assert_eq!(count(&county, left), 0);
    });
}

#[test]
fn rules_that_only_learn_which_names_are_one_organization_read_codes_and_names_and_no_more() {
    use kandeng_supervise::filing::Filing;
    use kandeng_supervise::packs;
    use kandeng_supervise::register::{OF_COMPANIES, OF_PEOPLE};

    let filing = Filing::embedded();
    let pack = packs::county(filing, &[]).unwrap();
    let items = packs::items(filing);
    let mut open = Vec::new();
    for rule in &pack.rules {
        let read = kandeng_screening::columns_read(&pack, Some(&items), &rule.id);
        let of_people = OF_PEOPLE.iter().any(|table| read.contains_key(*table));
        let needs = rule.needs.iter().any(|need| need.table == OF_COMPANIES);
        let Some(columns) = read.get(OF_COMPANIES).filter(|_| !of_people && !needs) else {
            continue;
        };
        // By the words of statements: a number of a row is read of other tables.
        let columns = columns.iter().map(String::as_str);
        let columns: Vec<&str> = columns.filter(|column| *column != "row_no").collect();
        assert_eq!(columns, ["name", "uscc"], "{}", rule.id);
        open.push(&*rule.id);
    }
    // As docs/DECISIONS/registers.md has them.
    let known = [
        "K05", "K07", "K09", "K10", "K11", "K12", "K16", "K30", "K35", "K39", "Q09",
    ];
    assert_eq!(open, known);
}
