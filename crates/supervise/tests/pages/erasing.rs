//! A file that should never have been sent is erased for good, with all that the ledger said of it.

use axum::http::StatusCode;
use kandeng_platform::account::Role;

use super::photos::{photo, sources, upload};
use super::support::block_on;
use super::{County, send};

/// What any event of the ledger says, as far as it still says it.
fn said(county: &County) -> String {
    let events = county.house.site.platform().ledger().read_from(0, 10_000);
    let payloads = events
        .unwrap()
        .into_iter()
        .filter_map(|event| event.payload);
    payloads.map(|payload| payload.to_string()).collect()
}

#[test]
fn an_identity_card_that_was_sent_by_mistake_is_erased_with_all_that_tells_of_it() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        let page = format!("{project}/items/construction/files/site_photos");
        let (card, site) = (photo(1, 105.52, 9), photo(2, 105.53, 10));
        let files: [(&str, &[u8]); 2] = [("张三身份证.jpg", &card), ("工地.jpg", &site)];
        let sent = upload(&mut clerk, &page, &[("stage", "during")], &files).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let shown = clerk.get(&page).await;
        let preview = sources(&shown)[0].clone();
        assert_eq!(clerk.get(&preview).await.status, StatusCode::OK);
        let sha256 = preview.rsplit('/').nth(1).unwrap().to_owned();
        let bytes = county.kept.path().join("evidence").join(&sha256[..2]);
        let bytes = bytes.join(&sha256);
        let small = county.kept.path().join("previews");
        let small = small.join(format!("{sha256}.jpg"));
        assert!(bytes.is_file() && small.is_file());
        let phash: String = county
            .house
            .site
            .platform()
            .query(|of| {
                let cell = "select json_extract(cells, '$.phash') from project_rows where row = 1";
                of.query_row(cell, [], |row| row.get(0))
            })
            .unwrap();

        let mut manager = county
            .house
            .signed_in("manager", Role::Manager, "990121")
            .await;
        let erase = format!("{project}/removed");
        let fields = |token: &str, reason: &str| -> Vec<(String, String)> {
            [
                ("form_token", token),
                ("sha256", &*sha256),
                ("reason", reason),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
        };
        let theirs = manager.token().await;
        // An item still names it: its filer removes it there first.
        let early = send(&mut manager, &erase, &fields(&theirs, "误传")).await;
        assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(early.body.contains("须先由填报单位移除"), "{}", early.body);
        let edition = shown
            .body
            .split("name=\"edition\" value=\"")
            .nth(1)
            .unwrap();
        let edition = edition.split('"').next().unwrap();
        let token = clerk.token().await;
        let gone = [("form_token", &*token), ("row", "1"), ("edition", edition)];
        let removed = clerk.post(&format!("{page}/remove"), &gone).await;
        assert_eq!(removed.status, StatusCode::SEE_OTHER, "{}", removed.body);
        // It is there for whoever looks it up, until somebody erases it; whoever filed it cannot.
        assert!(bytes.is_file() && said(&county).contains(&phash));
        let not_theirs = send(&mut clerk, &erase, &fields(&token, "误传")).await;
        assert_eq!(not_theirs.status, StatusCode::NOT_FOUND);
        assert!(manager.get(&project).await.body.contains(&erase));
        assert!(manager.get(&erase).await.body.contains("张三身份证.jpg"));
        let unsaid = send(&mut manager, &erase, &fields(&theirs, " ")).await;
        assert!(
            unsaid.body.contains("彻底删除须写明理由"),
            "{}",
            unsaid.body
        );

        let done = send(&mut manager, &erase, &fields(&theirs, "误传他人证件")).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        assert!(!bytes.exists() && !small.exists());
        for path in [&preview, preview.strip_suffix("/preview").unwrap()] {
            assert_eq!(manager.get(path).await.status, StatusCode::NOT_FOUND);
        }
        let left = said(&county);
        assert!(
            !left.contains(&phash) && !left.contains("张三身份证"),
            "{left}"
        );
        // The other photo stands as it was, and the history says what was done.
        let shown = clerk.get(&page).await;
        assert_eq!(sources(&shown).len(), 1, "{}", shown.body);
        assert!(shown.body.contains("工地.jpg"));
        let told = manager.get(&project).await.body;
        assert!(
            told.contains("误传他人证件") && told.contains("彻底删除文件一份"),
            "{told}"
        );
        // It is not taken again, and the next photo has a row of its own.
        let again = upload(
            &mut clerk,
            &page,
            &[("stage", "during")],
            &[("a.jpg", &card)],
        )
        .await;
        assert!(again.body.contains("曾存入本项目"), "{}", again.body);
        let third = photo(3, 105.54, 11);
        let sent = upload(
            &mut clerk,
            &page,
            &[("stage", "after")],
            &[("b.jpg", &third)],
        )
        .await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        assert_eq!(sources(&clerk.get(&page).await).len(), 2);
        // A copy of the bytes that comes back, such as with a backup, goes at the next round.
        std::fs::create_dir_all(bytes.parent().unwrap()).unwrap();
        std::fs::write(&bytes, &card).unwrap();
        county.screen().await;
        assert!(!bytes.exists());
    });
}
