//! What is planted once a filing stands: each arm changes as little as its rule needs.
//! What had to be so from the start is in `brief`, `ground` and `money`.

use super::brief::Brief;
use super::calendar::{shanghai, year_of};
use super::codes::{Hashed, hashed, photo_crops, photo_phash, photo_sha256, with_wrong_check};
use super::county::County;
use super::ground::{Site, picture};
use super::place::{field_wkt, offset};
use super::random::mix;
use super::record::{Copied, Photo, Project};
use kandeng_evidence::PHASH_RADIUS;

/// Plants what the project's part says; names the photos in any case.
pub(super) fn disturb(county: &County, brief: &Brief, made: &mut Project) {
    if let Some(part) = brief.part {
        match part.id.as_bytes()[0] {
            b'Q' => incomplete_or_inconsistent(county, brief, made, part.id),
            _ if part.id < "K17" => before_building(brief, made, part.id, part.member),
            _ if part.id < "K23" => on_site(county, brief, made, part.id, part.group, part.member),
            _ => money_and_after(county, brief, made, part.id, part.group),
        }
    }
    let is_trimmed = |photo: &&Photo| photo.copy == Copied::Trimmed;
    let comes_trimmed: Vec<u64> = (made.photos.iter().filter(is_trimmed))
        .map(|photo| photo.scene)
        .collect();
    let trimmed = |scene: u64| mix(scene ^ 5);
    for (at, photo) in made.photos.iter_mut().enumerate() {
        photo.file = format!("{}_{}_{}.jpg", made.code, photo.stage, at + 1);
        let scene = photo.scene;
        photo.sha256 = photo_sha256(match photo.copy {
            Copied::Untouched => scene,
            Copied::EncodedAgain => mix(scene ^ 1),
            Copied::Trimmed => mix(scene ^ 4),
        });
        photo.phash = match photo.copy {
            Copied::Untouched => photo_phash(scene, 0),
            Copied::EncodedAgain => photo_phash(scene, PHASH_RADIUS.min(3)),
            Copied::Trimmed => photo_phash(trimmed(scene), PHASH_RADIUS.min(3)),
        };
        if photo.copy == Copied::Untouched && comes_trimmed.contains(&scene) {
            photo.phash_crops = photo_crops(trimmed(scene));
        }
    }
}

fn incomplete_or_inconsistent(county: &County, brief: &Brief, made: &mut Project, id: &str) {
    let (homes, _) = county.village_people(brief.village);
    match id {
        "Q01a" => made.approval_number.clear(),
        "Q01b" => made.acceptance_file.clear(),
        "Q01c" => made.asset_owner.clear(),
        "Q02b" => made.village_code.replace_range(9.., "999"),
        "Q02c" => made.owner.1 = with_wrong_check(&made.owner.1),
        "Q03a" => made.finish = made.acceptance.map(|day| day + 6),
        "Q03b" => made.start = made.contract.map(|day| day - 9),
        "Q03c" => {
            if let Some(payment) = made.payments.first_mut() {
                payment.date = brief.approval - 10;
            }
        }
        "Q04a" => made.settlement_fen = made.settlement_fen.map(|fen| fen / 10_000),
        "Q04b" => reverse_a_payment(made),
        "Q04c" => made.paid_total_fen = made.paid_total_fen.map(|fen| fen / 10_000),
        "Q05" => made.sources[0].fen -= made.sources[0].fen / 10 + 100,
        "Q06" => made.paid_total_fen = made.paid_total_fen.map(|fen| fen - fen / 12),
        "Q07" => made.unit = "头",
        "Q08a" | "Q08b" => {
            let mut photo = extra(brief, made, 50, 40);
            if id == "Q08b" {
                photo.software = "Adobe Photoshop 25.0";
            } else {
                photo.taken_at = None;
                photo.position = None;
            }
            made.photos.push(photo);
        }
        "Q09a" => made.twice = true,
        "Q09b" => {
            let voucher = made.payments[0].voucher.clone();
            made.payments[1].voucher = voucher;
        }
        "Q11a" => cross_the_boundary(county, brief, made),
        "Q11c" => made.boundary_accuracy_m = Some(14.0),
        "Q12a" => {
            made.households = homes + 35;
            made.people = made.households * 3;
        }
        "Q12b" => made.people = made.households * 7 / 10,
        _ => {}
    }
}

/// A payment booked wrongly and taken back: the sum stays.
fn reverse_a_payment(made: &mut Project) {
    let Some(last) = made.payments.last().cloned() else {
        return;
    };
    let mut back = last.clone();
    back.fen = -123_456;
    back.voucher.push('R');
    let mut again = last;
    again.fen = 123_456;
    again.voucher.push('B');
    made.payments.extend([again, back]);
}

/// A small loop at one corner: the edges cross, the area hardly changes.
fn cross_the_boundary(county: &County, brief: &Brief, made: &mut Project) {
    let site = Site::of(county, brief);
    let mut corners = site.corners.clone();
    let (east, north) = corners[4];
    corners.splice(
        4..5,
        [
            (east, north - 8.0),
            (east - 8.0, north),
            (east, north),
            (east - 8.0, north - 8.0),
        ],
    );
    made.boundary = field_wkt(site.centre, &corners);
}

fn before_building(brief: &Brief, made: &mut Project, id: &str, member: usize) {
    match id {
        "K01a" => {
            let village = County::village_name(brief.village);
            let ending = ["项目", "工程"][member];
            made.name = format!("{village}柑橘标准化示范种植基地及灌溉设施建设{ending}");
        }
        "K04" => made.resolution = Some(brief.approval + 15),
        "K07" => {
            let winner = made.contractor.1.clone();
            for bid in made.bids.iter_mut().filter(|bid| bid.bidder.1 != winner) {
                bid.status = "disqualified";
            }
        }
        "K08a" => made.tender_start = made.tender_end.map(|day| day - 12),
        "K08b" => made.tender_start = made.tender_end.map(|day| day - 1),
        "K09a" => {
            let winner = made.contractor.1.clone();
            let mut others = made.bids.iter_mut().filter(|bid| bid.bidder.1 != winner);
            if let (Some(one), Some(two)) = (others.next(), others.next()) {
                two.fen = one.fen;
            }
        }
        "K09b" => {
            let winner = made.contractor.1.clone();
            made.bids.sort_by_key(|bid| bid.bidder.1 != winner);
            for (at, bid) in made.bids.iter_mut().enumerate() {
                bid.fen = (brief.contract_fen as f64 * 1.0123_f64.powi(at as i32)).round() as i64;
                bid.status = "valid";
            }
        }
        "K16a" => {
            let budget = brief.contract_fen * 100 / 104;
            let less: i64 = brief.budget_fen - budget;
            made.budget_fen = Some(budget);
            if let Some(source) = made.sources.last_mut() {
                source.fen -= less;
            }
            settle_sources(made, budget);
        }
        "K16b" => {
            for bid in &mut made.bids {
                bid.fen = bid.fen * 108 / 100;
            }
        }
        _ => {}
    }
}

/// Puts the whole budget on the first source when a share would not stay above nothing.
fn settle_sources(made: &mut Project, budget_fen: i64) {
    if made.sources.iter().any(|source| source.fen <= 0) {
        made.sources.truncate(1);
        made.sources[0].fen = budget_fen;
    }
}

fn on_site(
    county: &County,
    brief: &Brief,
    made: &mut Project,
    id: &str,
    group: usize,
    member: usize,
) {
    let scene = mix(0x5343_454E ^ mix(group as u64 ^ mix(county.seed)));
    match id {
        "K18a" => {
            let site = Site::of(county, brief);
            let mut photo = extra(brief, made, 50, 40);
            photo.position = Some(offset(site.centre, site.half_width() + 640.0, 0.0));
            made.photos.push(photo);
        }
        "K18b" => {
            let ground = county.grid.village(brief.village);
            let mut photo = extra(brief, made, 50, 40);
            photo.position = Some(offset((ground.west, ground.centre().1), -900.0, 0.0));
            made.photos.push(photo);
        }
        "K19a" | "K19b" => {
            let mut photo = extra(brief, made, 50, 40);
            photo.scene = scene;
            if id == "K19b" && member == 1 {
                photo.copy = Copied::EncodedAgain;
            }
            made.photos.push(photo);
        }
        "K19c" => {
            let mut during = extra(brief, made, 50, 40);
            during.scene = scene;
            let mut after = picture(
                "after",
                shanghai(brief.finish + 6, 640),
                made.position,
                scene,
            );
            after.copy = Copied::Trimmed;
            made.photos.extend([during, after]);
        }
        "K20a" => {
            let day = brief.finish + 4;
            let after = picture("after", shanghai(day, 640), made.position, mix(scene ^ 2));
            let before = picture("before", shanghai(day, 615), made.position, mix(scene ^ 3));
            made.photos.extend([before, after]);
        }
        "K20b" => {
            let at = shanghai(brief.approval - 20, 640);
            made.photos
                .push(picture("during", at, made.position, mix(scene ^ 2)));
        }
        _ => {}
    }
}

fn money_and_after(county: &County, brief: &Brief, made: &mut Project, id: &str, group: usize) {
    let as_of = county.as_of;
    match id {
        "K24a" => made.settlement_fen = made.contract_fen.map(|fen| fen * 106 / 100),
        "K24b" => made.settlement_fen = made.contract_fen.map(|fen| fen * 88 / 100),
        "K25" => {
            let other = county.private_company(group, 5);
            let (uscc, name) = county.company_name(other);
            if let Some(payment) = made.payments.get_mut(2) {
                payment.payee = (name, uscc);
                payment.account = County::account(other);
            }
        }
        "K26" => {
            if let Some(payment) = made.payments.get_mut(1) {
                payment.account = hashed(Hashed::Account, county.private_company(group, 9) as u64);
            }
        }
        "K32" => {
            let unit = 10_f64.powi(i32::from(brief.theme.decimals));
            made.accepted_scale = Some((brief.scale * 0.8 * unit).floor() / unit);
        }
        "K34" => made.settlement_fen = made.contract_fen.map(|fen| fen * 116 / 100),
        "K36" => made.checks.retain(|(day, _)| *day <= as_of - 220),
        "K37" => {
            let scene = mix(0x5343_454E ^ mix(group as u64 ^ mix(county.seed)));
            let acceptance = picture(
                "acceptance",
                shanghai(brief.acceptance, 655),
                made.position,
                scene,
            );
            let mut upkeep = picture(
                "upkeep",
                shanghai(brief.handover + 2, 600),
                made.position,
                scene,
            );
            if group % 2 == 1 {
                upkeep.copy = Copied::Trimmed;
            }
            made.photos.extend([acceptance, upkeep]);
        }
        "K38a" => {
            let years = year_of(as_of) - 2..year_of(as_of);
            for (_, income, paid_out) in made
                .income
                .iter_mut()
                .filter(|(year, _, _)| years.contains(year))
            {
                (*income, *paid_out) = (0, 0);
            }
        }
        "K38b" => made
            .income
            .iter_mut()
            .for_each(|(_, _, paid_out)| *paid_out = 0),
        "K39" => {
            made.upkeep_body = upkeep_body_of_its_own(brief, group);
            made.checks
                .retain(|(day, _)| year_of(*day) != year_of(as_of) - 1);
        }
        "K40" => made
            .changes
            .push(("approved_budget", shanghai(brief.approval + 45, 700))),
        _ => {}
    }
}

/// A body that looks after one project only.
pub(super) fn upkeep_body_of_its_own(brief: &Brief, group: usize) -> String {
    format!(
        "{}第{}管护队",
        County::village_name(brief.village),
        group + 1
    )
}

/// One more photo of the works, on a day when no other was taken.
fn extra(brief: &Brief, made: &Project, percent: i32, minute: i32) -> Photo {
    let day = brief.start + (brief.finish - brief.start) * percent / 100;
    let scene = mix(brief.project as u64 * 64 + 50 + made.photos.len() as u64);
    picture(
        "during",
        shanghai(day, 11 * 60 + minute),
        made.position,
        scene,
    )
}
