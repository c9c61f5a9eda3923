//! The boundary: from a file, from its corners, and saved as any item is.

use axum::http::StatusCode;

use super::photos::{photo, upload};
use super::support::block_on;
use super::{County, form, send};

const CORNERS: &str = "105.52, 32.28\n105.521, 32.28\n105.521, 32.281\n105.52, 32.281\n";

#[test]
fn a_boundary_is_read_from_corners_measured_and_saved_by_the_form_of_its_category() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组核桃园")
            .await;
        let category = format!("{project}/items/construction");
        let page = format!("{category}/boundary");
        // The form leads there, and saves first.
        let shown = clerk.get(&category).await;
        let fields = form(
            &shown,
            &[("f.start_date", "2025-05-18"), ("go", "boundary")],
        );
        let saved = send(&mut clerk, &category, &fields).await;
        assert_eq!(saved.header("location"), page);
        // Nothing to draw by yet; where a photo was taken is.
        let shown = clerk.get(&page).await;
        assert!(shown.body.contains("请直接填写拐点坐标") && !shown.body.contains("data-chart"));
        let file = photo(1, 105.5205, 9);
        let photos = format!("{category}/files/site_photos");
        upload(
            &mut clerk,
            &photos,
            &[("stage", "during")],
            &[("a.jpg", &file)],
        )
        .await;
        let shown = clerk.get(&page).await;
        assert!(shown.body.contains("data-chart") && shown.body.contains("class=\"photo\""));

        let fields = [("corners", CORNERS), ("datum", "国家2000")];
        let read = upload(&mut clerk, &page, &fields, &[]).await;
        assert_eq!(read.status, StatusCode::OK, "{}", read.body);
        // 94.2 m by 110.9 m.
        assert!(read.body.contains("15.67 亩"), "{}", read.body);
        assert!(read.body.contains("value=\"drawn\" selected"));
        // Nothing is saved before it is said so; then it is, by the ordinary form, with its edition.
        assert!(!clerk.get(&category).await.body.contains("POLYGON"));
        let wkt = read.field("f.boundary").unwrap();
        let fields = form(
            &read,
            &[
                ("f.boundary", &wkt),
                ("f.boundary_datum", "WGS-84"),
                ("f.boundary_method", "drawn"),
                ("go", "construction"),
            ],
        );
        let saved = send(&mut clerk, &category, &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let shown = clerk.get(&category).await;
        assert!(shown.body.contains("POLYGON") && shown.body.contains("value=\"WGS-84\""));
        assert!(
            clerk
                .get(&project)
                .await
                .body
                .contains("class=\"boundary\" d=\"M")
        );
        // Drawn anew, it begins with the corners that stand there.
        assert!(
            clerk
                .get(&page)
                .await
                .body
                .contains("105.521000, 32.281000")
        );
        // Saved from a page that is older than that, both values are shown.
        let refused = send(&mut clerk, &category, &fields_of(&fields, "105.522")).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
    });
}

/// The same form with another corner.
fn fields_of(fields: &[(String, String)], lon: &str) -> Vec<(String, String)> {
    let all = fields.iter();
    all.map(|(name, value)| (name.clone(), value.replace("105.521", lon)))
        .collect()
}

#[test]
fn a_boundary_comes_as_a_file_with_its_datum_and_what_cannot_be_read_says_why() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组核桃园")
            .await;
        let page = format!("{project}/items/construction/boundary");
        let geojson = br#"{"type":"Polygon","coordinates":[[[105.52,32.28],[105.521,32.28],[105.521,32.281],[105.52,32.281],[105.52,32.28]]]}"#;
        let read = upload(
            &mut clerk,
            &page,
            &[("datum", "")],
            &[("三组.geojson", geojson)],
        )
        .await;
        assert!(read.body.contains("15.67 亩"), "{}", read.body);
        assert!(read.body.contains("value=\"surveyed\" selected"));
        // The same figures on another datum are elsewhere.
        let other = [("datum", "GCJ-02")];
        let moved = upload(&mut clerk, &page, &other, &[("三组.geojson", geojson)]).await;
        assert_ne!(moved.field("f.boundary"), read.field("f.boundary"));
        let crossing = "105.52, 32.28\n105.521, 32.281\n105.521, 32.28\n105.52, 32.281\n";
        let read = upload(&mut clerk, &page, &[("corners", crossing)], &[]).await;
        assert!(read.body.contains("自相交叉"), "{}", read.body);

        let wrong: [(&str, &str, &[u8], &str); 4] = [
            ("", "a.kml", b"<kml></kml>", "role=\"alert\""),
            ("", "a.zip", b"PK\x03\x04x", "压缩包已损坏"),
            ("北京54", "a.geojson", geojson, "role=\"alert\""),
            ("", "a.txt", b"hello", "role=\"alert\""),
        ];
        for (datum, name, bytes, told) in wrong {
            let refused = upload(&mut clerk, &page, &[("datum", datum)], &[(name, bytes)]).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
            assert!(refused.body.contains(told), "{name}: {}", refused.body);
            assert!(refused.field("f.boundary").is_none());
        }
        let typed = "105.52, 32.28\n105.521\n105.521, 32.281\n";
        let refused = upload(&mut clerk, &page, &[("corners", typed)], &[]).await;
        // What was typed is still there.
        assert!(refused.body.contains("第 2 行") && refused.body.contains("105.521\n"));
        let none = clerk
            .get(&format!("{project}/items/profile/boundary"))
            .await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_package_within_a_package_is_not_opened() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let project = county
            .file(&mut clerk, "99012120260001", "三组核桃园")
            .await;
        let page = format!("{project}/items/construction/boundary");
        let packed = |bytes: &[u8]| {
            let mut package = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            let options = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Stored);
            package.start_file("a.wkt", options).unwrap();
            std::io::Write::write_all(&mut package, bytes).unwrap();
            package.finish().unwrap().into_inner()
        };
        let ground = b"POLYGON((105.52 32.28, 105.521 32.28, 105.521 32.281, 105.52 32.28))";
        let mut package = packed(ground);
        let read = upload(&mut clerk, &page, &[], &[("a.zip", &package)]).await;
        assert_eq!(read.status, StatusCode::OK, "{}", read.body);
        // Each one more would be held whole while the next is read.
        for _ in 0..3 {
            package = packed(&package);
            let read = upload(&mut clerk, &page, &[], &[("a.zip", &package)]).await;
            assert_eq!(
                read.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{}",
                read.body
            );
            assert!(read.body.contains("压缩包里还有压缩包"), "{}", read.body);
        }
    });
}
