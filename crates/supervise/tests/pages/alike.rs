//! Photos that are nearly the same, side by side.

use kandeng_evidence::ExifFields;
use kandeng_evidence::image::load_from_memory;
use kandeng_platform::account::Role;

use super::County;
use super::photos::{photo, sources, upload};
use super::support::block_on;

/// The same picture, saved once more by something that keeps nothing of the camera.
fn saved_again(photo: &[u8]) -> Vec<u8> {
    let pixels = load_from_memory(photo).unwrap().to_rgb8();
    kandeng_evidence::jpeg_with_exif(&pixels, 60, &ExifFields::default()).unwrap()
}

#[test]
fn an_officer_sees_both_pictures_only_where_both_projects_are_theirs_to_read() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        let one = county
            .file(&mut clerk, "99012120260001", "三组产业路硬化")
            .await;
        let mut elsewhere = county
            .house
            .signed_in("elsewhere", Role::Clerk, "990121004")
            .await;
        let token = elsewhere.token().await;
        let fields = [
            ("form_token", &*token),
            ("code", "99012120260002"),
            ("name", "四组核桃园"),
            ("kind", "industry"),
            ("village", "990121004201"),
        ];
        let filed = elsewhere.post("/supervise/projects/new", &fields).await;
        let other = filed.header("location").to_owned();
        let first = photo(1, 105.52, 9);
        let again = saved_again(&first);
        let to = |project: &str| format!("{project}/items/construction/files/site_photos");
        upload(
            &mut clerk,
            &to(&one),
            &[("stage", "during")],
            &[("a.jpg", &first)],
        )
        .await;
        upload(
            &mut elsewhere,
            &to(&other),
            &[("stage", "after")],
            &[("b.jpg", &again)],
        )
        .await;
        county.screen().await;

        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let page = officer.get(&one).await;
        let alike = page.body.split("id=\"alike\"").nth(1).expect(&page.body);
        assert!(
            alike.contains("a.jpg") && alike.contains("b.jpg"),
            "{alike}"
        );
        assert!(alike.contains("四组核桃园") && alike.contains("不同项目"));
        assert!(alike.contains("感知哈希相差"), "{alike}");
        // Both pictures can be opened, each as its own project's.
        let shown = sources(&page);
        for project in [&one, &other] {
            let mut theirs = shown
                .iter()
                .filter(|path| path.starts_with(project.as_str()));
            let picture = theirs.next().unwrap();
            assert_eq!(
                officer.get(picture).await.header("content-type"),
                "image/jpeg"
            );
        }
        let doubts = page.body.split("<ul class=\"flags\">").nth(1).unwrap();
        let flag = doubts.split("href=\"/supervise/flags/").nth(1).unwrap();
        let flag = format!("/supervise/flags/{}", flag.split('"').next().unwrap());
        let of_flag = officer.get(&flag).await;
        let _ = of_flag.body.split("id=\"alike\"").nth(1).expect("pictures");
        // An officer of one township sees the doubt about its project, and nothing of the other.
        let mut local = county
            .house
            .signed_in("local", Role::Officer, "990121003")
            .await;
        for path in [&one, &flag] {
            let page = local.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(!page.body.contains("id=\"alike\""), "{}", page.body);
            assert!(
                sources(&page)
                    .iter()
                    .all(|path| path.starts_with(one.as_str()))
            );
        }
        // A filer sees neither the doubt nor what it is like.
        let page = clerk.get(&one).await;
        assert!(!page.body.contains("id=\"alike\"") && !page.body.contains("K19"));
    });
}
