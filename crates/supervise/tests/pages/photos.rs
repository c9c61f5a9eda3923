//! Photos and papers: added, shown, removed, refused.

use axum::http::{Method, Request, StatusCode, header};
use kandeng_evidence::image::{Rgb, RgbImage};
use kandeng_evidence::{ExifFields, jpeg_with_exif};
use kandeng_platform::account::Role;

use super::support::{Browser, Seen, block_on};
use super::{County, form, send};

/// A picture of bands that no other number has, taken at a place and a time.
pub(crate) fn photo(number: u32, lon: f64, hour: i8) -> Vec<u8> {
    let pixels = RgbImage::from_fn(640, 480, |x, y| {
        let wave =
            |step: u32, by: u32| ((x / step + y / by + number * 37) * (31 + number) % 200) as u8;
        Rgb([wave(80, 60) + 20, wave(160, 96) + 20, wave(40, 120) + 20])
    });
    let fields = ExifFields {
        taken: Some(jiff::civil::date(2025, 6, 14).at(hour, 30, 0, 0)),
        offset: Some(jiff::tz::offset(8)),
        lon: Some(lon),
        lat: Some(32.28),
        make: Some("Lamp".to_owned()),
        model: Some("One".to_owned()),
        ..ExifFields::default()
    };
    jpeg_with_exif(&pixels, 85, &fields).unwrap()
}

/// As an iPhone keeps it.
const HEIC: &[u8] = include_bytes!("../../../evidence/tests/fixtures/camera_0010.heic");

/// Sends a form with files as a browser does.
pub(crate) async fn upload(
    browser: &mut Browser<'_>,
    path: &str,
    fields: &[(&str, &str)],
    files: &[(&str, &[u8])],
) -> Seen {
    let token = browser.token().await;
    let fields = [&[("form_token", &*token)], fields].concat();
    let body = multipart(&fields, files);
    post(browser, path, body).await
}

pub(crate) fn multipart(fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part =
            format!("--lamp\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    for (name, bytes) in files {
        let head = format!(
            "--lamp\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--lamp--\r\n");
    body
}

async fn post(browser: &mut Browser<'_>, path: &str, body: Vec<u8>) -> Seen {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::ACCEPT, "text/html")
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=lamp");
    browser.send(request, body).await
}

/// Where the pictures of a page are.
pub(crate) fn sources(page: &Seen) -> Vec<String> {
    let parts = page.body.split("<img src=\"").skip(1);
    parts
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect()
}

/// Files below a folder, wherever.
fn count(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { count(&path) } else { 1 })
        .sum()
}

#[test]
fn a_clerk_adds_photos_and_whoever_reads_the_project_sees_them() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        let page = format!("{project}/items/construction/files/site_photos");
        // The form of the category leads there, and saves first.
        let category = format!("{project}/items/construction");
        let shown = clerk.get(&category).await;
        assert!(
            shown.body.contains("value=\"files-site_photos\""),
            "{}",
            shown.body
        );
        let fields = form(
            &shown,
            &[("f.start_date", "2025-05-18"), ("go", "files-site_photos")],
        );
        let saved = send(&mut clerk, &category, &fields).await;
        assert_eq!(saved.header("location"), page);
        assert!(clerk.get(&category).await.body.contains("2025-05-18"));

        let (one, other) = (photo(1, 105.52, 9), photo(2, 105.53, 10));
        let files: [(&str, &[u8]); 2] = [("三组.jpg", &one), ("三组.jpg", &other)];
        let sent = upload(&mut clerk, &page, &[("stage", "during")], &files).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let shown = clerk.get(&page).await;
        // Two files of one name are told apart, and each says when and where it was taken.
        for told in [
            "三组.jpg",
            "三组 (2).jpg",
            "2025-06-14 09:30",
            "105.53000, 32.28000",
        ] {
            assert!(shown.body.contains(told), "{told}: {}", shown.body);
        }
        assert_eq!(sources(&shown).len(), 2);

        // A small picture without place or camera, made once; the original byte by byte.
        let small = clerk.get(&sources(&shown)[0]).await;
        assert_eq!(small.status, StatusCode::OK);
        assert_eq!(small.header("content-type"), "image/jpeg");
        let read =
            kandeng_evidence::Photo::from_bytes(&small.bytes, &kandeng_evidence::Limits::default());
        let read = read.unwrap();
        assert!(read.width == 480 && read.position.is_none() && read.make.is_none());
        assert_eq!(count(&county.kept.path().join("previews")), 1);
        assert_eq!(clerk.get(&sources(&shown)[0]).await.bytes, small.bytes);
        let original = sources(&shown)[0].replace("/preview", "");
        let served = clerk.get(&original).await;
        assert_eq!(served.bytes, one);
        assert_eq!(served.header("x-content-type-options"), "nosniff");
        assert_eq!(
            served.header("content-security-policy"),
            "default-src 'none'; sandbox"
        );
        assert!(
            served
                .header("content-disposition")
                .starts_with("inline; filename=\"")
        );
        assert_eq!(served.header("content-length"), one.len().to_string());

        // Whoever may read the project sees them; whoever may not finds nothing, nor does the file under another project.
        let mut reviewer = county
            .house
            .signed_in("reviewer", Role::Reviewer, "990121003")
            .await;
        assert_eq!(sources(&reviewer.get(&project).await).len(), 2);
        assert_eq!(reviewer.get(&original).await.bytes, one);
        let mut elsewhere = county
            .house
            .signed_in("elsewhere", Role::Clerk, "990121004")
            .await;
        for path in [&original, &sources(&shown)[0], &page] {
            assert_eq!(
                elsewhere.get(path).await.status,
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
        let second = county
            .file(&mut clerk, "99012120260002", "四组产业路硬化")
            .await;
        let moved = original.replace(&project, &second);
        assert_eq!(clerk.get(&moved).await.status, StatusCode::NOT_FOUND);

        // The same form once more changes nothing; what is removed is listed no longer, and its history stays.
        let files: [(&str, &[u8]); 1] = [("三组.jpg", &one)];
        upload(&mut clerk, &page, &[("stage", "during")], &files).await;
        let shown = clerk.get(&page).await;
        assert_eq!(sources(&shown).len(), 2);
        let fields = [
            ("form_token", shown.field("form_token").unwrap()),
            ("row", shown.field("row").unwrap()),
            ("edition", shown.field("edition").unwrap()),
        ];
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        let removed = clerk.post(&format!("{page}/remove"), &fields).await;
        assert_eq!(removed.status, StatusCode::SEE_OTHER, "{}", removed.body);
        let shown = clerk.get(&page).await;
        assert_eq!(sources(&shown).len(), 1);
        let history = clerk.get(&format!("{project}/history/site_photos")).await;
        assert!(history.body.contains("三组.jpg"), "{}", history.body);
        // From a page that is older than that it is refused, and says why.
        let again = clerk.post(&format!("{page}/remove"), &fields).await;
        let wrong = clerk
            .post(
                &format!("{page}/remove"),
                &[fields[0], ("row", "2"), ("edition", "1")],
            )
            .await;
        assert_eq!(again.status, StatusCode::SEE_OTHER, "it is gone already");
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("已被他人修改"), "{}", wrong.body);
    });
}

#[test]
fn what_a_photo_says_is_the_files_to_say_and_rules_see_it() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        let page = format!("{project}/items/construction/files/site_photos");
        let file = photo(1, 105.52, 9);
        let files: [(&str, &[u8]); 1] = [("a.jpg", &file)];
        upload(&mut clerk, &page, &[("stage", "during")], &files).await;
        // Time and place are shown in the form and are no fields of it.
        let category = format!("{project}/items/construction");
        let shown = clerk.get(&category).await;
        assert!(shown.body.contains("2025-06-14 09:30"));
        assert!(
            !shown.body.contains("name=\"r.photos.1.taken_at\""),
            "{}",
            shown.body
        );
        assert!(shown.body.contains("name=\"r.photos.1.stage\""));
        let fields = form(&shown, &[("r.photos.1.taken_at", "2024-01-01 08:00")]);
        let refused = send(&mut clerk, &category, &fields).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.body.contains("取自文件本身"), "{}", refused.body);
        // The stage is the clerk's.
        let fields = form(&shown, &[("r.photos.1.stage", "after")]);
        let saved = send(&mut clerk, &category, &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);

        // The same file in another project is a doubt for officers, as if a workbook had brought it.
        let second = county
            .file(&mut clerk, "99012120260002", "四组产业路硬化")
            .await;
        let there = format!("{second}/items/construction/files/site_photos");
        upload(&mut clerk, &there, &[("stage", "after")], &files).await;
        county.screen().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let seen = officer.get(&project).await;
        assert!(
            seen.body.contains("K19") && seen.body.contains("a.jpg"),
            "{}",
            seen.body
        );
    });
}

#[test]
fn a_paper_is_added_to_the_item_that_names_it_and_comes_as_a_file() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        let page = format!("{project}/items/acceptance/files/acceptance_papers");
        let (one, two) = (b"%PDF-1.7\none\n%%EOF\n", b"%PDF-1.7\ntwo\n%%EOF\n");
        let files: [(&str, &[u8]); 2] = [("验收报告.pdf", one), ("决算.pdf", two)];
        let sent = upload(&mut clerk, &page, &[], &files).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let shown = clerk.get(&project).await;
        assert!(shown.body.contains(">验收报告.pdf</a>") && shown.body.contains(">决算.pdf</a>"));
        let (before, _) = shown.body.split_once("\">验收报告.pdf</a>").unwrap();
        let link = before.rsplit('"').next().unwrap().to_owned();
        let served = clerk.get(&link).await;
        assert_eq!(served.bytes, one);
        assert_eq!(served.header("content-type"), "application/pdf");
        assert!(
            served
                .header("content-disposition")
                .starts_with("attachment;")
        );
        assert_eq!(
            clerk.get(&format!("{link}/preview")).await.status,
            StatusCode::NOT_FOUND
        );
        // The cell names both, as a workbook would; one is removed, the other stays.
        let form = clerk.get(&page).await;
        let fields = [
            ("form_token", form.field("form_token").unwrap()),
            ("name", "验收报告.pdf".to_owned()),
            ("edition", form.field("edition").unwrap()),
        ];
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        clerk.post(&format!("{page}/remove"), &fields).await;
        let shown = clerk.get(&project).await;
        assert!(!shown.body.contains(">验收报告.pdf</a>") && shown.body.contains(">决算.pdf</a>"));

        // Whoever vouches for the category names the paper that was there.
        let token = clerk.token().await;
        let edition = shown.field("edition").unwrap();
        let submit = [("form_token", &*token), ("edition", &*edition)];
        let submitted = clerk
            .post(&format!("{project}/items/acceptance/submit"), &submit)
            .await;
        assert_eq!(
            submitted.status,
            StatusCode::SEE_OTHER,
            "{}",
            submitted.body
        );
        let looked: String = county
            .house
            .site
            .platform()
            .query(|of| {
                of.query_row("select looked from project_signatures", [], |row| {
                    row.get(0)
                })
            })
            .unwrap();
        let kept = shown.body.split("/evidence/").nth(1).unwrap();
        assert!(looked.contains(&kept[..64]), "{looked}");

        // A voucher belongs to a payment.
        let vouchers = format!("{project}/items/disbursement/files/vouchers");
        let none = upload(&mut clerk, &vouchers, &[("row", "1")], &[("v.pdf", one)]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
        let category = format!("{project}/items/disbursement");
        let shown = clerk.get(&category).await;
        let fields = super::form(&shown, &[("r.payments.1000000.amount", "12.5万")]);
        send(&mut clerk, &category, &fields).await;
        let sent = upload(&mut clerk, &vouchers, &[("row", "1")], &[("v.pdf", one)]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        assert!(clerk.get(&category).await.body.contains(">v.pdf</a>"));
    });
}

#[test]
fn what_cannot_be_kept_is_refused_with_its_name_and_leaves_nothing() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        let page = format!("{project}/items/construction/files/site_photos");
        let right = photo(1, 105.52, 9);
        let cut = right[..right.len() / 2].to_vec();
        let large = vec![0xFF; (20 << 20) + 1];
        let stage = [("stage", "during")];
        let wrong: [(&str, &[u8], &str); 7] = [
            ("假.jpg", b"<script>alert(1)</script>", "不是照片"),
            ("报告.pdf", b"%PDF-1.7\n%%EOF\n", "不是照片"),
            ("断.jpg", &cut, "不完整"),
            ("空.jpg", b"", "空文件"),
            ("大.jpg", &large, "超过 20 MB"),
            (
                "手机.heic",
                b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
                "“手机.heic”",
            ),
            ("苹果.heic", HEIC, "会自动转为 JPEG"),
        ];
        for (name, bytes, told) in wrong {
            // A right one beside it is not kept either.
            let files: [(&str, &[u8]); 2] = [("对.jpg", &right), (name, bytes)];
            let refused = upload(&mut clerk, &page, &stage, &files).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
            assert!(
                refused.body.contains(told) && refused.body.contains(name),
                "{name}: {}",
                refused.body
            );
            // What was chosen is still chosen.
            assert!(refused.body.contains("value=\"during\" selected"));
        }
        let many: Vec<(&str, &[u8])> = (0..21).map(|_| ("对.jpg", &*right)).collect();
        let refused = upload(&mut clerk, &page, &stage, &many).await;
        assert!(refused.body.contains("最多传 20 份"), "{}", refused.body);
        let files: [(&str, &[u8]); 1] = [("对.jpg", &right)];
        let refused = upload(&mut clerk, &page, &[("stage", "x")], &files).await;
        assert!(refused.body.contains("请选择这些照片的拍摄阶段"));
        // Cut off on the way.
        let token = clerk.token().await;
        let fields = [&[("form_token", &*token)], &stage[..]].concat();
        let whole = multipart(&fields, &files);
        let refused = post(&mut clerk, &page, whole[..whole.len() - 2_000].to_vec()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(refused.body.contains("没有完整送达"), "{}", refused.body);
        let papers = format!("{project}/items/acceptance/files/acceptance_papers");
        let refused = upload(&mut clerk, &papers, &[], &[("a.html", b"<html>x")]).await;
        assert!(refused.body.contains("不是可收的文件"), "{}", refused.body);
        // An item that holds no files has no such page.
        let none = clerk
            .get(&format!("{project}/items/profile/files/name"))
            .await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);

        assert_eq!(count(county.uploads.path()), 0);
        assert_eq!(count(county.kept.path()), 0);
        assert!(sources(&clerk.get(&project).await).is_empty());
        // Of a project that was withdrawn nothing is kept, and the bytes are taken back.
        let mut reviewer = county
            .house
            .signed_in("reviewer", Role::Reviewer, "990121003")
            .await;
        let token = reviewer.token().await;
        let fields = [("form_token", &*token), ("reason", "填错了")];
        let gone = reviewer.post(&format!("{project}/withdraw"), &fields).await;
        assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
        let refused = upload(&mut clerk, &page, &stage, &files).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.body
        );
        assert_eq!(count(county.kept.path()), 0);
    });
}

#[test]
fn two_clerks_add_at_once_and_neither_is_in_the_others_way() {
    block_on(async {
        let county = County::new().await;
        let mut one = county.clerk().await;
        let mut other = county
            .house
            .signed_in("other", Role::Clerk, "990121003")
            .await;
        let project = county
            .file(&mut one, "99012120260001", "三组产业路硬化")
            .await;
        let page = format!("{project}/items/construction/files/site_photos");
        let (first, second) = (photo(1, 105.52, 9), photo(2, 105.52, 9));
        let first: [(&str, &[u8]); 1] = [("a.jpg", &first)];
        let second: [(&str, &[u8]); 1] = [("a.jpg", &second)];
        let (a, b) = tokio::join!(
            upload(&mut one, &page, &[("stage", "during")], &first),
            upload(&mut other, &page, &[("stage", "during")], &second),
        );
        assert_eq!(
            (a.status, b.status),
            (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER)
        );
        let shown = one.get(&page).await;
        assert_eq!(sources(&shown).len(), 2, "{}", shown.body);
        assert!(shown.body.contains("a (2).jpg"));
    });
}

#[test]
fn an_iphone_is_asked_for_jpeg_first_and_never_for_heic() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county.file(&mut clerk, "99012120260001", "路").await;
        for item in [
            "construction/files/site_photos",
            "acceptance/files/acceptance_papers",
        ] {
            let page = clerk.get(&format!("{project}/items/{item}")).await;
            let accept = page.body.split(" accept=\"").nth(1).unwrap();
            let accept: Vec<&str> = accept.split('"').next().unwrap().split(',').collect();
            let pictures = accept.iter().filter(|one| one.starts_with("image/"));
            let pictures: Vec<&str> = pictures.copied().collect();
            assert_eq!(
                pictures,
                ["image/jpeg", "image/png", "image/webp"],
                "{item}"
            );
            assert!(
                !accept
                    .iter()
                    .any(|one| one.contains("heic") || one.contains("heif"))
            );
        }
        // One that comes all the same is refused with what to do, in English too.
        clerk.language = Some("en".to_owned());
        let page = format!("{project}/items/construction/files/site_photos");
        let files: [(&str, &[u8]); 1] = [("a.heic", HEIC)];
        let refused = upload(&mut clerk, &page, &[("stage", "during")], &files).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.body.contains("converted to JPEG"),
            "{}",
            refused.body
        );
    });
}
