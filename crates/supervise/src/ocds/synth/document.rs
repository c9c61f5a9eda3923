//! One compiled release as a line of JSON.

use std::fmt::Write as _;

use super::bidding::Bid;
use super::{buyer_id, supplier_id, unit_id};

pub(super) struct Release<'a> {
    pub ocid: &'a str,
    pub number: u64,
    pub buyer: u64,
    pub method: &'a str,
    /// Seconds since 1970.
    pub start: i64,
    pub end: i64,
    pub bids: &'a [Bid],
    pub winner: Option<u64>,
    pub class: u64,
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

fn money(fen: i64) -> String {
    format!(
        "{{\"amount\":{}.{:02},\"currency\":\"CNY\"}}",
        fen / 100,
        fen % 100
    )
}

pub(super) fn write(line: &mut String, release: &Release<'_>) {
    let Release {
        ocid,
        number,
        buyer,
        method,
        start,
        end,
        bids,
        winner,
        class,
    } = release;
    let (buyer_id, unit_id) = (buyer_id(*buyer), unit_id(*buyer));
    let tenderers = bids.len();
    let published = time(end + 10 * 86_400);
    // Cannot fail: writing to a String does not.
    let _ = write!(
        line,
        "{{\"ocid\":\"{ocid}\",\"id\":\"{ocid}-compiled\",\"date\":\"{published}\",\"tag\":[\"compiled\"],\"initiationType\":\"tender\",\"language\":\"en\",\
         \"parties\":[{{\"id\":\"{buyer_id}\",\"name\":\"Office {buyer} of Lampshire\",\"roles\":[\"buyer\"]}},\
         {{\"id\":\"{unit_id}\",\"name\":\"Procurement unit {buyer} of Lampshire\",\"roles\":[\"procuringEntity\"]}}],\
         \"buyer\":{{\"id\":\"{buyer_id}\",\"name\":\"Office {buyer} of Lampshire\"}},\
         \"tender\":{{\"id\":\"tender-{number}\",\"title\":\"Works, goods and services of lot {number}\",\"status\":\"complete\",\
         \"procurementMethod\":\"{method}\",\"procurementMethodDetails\":\"{method} procedure\",\
         \"procuringEntity\":{{\"id\":\"{unit_id}\",\"name\":\"Procurement unit {buyer} of Lampshire\"}},\
         \"tenderPeriod\":{{\"startDate\":\"{}\",\"endDate\":\"{}\"}},\"numberOfTenderers\":{tenderers}}},\"bids\":{{\"details\":[",
        time(*start),
        time(*end),
    );
    for (place, bid) in bids.iter().enumerate() {
        let _ = write!(
            line,
            "{}{{\"id\":\"bid-{number}-{place}\",\"date\":\"{}\",\"status\":\"{}\",\"tenderers\":[{{\"id\":\"{}\",\"name\":\"Fictional Company {}\"}}],\"value\":{}}}",
            if place == 0 { "" } else { "," },
            time(end - bid.early * 60),
            bid.status,
            supplier_id(bid.tenderer),
            bid.tenderer,
            money(bid.fen),
        );
    }
    line.push_str("]},\"awards\":[");
    if let Some(winner) = winner {
        let fen = bids
            .iter()
            .find(|bid| bid.tenderer == *winner)
            .map_or(0, |bid| bid.fen);
        let _ = write!(
            line,
            "{{\"id\":\"award-{number}\",\"status\":\"active\",\"date\":\"{published}\",\"value\":{},\"suppliers\":[{{\"id\":\"{}\",\"name\":\"Fictional Company {winner}\"}}],\
             \"items\":[{{\"id\":\"1\",\"quantity\":1,\"classification\":{{\"scheme\":\"UNSPSC\",\"id\":\"{class}100000\"}}}}]}}",
            money(fen),
            supplier_id(*winner),
        );
    }
    line.push_str("],\"contracts\":[");
    if let Some(winner) = winner {
        let fen = bids
            .iter()
            .find(|bid| bid.tenderer == *winner)
            .map_or(0, |bid| bid.fen);
        let _ = write!(
            line,
            "{{\"id\":\"contract-{number}\",\"awardID\":\"award-{number}\",\"status\":\"active\",\"dateSigned\":\"{}\",\"value\":{}}}",
            time(end + 20 * 86_400),
            money(fen),
        );
    }
    line.push_str("]}\n");
}
