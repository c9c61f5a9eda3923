//! A project's record as rows of the county's tables. Order of columns only; no decisions.

use super::calendar::shanghai_day;
use super::codes::seal;
use super::money::HOUSEHOLD_GRANT;
use super::record::{Photo, Project, STAGES};
use super::tables::{Sheet, at};

/// Adds a project's rows to the sheets.
pub(super) fn add(made: &Project, sheets: &mut [Sheet]) {
    for _ in 0..=usize::from(made.twice) {
        add_project(made, &mut sheets[at::PROJECTS]);
    }
    let code = made.code.as_str();
    for source in &made.sources {
        sheets[at::SOURCES]
            .text(code)
            .text(source.level)
            .whole(source.fen)
            .day(source.arrival);
    }
    for bid in &made.bids {
        let sheet = &mut sheets[at::BIDS];
        sheet
            .text(code)
            .text(&bid.bidder.0)
            .text(&bid.bidder.1)
            .whole(bid.fen)
            .day(bid.date)
            .text(bid.status);
    }
    for (day, percent) in &made.progress {
        let note = match *percent {
            ..10.0 => "进场,放线",
            10.0..60.0 => "主体施工",
            60.0..100.0 => "收尾施工",
            _ => "完工",
        };
        sheets[at::PROGRESS]
            .text(code)
            .day(*day)
            .float(*percent)
            .text(note);
    }
    for (day, finding) in &made.inspections {
        sheets[at::INSPECTIONS]
            .text(code)
            .day(*day)
            .text(&made.owner.0)
            .text(finding);
    }
    for (day, percent, fen) in &made.plan {
        sheets[at::PLAN]
            .text(code)
            .day(*day)
            .float(*percent)
            .whole(*fen);
    }
    for payment in &made.payments {
        let sheet = &mut sheets[at::PAYMENTS];
        sheet
            .text(code)
            .day(payment.date)
            .whole(payment.fen)
            .text(&payment.payee.0)
            .text(&payment.payee.1);
        sheet
            .text(&payment.person)
            .text(&payment.account)
            .text(payment.purpose)
            .text(payment.programme);
        sheet
            .text(&payment.voucher)
            .text(&format!("{}.pdf", payment.voucher));
    }
    for photo in &made.photos {
        let sheet = &mut sheets[at::PHOTOS];
        let place = photo.position;
        sheet
            .text(code)
            .text(photo.stage)
            .text(&photo.file)
            .flag(photo.covers_site)
            .whole(photo.taken_at);
        sheet
            .day(photo.taken_at.map(shanghai_day))
            .float(place.map(|place| rounded(place.0)));
        sheet
            .float(place.map(|place| rounded(place.1)))
            .float(place.map(|_| photo.accuracy_m));
        sheet
            .text(photo.software)
            .text(photo.camera)
            .text(&photo.sha256)
            .text(&photo.phash)
            .text(&photo.phash_crops)
            .text(&photo.footprint);
        sheet.flag(photo.capture_record).text(&seal_of(code, photo));
    }
    for (role, body, person) in &made.panel {
        sheets[at::PANEL]
            .text(code)
            .text(role)
            .text(body)
            .text(person);
    }
    for (day, state) in &made.checks {
        sheets[at::CHECKS].text(code).day(*day).text(state);
    }
    for (year, income, paid_out) in &made.income {
        sheets[at::INCOME]
            .text(code)
            .whole(i64::from(*year))
            .whole(*income)
            .whole(*paid_out);
    }
    for (category, time) in &made.signatures {
        sheets[at::SIGNATURES]
            .text(code)
            .text(category)
            .whole(*time);
    }
    for (item, time) in &made.changes {
        sheets[at::CHANGES].text(code).text(item).whole(*time);
    }
    if let Some((measured, error)) = made.outline {
        sheets[at::OUTLINES]
            .text(code)
            .float(tenth(measured))
            .float(tenth(error));
    }
    for (person, from, to) in &made.eligible {
        sheets[at::ELIGIBLE]
            .text(person)
            .text(HOUSEHOLD_GRANT)
            .day(*from)
            .day(*to);
    }
    for (person, day) in &made.deceased {
        sheets[at::DECEASED].text(person).day(*day);
    }
}

/// The seal of a photo of which something was recorded.
fn seal_of(code: &str, photo: &Photo) -> String {
    if photo.footprint.is_empty() && !photo.capture_record {
        return String::new();
    }
    let recorded = if photo.capture_record { "true" } else { "" };
    seal([code, &photo.file, &photo.sha256, &photo.footprint, recorded])
}

fn rounded(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

fn tenth(mu: f64) -> f64 {
    (mu * 10.0).round() / 10.0
}

fn add_project(made: &Project, sheet: &mut Sheet) {
    let datum = if made.boundary.is_empty() {
        ""
    } else {
        "WGS-84"
    };
    let accepted_unit = if made.accepted_scale.is_some() {
        made.unit
    } else {
        ""
    };
    sheet
        .text(&made.code)
        .text(&made.name)
        .text(made.kind)
        .text(&made.village_code)
        .text(&made.address);
    sheet
        .float(rounded(made.position.0))
        .float(rounded(made.position.1))
        .text(&made.owner.0)
        .text(&made.owner.1);
    sheet
        .float(made.scale)
        .text(made.unit)
        .text(&made.approval_number)
        .text(&made.approval_authority);
    sheet
        .day(made.approval)
        .whole(made.budget_fen)
        .day(made.resolution)
        .text(&made.resolution_file);
    sheet
        .text(made.method)
        .day(made.tender_start)
        .day(made.tender_end)
        .day(made.bid_opening);
    sheet
        .text(&made.contractor.0)
        .text(&made.contractor.1)
        .text(&made.contract_number)
        .day(made.contract);
    sheet
        .whole(made.contract_fen)
        .day(made.planned_start)
        .day(made.planned_finish)
        .day(made.start);
    sheet
        .text(&made.boundary)
        .text(made.boundary_method)
        .float(made.boundary_accuracy_m)
        .text(datum);
    sheet
        .whole(made.paid_total_fen)
        .text(&made.payee.0)
        .text(&made.payee.1)
        .whole(made.retention_fen);
    sheet
        .day(made.retention_due)
        .day(made.finish)
        .day(made.acceptance)
        .float(made.accepted_scale);
    sheet
        .text(accepted_unit)
        .whole(made.settlement_fen)
        .text(&made.acceptance_file)
        .text(&made.asset_owner);
    sheet
        .text(&made.upkeep_body)
        .whole(made.upkeep_fund_fen)
        .whole(made.households)
        .whole(made.people);
    sheet.text(STAGES[made.stage]);
}
