//! How long people have is the county's to say.

use axum::http::StatusCode;
use jiff::SignedDuration;
use kandeng_platform::Clock as _;
use kandeng_platform::account::Role;
use kandeng_platform::deadline::DeadlineLoop;

use super::County;
use super::support::block_on;

#[test]
fn a_case_is_urged_after_the_days_that_the_county_has_set() {
    block_on(async {
        let county = County::new().await;
        let mut clerk = county.clerk().await;
        // Nothing but a code and a name: what is missing is a doubt.
        county.file(&mut clerk, "99012120260001", "渠").await;
        county.screen().await;
        let mut officer = county
            .house
            .signed_in("officer", Role::Officer, "990121")
            .await;
        let desk = officer.get("/supervise/desk").await.body;
        let flag = desk.split("/supervise/flags/").nth(1).unwrap();
        let flag = flag.split('"').next().unwrap();
        let token = officer.token().await;
        let verify = format!("/supervise/flags/{flag}/verify");
        let opened = officer.post(&verify, &[("form_token", &*token)]).await;
        assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
        let platform = county.house.site.platform();
        let start = county.house.clock.now();
        // The county of these tests urges after 4 days.
        for (hours, rung) in [(24 * 4 - 1, None), (24 * 4, Some("urge".to_owned()))] {
            let clock = &county.house.clock;
            clock.set(start + SignedDuration::from_hours(hours));
            DeadlineLoop::new(platform.clone())
                .fire_due()
                .await
                .unwrap();
            let now: Option<String> = platform
                .query(|of| of.query_row("select rung from cases", [], |row| row.get(0)))
                .unwrap();
            assert_eq!(now, rung, "after {hours} hours");
        }
    });
}
