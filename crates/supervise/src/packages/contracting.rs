//! A contracting process of OCDS as a filing: what of one release the 42 items have a place for.

use kandeng_screening::Text;
use serde_json::Value;

use super::found::Found;
use super::part::{Part, Said};
use super::parties::{Parties, several};
use super::taking::{Taking, no_item};
use super::{PackageError, leftover, process, project};
use crate::filing::Filing;

/// Reads a process.
pub(super) fn read(
    filing: &Filing,
    found: &mut Found,
    place: String,
    mut value: Value,
) -> Result<(), PackageError> {
    if !value.is_object() {
        return Err(PackageError::at(&place, "应为对象", "expected an object"));
    }
    let before = value.clone();
    let mut taking = Taking::new(filing);
    let mut release = Part::of(&mut value, &*place);
    let Some(ocid) = release.text("ocid") else {
        return Err(PackageError::at(
            &format!("{place}/ocid"),
            "没有 ocid,无法分辨是哪个合同过程",
            "there is no ocid, so nobody can tell which contracting process it is",
        ));
    };
    let parties = Parties::take(&mut taking, &mut release);
    let code = planning(&mut taking, &mut release).unwrap_or_else(|| ocid.clone());
    let code = project::checked_code(code)?;
    if let Some(first) = found.place_of(&code.text) {
        let why = Text::new(
            format!("一个项目只填报一个合同过程,{first} 已带入"),
            format!("a filing has one contracting process, and {first} is carried"),
        );
        let mut taking = Taking::new(filing);
        taking.leave(place, Some(&ocid.text), why);
        found.leave(&code.text, taking.left);
        return Ok(());
    }
    tender(&mut taking, &mut release, &parties);
    if let Some(mut buyer) = release.get("buyer") {
        let named = parties.refer(&mut taking, &mut buyer);
        let place = buyer.place.clone();
        process::owner(&mut taking, named, place);
    }
    bids(&mut taking, &mut release, &parties);
    awards(&mut taking, &mut release, &parties);
    contracts(&mut taking, &mut release, &parties);
    // Of the publishing.
    release.drop(&["id", "date", "tag", "initiationType", "language"]);
    leftover::leave(&mut taking, &before, &value, &place);
    parties.leave(&mut taking);
    project::add(found, code.text.clone(), place, code, taking);
    Ok(())
}

/// What was planned; gives the project's own code, where one is named.
fn planning(taking: &mut Taking<'_>, release: &mut Part<'_>) -> Option<Said> {
    let mut planning = release.get("planning")?;
    let mut code = None;
    if let Some(mut project) = planning.get("project") {
        code = project.text("id");
        let title = project.text("title");
        taking.put("name", title);
    }
    if let Some(mut budget) = planning.get("budget") {
        let by_budget = budget.text("projectID");
        code = code.or(by_budget);
        if !taking.has("name") {
            let title = budget.text("project");
            taking.put("name", title);
        }
        let amount = taking.money(&mut budget, "amount");
        taking.put("approved_budget", amount);
    }
    code
}

fn tender(taking: &mut Taking<'_>, release: &mut Part<'_>, parties: &Parties) {
    let has_bids = release
        .value
        .pointer("/bids/details")
        .and_then(Value::as_array);
    let has_bids = has_bids.is_some_and(|bids| !bids.is_empty());
    let Some(mut tender) = release.get("tender") else {
        return;
    };
    if !taking.has("name") {
        let title = tender.text("title");
        taking.put("name", title);
    }
    process::method(taking, &mut tender);
    let (start, end) = taking.period(&mut tender, "tenderPeriod");
    taking.put("tender_start", start);
    taking.put("tender_end", end);
    if let Some(mut opening) = tender.get("bidOpening") {
        let day = taking.day(&mut opening, "date");
        taking.put("bid_opening", day);
    }
    if let Some(mut entity) = tender.get("procuringEntity") {
        let named = parties.refer(taking, &mut entity);
        let place = entity.place.clone();
        process::owner(taking, named, place);
    }
    for mut one in tender.each("tenderers") {
        let named = parties.refer(taking, &mut one);
        // They stand among the bids once more, with what they bid.
        if !has_bids {
            taking.row(
                "bids",
                [("bidder_name", named.name), ("bidder_uscc", named.uscc)],
            );
        }
    }
    tender.drop(&["id", "numberOfTenderers"]);
    let (start, end) = taking.period(&mut tender, "contractPeriod");
    taking.put("planned_start", start);
    taking.put("planned_finish", end);
}

fn bids(taking: &mut Taking<'_>, release: &mut Part<'_>, parties: &Parties) {
    let Some(mut bids) = release.get("bids") else {
        return;
    };
    for mut bid in bids.each("details") {
        let mut named = None;
        for (place, mut one) in bid.each("tenderers").into_iter().enumerate() {
            let who = parties.refer(taking, &mut one);
            if place == 0 {
                named = Some(who);
            } else {
                taking.leave(
                    &*one.place,
                    who.name.as_ref().map(|name| &*name.text),
                    several(),
                );
            }
        }
        let amount = taking.money(&mut bid, "value");
        let date = taking.day(&mut bid, "date");
        let status = bid.text("status");
        let status = status.filter(|status| {
            let is_known = taking.knows("bid_status", &status.text);
            if !is_known {
                let why = Text::new(
                    "投标状态只有 有效、否决、撤回",
                    "a bid is valid, disqualified or withdrawn",
                );
                taking.leave(&*status.place, Some(&status.text), why);
            }
            is_known
        });
        bid.drop(&["id"]);
        let (name, uscc) = named.map_or((None, None), |named| (named.name, named.uscc));
        taking.row(
            "bids",
            [
                ("bidder_name", name),
                ("bidder_uscc", uscc),
                ("amount", amount),
                ("bid_date", date),
                ("status", status),
            ],
        );
    }
}

/// The supplier of the only award that stands.
fn awards(taking: &mut Taking<'_>, release: &mut Part<'_>, parties: &Parties) {
    let mut is_taken = false;
    for mut award in release.each("awards") {
        let stands = !matches!(award.peek("status"), Some("cancelled" | "unsuccessful"));
        if is_taken || !stands {
            let why = if stands {
                Text::new(
                    "只有一个中标结果可填,带入的是第一个",
                    "a filing has one award; the first is carried",
                )
            } else {
                Text::new(
                    "已取消或未成交,未带入",
                    "cancelled or unsuccessful; not carried",
                )
            };
            taking.leave_part(&mut award, why);
            continue;
        }
        is_taken = true;
        for (place, mut supplier) in award.each("suppliers").into_iter().enumerate() {
            let named = parties.refer(taking, &mut supplier);
            if place == 0 {
                taking.put("contractor_name", named.name);
                taking.put("contractor_uscc", named.uscc);
            } else {
                taking.leave(
                    &*supplier.place,
                    named.name.as_ref().map(|name| &*name.text),
                    several(),
                );
            }
        }
        award.drop(&["id", "status"]);
    }
}

/// The only contract that stands, and what was paid under it.
fn contracts(taking: &mut Taking<'_>, release: &mut Part<'_>, parties: &Parties) {
    let mut is_taken = false;
    for mut contract in release.each("contracts") {
        let stands = contract.peek("status") != Some("cancelled");
        if is_taken || !stands {
            let why = if stands {
                Text::new(
                    "只有一份合同可填,带入的是第一份",
                    "a filing has one contract; the first is carried",
                )
            } else {
                Text::new("已取消,未带入", "cancelled; not carried")
            };
            taking.leave_part(&mut contract, why);
            continue;
        }
        is_taken = true;
        let number = contract.text("id");
        taking.put("contract_number", number);
        let day = taking.day(&mut contract, "dateSigned");
        taking.put("contract_date", day);
        let value = taking.money(&mut contract, "value");
        taking.put("contract_amount", value);
        if taking.has("planned_start") || taking.has("planned_finish") {
            taking.leave_field(&mut contract, "period", several());
        } else {
            let (start, end) = taking.period(&mut contract, "period");
            taking.put("planned_start", start);
            taking.put("planned_finish", end);
        }
        contract.drop(&["awardID", "status"]);
        if let Some(mut implementation) = contract.get("implementation") {
            payments(taking, &mut implementation, parties);
        }
    }
}

fn payments(taking: &mut Taking<'_>, implementation: &mut Part<'_>, parties: &Parties) {
    for mut one in implementation.each("transactions") {
        let date = taking.day(&mut one, "date");
        // OCDS 1.0 called it the amount.
        let key = if one.value.get("value").is_some() {
            "value"
        } else {
            "amount"
        };
        let amount = taking.money(&mut one, key);
        let key = if one.value.get("payee").is_some() {
            "payee"
        } else {
            "receiverOrganization"
        };
        let payee = parties.field(taking, &mut one, key);
        let (name, uscc) = payee.map_or((None, None), |payee| (payee.name, payee.uscc));
        one.drop(&["id"]);
        taking.row(
            "payments",
            [
                ("date", date),
                ("amount", amount),
                ("payee_name", name),
                ("payee_uscc", uscc),
            ],
        );
    }
    for mut milestone in implementation.each("milestones") {
        if milestone.peek("type") == Some("payment") {
            let due = taking.day(&mut milestone, "dueDate");
            let amount = taking.money(&mut milestone, "value");
            taking.row("payment_plan", [("due_date", due), ("amount", amount)]);
            milestone.drop(&["id", "type"]);
        } else {
            taking.leave_part(&mut milestone, no_item());
        }
    }
}
