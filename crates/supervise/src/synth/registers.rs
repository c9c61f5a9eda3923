//! Registers for comparison: divisions, companies, officials, relatives, the dead, programmes.
//! Every person in them is a hash that was drawn, not computed from a number.

use super::county::County;
use super::money::{PLANTING_GRANT, PLANTING_RATE_FEN};
use super::names;
use super::place::{VILLAGES_PER_COUNTY, county_tile};
use super::random::Stream;
use super::tables::{Sheet, at};

/// Villages in one step of [`divisions`], companies in one of [`companies`].
pub(super) const STEP: usize = 8192;

/// Divisions of the villages `from..`, with their townships and counties where these begin.
pub(super) fn divisions(county: &County, from: usize, sheet: &mut Sheet) {
    for village in from..(from + STEP).min(county.villages) {
        if village % VILLAGES_PER_COUNTY == 0 {
            let number = village / VILLAGES_PER_COUNTY;
            let code = format!("{:06}", County::county_code(number));
            sheet
                .text(&code)
                .text(&names::county(number))
                .whole(None)
                .whole(None)
                .text(&county_tile(number).wkt());
        }
        if village % VILLAGES_PER_COUNTY % county.grid.township_villages == 0 {
            let (name, ground) = (county.township_name(village), county.grid.township(village));
            sheet
                .text(&county.township_code(village))
                .text(&name)
                .whole(None)
                .whole(None)
                .text(&ground.wkt());
        }
        let (homes, heads) = county.village_people(village);
        sheet
            .text(&county.village_code(village))
            .text(&County::village_name(village));
        sheet
            .whole(homes)
            .whole(heads)
            .text(&county.grid.village(village).wkt());
    }
}

/// Companies `from..` as the register has them.
pub(super) fn companies(county: &County, from: usize, sheet: &mut Sheet) {
    for number in
        (from..(from + STEP).min(county.companies())).filter(|number| county.is_registered(*number))
    {
        let company = county.company(number);
        sheet
            .text(&company.uscc)
            .text(&company.name)
            .day(company.founded)
            .whole(company.capital_fen);
        sheet
            .whole(company.staff)
            .text(&company.phone)
            .text(&company.address)
            .text(&company.legal_rep);
    }
}

/// The registers that stay small.
pub(super) fn people(county: &County, sheets: &mut [Sheet]) {
    let officials = county.planting.groups.len() + (county.projects / 20).max(40);
    for number in 0..officials {
        sheets[at::OFFICIALS].text(&County::official(number));
        sheets[at::RELATIVES]
            .text(&County::relative(number))
            .text(&County::official(number));
    }
    let mut stream = Stream::of(county.seed, 0x4445, 0);
    for number in 0..(county.projects / 10).max(20) {
        let day = county.as_of - stream.between(10, 1600);
        sheets[at::DECEASED]
            .text(&County::relative(7_000_000 + number))
            .day(day);
    }
    sheets[at::PROGRAMMES]
        .text(PLANTING_GRANT)
        .text("亩")
        .whole(PLANTING_RATE_FEN);
}
