//! The machine's clock is set back: whoever minds the machine is told, and nothing is lost or jumps.

use axum::http::StatusCode;
use jiff::SignedDuration;
use kandeng_platform::Clock as _;
use kandeng_platform::account::Role;
use kandeng_platform::deadline::DeadlineLoop;

use super::support::block_on;
use super::worked::{ADMIN, CLERK, MANAGER, OFFICER, people, worked};
use super::{County, form, send};

#[test]
fn a_clock_that_was_set_back_is_told_to_whoever_minds_it_and_nothing_is_lost_or_jumps() {
    block_on(async {
        let county = County::new().await;
        let mut people = people(&county.house).await;
        let of = worked(&county, &mut people).await;
        let clock = &county.house.clock;
        let platform = county.house.site.platform();
        let due = || -> Vec<(String, i64)> {
            platform
                .query(|connection| {
                    connection
                        .prepare("select what, due from deadlines where state = 'running' order by what, due")?
                        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                        .collect()
                })
                .unwrap()
        };
        let (right, before) = (clock.now(), due());
        assert!(!before.is_empty());
        assert!(!people[MANAGER].get("/account").await.body.contains("时钟"));
        let shown = |at: jiff::Timestamp| {
            let offset = jiff::tz::Offset::constant(8);
            offset
                .to_datetime(at)
                .strftime("%Y-%m-%d %H:%M")
                .to_string()
        };
        let back = right - SignedDuration::from_mins(30);
        clock.set(back);
        for who in [MANAGER, ADMIN] {
            let page = people[who].get("/account").await;
            assert_eq!(page.status, StatusCode::OK);
            // Both times, as clocks in China show them.
            for told in [
                format!("服务器的时钟是 {}", shown(back)),
                format!("台账里已有 {}", shown(right)),
            ] {
                assert!(page.body.contains(&told), "{told}: {}", page.body);
            }
        }
        people[ADMIN].language = Some("en".to_owned());
        let page = people[ADMIN].get("/people").await;
        let told = format!("clock shows {}", shown(back));
        assert!(page.body.contains(&told), "{}", page.body);
        for who in [CLERK, OFFICER] {
            let page = people[who].get("/account").await;
            assert!(!page.body.contains("时钟"), "{}", page.body);
        }
        // What is filed meanwhile is kept, after what was there.
        let path = format!("{}/items/tendering", of.project);
        let shown = people[CLERK].get(&path).await;
        let fields = form(&shown, &[("f.contractor_name", "柿子湾建设有限公司")]);
        let saved = send(&mut people[CLERK], &path, &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
        let history = format!("{}/history/contractor", of.project);
        let history = people[CLERK].get(&history).await.body;
        let of_name = |row: &&str| row.contains("建设有限公司");
        let rows: Vec<&str> = history.split("<tr").filter(of_name).collect();
        // The newest first, by the order of the ledger.
        assert!(rows.len() > 1 && rows[0].contains("柿子湾"), "{history}");
        assert!(!rows[1].contains("柿子湾"), "{history}");
        county.screen().await;
        // No deadline comes sooner or later for it, none is missed, and none is missed twice.
        let fired = || async {
            DeadlineLoop::new(platform.clone())
                .fire_due()
                .await
                .unwrap()
        };
        assert_eq!(fired().await, 0);
        assert_eq!(due(), before);
        // Three days back, when the battery of the machine's clock was empty: sessions end, and whoever signs in is told.
        clock.set(right - SignedDuration::from_hours(72));
        let ended = people[MANAGER].get("/account").await;
        assert_eq!(ended.status, StatusCode::UNAUTHORIZED);
        {
            let boss = county.house.signed_in("late-boss", Role::Manager, "990121");
            let page = boss.await.get("/account").await;
            assert!(
                page.body.contains("服务器的时钟是 2025-12-29"),
                "{}",
                page.body
            );
        }
        assert_eq!(fired().await, 0);
        assert_eq!(due(), before);
        // A month later by a clock that is right again, each has been missed, once.
        clock.set(right + SignedDuration::from_hours(24 * 30));
        assert!(fired().await >= before.len());
        let sessions_end = people[MANAGER].get("/account").await;
        assert_eq!(sessions_end.status, StatusCode::UNAUTHORIZED);
        let mut manager = county
            .house
            .signed_in("new-boss", Role::Manager, "990121")
            .await;
        assert!(!manager.get("/account").await.body.contains("时钟"));
        // Set back now, nothing is missed again.
        clock.set(right);
        let missed = "select count(*) from deadlines where state = 'missed'";
        let count = || -> i64 {
            platform
                .query(|of| of.query_row(missed, [], |row| row.get(0)))
                .unwrap()
        };
        let were = count();
        assert_eq!(fired().await, 0);
        assert_eq!(count(), were);
        // A node that is started now knows it from the ledger.
        assert!(platform.clock_behind().is_some());
    });
}
