//! Photos, papers and the boundary of a project, by programs.

use axum::http::StatusCode;
use kandeng_platform::account::{Role, Scope, Scopes};
use serde_json::json;

use super::super::County;
use super::super::photos::photo;
use super::super::support::block_on;
use super::{Program, clerk, filed};

const PDF: &[u8] = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n";

#[test]
fn a_photo_is_added_once_fetched_and_removed() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let project = filed(&mut clerk, "99012120260001").await;
        let photos = format!("{project}/files/site_photos");
        let bytes = photo(1, 105.5205, 9);
        let files: [(&str, &[u8]); 1] = [("三组.jpg", &bytes)];
        // Which stage it shows has to be said.
        let unsaid = clerk.form(&photos, None, &[], &files).await;
        unsaid.is(StatusCode::CONFLICT, "files-refused");
        let fields = [("stage", "during")];
        let added = clerk.form(&photos, Some(7), &fields, &files).await;
        assert_eq!(added.status, StatusCode::OK, "{added:?}");
        assert_eq!(added.body["changed"], true);
        let again = clerk.form(&photos, Some(7), &fields, &files).await;
        assert_eq!(again.body, added.body);
        // The same once more is there already.
        let twice = clerk.form(&photos, None, &fields, &files).await;
        assert_eq!(twice.body["changed"], false, "{twice:?}");

        let listed = clerk.get(&format!("{project}/files")).await;
        let all = listed.body["items"].as_array().unwrap();
        let item = all.iter().find(|one| one["item"] == "site_photos").unwrap();
        let [line] = &item["files"].as_array().unwrap()[..] else {
            panic!("{item}");
        };
        assert_eq!(
            (&line["name"], &line["stage"], &line["kind"]),
            (&json!("三组.jpg"), &json!("during"), &json!("image/jpeg"))
        );
        let address = format!("{project}/evidence/{}", line["sha256"].as_str().unwrap());
        let seen = clerk.file(&address).await;
        assert!(seen.bytes == bytes && seen.header("content-type") == "image/jpeg");
        let small = clerk.file(&format!("{address}/preview")).await;
        assert_eq!(small.status, StatusCode::OK);
        assert_ne!(small.bytes, bytes);
        // Nobody of elsewhere, not even that there is one.
        let mut other = Program::of(&county, "other", Role::Clerk, "990122").await;
        for path in [address.clone(), format!("{project}/files")] {
            assert_eq!(
                other.file(&path).await.status,
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
        let theirs = other.form(&photos, None, &fields, &files).await;
        theirs.is(StatusCode::NOT_FOUND, "not-found");

        let gone = |edition: u64| json!({ "row": line["row"], "edition": edition });
        let edition = item["edition"].as_u64().unwrap();
        let remove = format!("{photos}/remove");
        let stale = clerk.post(&remove, gone(edition - 1)).await;
        stale.is(StatusCode::CONFLICT, "changed-meanwhile");
        let removed = clerk.post(&remove, gone(edition)).await;
        assert_eq!(removed.status, StatusCode::OK, "{removed:?}");
        let listed = clerk.get(&format!("{project}/files")).await;
        let all = listed.body["items"].as_array().unwrap();
        let item = all.iter().find(|one| one["item"] == "site_photos").unwrap();
        assert_eq!(item["files"], json!([]));
    });
}

#[test]
fn what_is_no_photo_or_is_said_beside_it_in_vain_is_refused_and_nothing_is_kept() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let project = filed(&mut clerk, "99012120260001").await;
        let photos = format!("{project}/files/site_photos");
        let paper: [(&str, &[u8]); 1] = [("a.pdf", PDF)];
        let stage = [("stage", "during")];
        let refused = clerk.form(&photos, None, &stage, &paper).await;
        refused.is(StatusCode::CONFLICT, "files-refused");
        assert_eq!(refused.body["field"], "file");
        let unknown = [("stage", "during"), ("colour", "red")];
        let refused = clerk.form(&photos, None, &unknown, &paper).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (StatusCode::BAD_REQUEST, &json!("colour"))
        );
        let nothing = clerk.form(&photos, None, &stage, &[]).await;
        nothing.is(StatusCode::CONFLICT, "files-refused");
        // An item that holds no files, and one that there is not.
        for item in ["approved_budget", "nothing"] {
            let path = format!("{project}/files/{item}");
            let refused = clerk.form(&path, None, &stage, &paper).await;
            refused.is(StatusCode::NOT_FOUND, "not-found");
        }
        // Officers look and add nothing; a key that only signs adds nothing either.
        let mut officer = Program::of(&county, "officer", Role::Officer, "990121").await;
        let theirs = officer.form(&photos, None, &stage, &paper).await;
        theirs.is(StatusCode::NOT_FOUND, "not-found");
        clerk.key(Scopes::from([Scope::Vouch])).await;
        let beyond = clerk.form(&photos, None, &stage, &paper).await;
        beyond.is(StatusCode::FORBIDDEN, "beyond-scope");
        assert_eq!(std::fs::read_dir(county.uploads.path()).unwrap().count(), 0);
    });
}

#[test]
fn a_boundary_is_read_and_measured_and_saved_as_any_item_is() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = clerk(&county).await;
        let project = filed(&mut clerk, "99012120260001").await;
        let path = format!("{project}/boundary");
        let file: &[u8] = br#"{"type":"Polygon","coordinates":[[[105.52,32.28],[105.521,32.28],[105.521,32.281],[105.52,32.281],[105.52,32.28]]]}"#;
        let read = clerk.form(&path, None, &[], &[("a.geojson", file)]).await;
        assert_eq!(read.status, StatusCode::OK, "{read:?}");
        // 94.2 m by 110.9 m.
        let mu = read.body["area_mu"].as_f64().unwrap();
        assert!((15.6..15.8).contains(&mu), "{mu}");
        let wkt = read.body["wkt"].as_str().unwrap();
        let saved = json!({ "fields": { "boundary": wkt, "boundary_datum": "WGS-84" } });
        let saved = clerk.post(&format!("{project}/items"), saved).await;
        assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
        let none = clerk
            .form(&path, None, &[], &[("a.geojson", b"lamp")])
            .await;
        none.is(StatusCode::CONFLICT, "boundary-refused");
        let datum = [("datum", "moon")];
        let wrong = clerk
            .form(&path, None, &datum, &[("a.geojson", file)])
            .await;
        wrong.is(StatusCode::CONFLICT, "boundary-refused");
        let mut other = Program::of(&county, "other", Role::Clerk, "990122").await;
        let theirs = other.form(&path, None, &[], &[("a.geojson", file)]).await;
        theirs.is(StatusCode::NOT_FOUND, "not-found");
    });
}
