//! Whatever is typed: markup and formulas in every text field of every form, and a filing of all its items in Uyghur,
//! with emoji, and of ten thousand characters, to an export and back.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use kandeng_supervise::filing::{Column, Field, Filing};
use tower::ServiceExt as _;

use super::support::{Browser, block_on};
use super::worked::{ADMIN, AUDITOR, CLERK, MANAGER, OFFICER, people, worked};
use super::{County, form, send};

/// What would be a script if it were taken for markup, and a formula if a table program took it for one.
const EVIL: &str = "=1+cmd|'/c'!A1<script>evil(1)</script>\"'&amp;";

/// How it begins where it is markup, and where it is text.
const RAW: &str = "<script>evil";
const ESCAPED: &str = "&#60;script&#62;evil(1)";

/// A field of a form as it stands on a page.
struct Typed {
    name: String,
    value: String,
    is_text: bool,
}

/// The forms of a page that are sent to change something: where to, and their fields.
fn forms(page: &str) -> Vec<(String, Vec<Typed>)> {
    let mut found = Vec::new();
    for part in page.split("<form").skip(1) {
        let (tag, inside) = part.split_once('>').unwrap();
        let inside = inside.split("</form>").next().unwrap();
        if !tag.contains("method=\"post\"") || tag.contains("multipart") {
            continue;
        }
        found.push((attribute(tag, "action").unwrap(), fields(inside)));
    }
    found
}

fn fields(inside: &str) -> Vec<Typed> {
    let mut fields = Vec::new();
    for part in inside.split('<').skip(1) {
        let (tag, _) = part.split_once('>').unwrap_or((part, ""));
        let (kind, Some(name)) = (tag.split(' ').next().unwrap(), attribute(tag, "name")) else {
            continue;
        };
        let of = attribute(tag, "type").unwrap_or_else(|| "text".to_owned());
        let field = |value, is_text| Typed {
            name,
            value,
            is_text,
        };
        fields.push(match kind {
            "textarea" => field(String::new(), true),
            "input" if of == "text" => field(String::new(), true),
            "input" if of == "hidden" => field(attribute(tag, "value").unwrap_or_default(), false),
            // The first that is not empty.
            "select" => {
                let options = inside
                    .split_once(&format!("<{tag}>"))
                    .map_or("", |two| two.1);
                let options = options.split("</select>").next().unwrap();
                let values = options.split("<option").skip(1);
                let mut values = values.filter_map(|option| attribute(option, "value"));
                let value = values.find(|value| !value.is_empty());
                field(value.unwrap_or_default(), false)
            }
            _ => continue,
        });
    }
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split_once(&format!("{name}=\""))?.1;
    Some(
        rest.split_once('"')?
            .0
            .replace("&#38;", "&")
            .replace("&amp;", "&"),
    )
}

/// The bytes of a file that is exported.
async fn exported(browser: &Browser<'_>, kind: &str) -> Vec<u8> {
    let request = Request::builder()
        .uri(format!("/supervise/export/file?kind={kind}"))
        .header(header::HOST, "kandeng.example")
        .header(
            header::COOKIE,
            format!("__Host-session={}", browser.cookie.as_ref().unwrap()),
        );
    let request = request.body(Body::empty()).unwrap();
    let response = browser.house.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let body = axum::body::to_bytes(response.into_body(), 1 << 26).await;
    body.unwrap().to_vec()
}

/// The parts of a package whose names end so.
fn parts(package: &[u8], ending: &str) -> Vec<String> {
    let mut package = zip::ZipArchive::new(Cursor::new(package)).unwrap();
    let mut texts = Vec::new();
    for place in 0..package.len() {
        let mut part = package.by_index(place).unwrap();
        if part.name().unwrap().ends_with(ending) {
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            texts.push(text);
        }
    }
    assert!(!texts.is_empty());
    texts
}

#[test]
fn markup_and_formulas_in_any_field_of_any_form_are_text_on_every_page_and_in_every_file() {
    block_on(async {
        let county = County::new().await;
        let mut people = people(&county.house).await;
        let of = worked(&county, &mut people).await;
        let mut pages: Vec<(usize, String)> = vec![
            (CLERK, of.project.clone()),
            (CLERK, "/supervise/projects".to_owned()),
            (CLERK, "/supervise/projects/new".to_owned()),
            (CLERK, "/supervise/questions".to_owned()),
            (OFFICER, "/supervise/desk".to_owned()),
            (OFFICER, of.flag.clone()),
            (OFFICER, of.confided.clone()),
            (OFFICER, of.case.clone()),
            (OFFICER, "/supervise/cases?state=all".to_owned()),
            (OFFICER, of.project.clone()),
            (OFFICER, "/account/keys".to_owned()),
            (OFFICER, "/account/passkeys".to_owned()),
            (MANAGER, "/supervise/questions".to_owned()),
            (MANAGER, "/supervise/registers".to_owned()),
            (MANAGER, "/supervise/rules/K17".to_owned()),
            (MANAGER, of.case.clone()),
            (ADMIN, "/people".to_owned()),
            (ADMIN, "/supervise/declaration".to_owned()),
            (ADMIN, "/supervise/registers".to_owned()),
            (AUDITOR, of.flag.clone()),
            (AUDITOR, of.case.clone()),
            (AUDITOR, "/readings".to_owned()),
        ];
        let filing = Filing::embedded();
        for category in &filing.categories {
            pages.push((CLERK, format!("{}/items/{}", of.project, category.key)));
            for item in &category.items {
                pages.push((CLERK, format!("{}/history/{}", of.project, item.key)));
            }
        }
        let mut sent = BTreeSet::new();
        for (who, path) in &pages {
            let shown = people[*who].get(path).await;
            assert_eq!(shown.status, StatusCode::OK, "{path}: {}", shown.body);
            for (action, fields) in forms(&shown.body) {
                // Whoever is suspended sees no page any more.
                let is_last = action.ends_with("/suspend");
                if is_last || !fields.iter().any(|field| field.is_text) {
                    continue;
                }
                let typed: Vec<(&str, &str)> = fields
                    .iter()
                    .map(|field| {
                        let value = if field.is_text { EVIL } else { &field.value };
                        (field.name.as_str(), value)
                    })
                    .collect();
                let answer = people[*who].post(&action, &typed).await;
                assert!(
                    !answer.status.is_server_error(),
                    "{action}: {}",
                    answer.body
                );
                assert!(!answer.body.contains(RAW), "{action}: {}", answer.body);
                // Kept or refused, what was typed is in no header.
                for (name, value) in &answer.headers {
                    let value = String::from_utf8_lossy(value.as_bytes());
                    assert!(!value.contains("evil"), "{action}: {name}: {value}");
                }
                sent.insert(action);
            }
        }
        assert!(sent.len() > 18, "{sent:?}");
        county.screen().await;
        let mut told = 0;
        for (who, path) in &pages {
            for language in ["zh", "en"] {
                people[*who].language = Some(language.to_owned());
                let shown = people[*who].get(path).await;
                assert!(!shown.body.contains(RAW), "{path}: {}", shown.body);
                told += usize::from(shown.body.contains(ESCAPED));
            }
        }
        // It was kept, and is there to be read.
        assert!(told > 30, "{told}");
        let workbook = exported(&people[CLERK], "workbook").await;
        for sheet in parts(&workbook, ".xml") {
            assert!(!sheet.contains("<f>") && !sheet.contains("<f "), "{sheet}");
            assert!(!sheet.contains(RAW), "{sheet}");
        }
        let mut neutral = 0;
        for table in parts(&exported(&people[CLERK], "csv").await, ".csv") {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(table.trim_start_matches('\u{feff}').as_bytes());
            for record in reader.records() {
                for field in &record.unwrap() {
                    assert!(!field.starts_with(['=', '+', '@', '\t', '\r']), "{field}");
                    let is_number = field.parse::<f64>().is_ok();
                    assert!(is_number || !field.starts_with('-'), "{field}");
                    neutral += usize::from(field.starts_with("'="));
                }
            }
        }
        assert!(neutral > 10, "{neutral}");
    });
}

/// Something that a field of a kind can hold.
fn filled(filing: &Filing, column: &Column, text: &str) -> String {
    let value = match column.field {
        Field::Text if column.key.ends_with("datum") => "WGS-84",
        Field::Text => text,
        Field::Code => "990121003201",
        Field::Uscc => "91510823MA62K1XY71",
        Field::Choice => return filing.choices(column)[0].key.clone(),
        Field::Date => "2025-03-14",
        Field::Time => "2025-03-14 08:00",
        Field::Money => "1234.56",
        Field::Quantity => "61.5",
        Field::Unit => "亩",
        Field::Percent => "40",
        Field::Int => "3",
        Field::Number => "3.5",
        Field::Bool => "是",
        Field::Identity => "51082319700101123X",
        Field::Boundary => "POLYGON((105.1 32.1, 105.102 32.1, 105.102 32.102, 105.1 32.1))",
    };
    value.to_owned()
}

#[test]
fn a_filing_of_all_items_in_uyghur_with_emoji_and_ten_thousand_characters_goes_out_and_comes_back()
{
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county.file(&mut clerk, "99012120260001", "كۆۋرۈك 🌉").await;
        let filing = Filing::embedded();
        let long: String = "ئۇيغۇرچە 🎋👩‍🌾 看灯 ".chars().cycle().take(10_000).collect();
        let long = format!("{}。", long.trim_end());
        let short = "ئۇيغۇرچە مەزمۇن 🎋";
        let own = &filing.sheets[0].table;
        let mut longs = 0;
        for category in &filing.categories {
            let path = format!("{project}/items/{}", category.key);
            let shown = clerk.get(&path).await;
            let mut typed: Vec<(String, String)> = Vec::new();
            let mut is_first = true;
            for part in shown.body.split("name=\"").skip(1) {
                let name = part.split('"').next().unwrap();
                let mut parts = name.split('.');
                let column = match (parts.next(), parts.next(), parts.next(), parts.next()) {
                    (Some("f"), Some(column), ..) => filing.column(own, column),
                    (Some("r"), Some(list), Some(_), Some(column)) => filing.column(list, column),
                    _ => None,
                };
                let Some(column) = column else {
                    continue;
                };
                // Of a photo's time an import makes its day, and its hash is of a file that is not there.
                let is_of_file = ["sha256", "taken_at"].contains(&&*column.key);
                if typed.iter().any(|(known, _)| known == name) || is_of_file {
                    continue;
                }
                // One of ten thousand characters in each category, where a text stands.
                let is_free = column.field == Field::Text && !column.key.ends_with("datum");
                let is_long = is_first && is_free && name.starts_with("f.");
                if is_long {
                    is_first = false;
                    longs += 1;
                }
                let text = if is_long { &long } else { short };
                typed.push((name.to_owned(), filled(filing, column, text)));
            }
            let typed: Vec<(&str, &str)> = typed
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let saved = send(&mut clerk, &path, &form(&shown, &typed)).await;
            assert_eq!(
                saved.status,
                StatusCode::SEE_OTHER,
                "{path}: {}",
                saved.body
            );
            let again = clerk.get(&path).await;
            assert!(is_first || again.body.contains(&long), "{path}");
        }
        assert!(longs >= 4, "{longs}");
        // Every item of every category has something in it.
        let page = clerk.get(&project).await;
        assert!(page.body.contains(short));
        let filled: i64 = (county.house.site.platform())
            .query(|of| of.query_row("select count(*) from project_items", [], |row| row.get(0)))
            .unwrap();
        let items: usize = filing.categories.iter().map(|one| one.items.len()).sum();
        assert_eq!(items, 42);
        assert_eq!(filled, 42);
        for (kind, name) in [("workbook", "filings.xlsx"), ("csv", "filings.zip")] {
            let bytes = exported(&clerk, kind).await;
            let token = clerk.token().await;
            let part = "--lamp\r\ncontent-disposition: form-data; name=";
            let mut body = format!(
                "{part}\"form_token\"\r\n\r\n{token}\r\n{part}\"file\"; filename=\"{name}\"\r\n\r\n"
            )
            .into_bytes();
            body.extend_from_slice(&bytes);
            body.extend_from_slice(b"\r\n--lamp--\r\n");
            let request = Request::builder()
                .method(Method::POST)
                .uri("/supervise/import")
                .header(header::HOST, "kandeng.example")
                .header("sec-fetch-site", "same-origin")
                .header(header::CONTENT_TYPE, "multipart/form-data; boundary=lamp")
                .header(
                    header::COOKIE,
                    format!("__Host-session={}", clerk.cookie.as_ref().unwrap()),
                );
            let request = request.body(Body::from(body)).unwrap();
            let answer = county.house.router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{kind}");
            let report = answer.headers()["location"].to_str().unwrap().to_owned();
            // Where there is something to change, the page says which cells.
            let report = format!("{report}?code=99012120260001");
            let report = clerk.get(&report).await;
            assert!(
                report.body.contains("这份文件与台账一致"),
                "{kind}: {}",
                report.body
            );
        }
    });
}
