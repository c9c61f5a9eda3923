//! The contracting process of a project: how it was tendered, to whom, for how much, and what was paid.

use std::collections::BTreeMap;

use kandeng_screening::Text;
use serde_json::Value;

use super::lists::met;
use super::part::{Part, Said};
use super::parties::{Named, Parties, several};
use super::taking::Taking;
use crate::oc4ids::words;

/// Takes the process that a filing is about: the only one, or the only one of construction.
pub(super) fn take(taking: &mut Taking<'_>, project: &mut Part<'_>, parties: &Parties) {
    let mut all = project.each("contractingProcesses");
    let chosen = match all.len() {
        0 => return,
        1 => Some(0),
        _ => {
            let is_works = |part: &Part<'_>| {
                let nature = part
                    .value
                    .pointer("/summary/nature")
                    .and_then(Value::as_array);
                nature.is_some_and(|nature| nature.iter().any(|one| one == "construction"))
            };
            let works: Vec<usize> = (0..all.len())
                .filter(|place| is_works(&all[*place]))
                .collect();
            (works.len() == 1).then(|| works[0])
        }
    };
    for (place, part) in all.iter_mut().enumerate() {
        if Some(place) == chosen {
            if let Some(mut process) = part.get("summary") {
                summary(taking, &mut process, parties);
            }
            part.drop(&["id"]);
            let why = Text::new(
                "链接到别处的发布不读取;请另导入 OCDS 包",
                "releases that are linked are not read; import their OCDS package",
            );
            taking.leave_field(part, "releases", why);
        } else {
            let why = match chosen {
                Some(_) => Text::new(
                    "一个项目只填报一个合同过程,带入的是施工的那个",
                    "a filing has one contracting process; the one of construction is carried",
                ),
                None => Text::new(
                    "一个项目只填报一个合同过程,这里有几个而分不清哪个是施工的,都未带入",
                    "a filing has one contracting process; here are several, and which one is of construction is not clear, so none is carried",
                ),
            };
            taking.leave_part(part, why);
        }
    }
}

fn summary(taking: &mut Taking<'_>, summary: &mut Part<'_>, parties: &Parties) {
    if let Some(mut tender) = summary.get("tender") {
        self::tender(taking, &mut tender, parties);
    }
    for (place, mut supplier) in summary.each("suppliers").into_iter().enumerate() {
        let named = parties.refer(taking, &mut supplier);
        if place == 0 {
            taking.put("contractor_name", named.name);
            taking.put("contractor_uscc", named.uscc);
        } else {
            let name = named.name.map(|name| name.text);
            taking.leave(&*supplier.place, name.as_deref(), several());
        }
    }
    let number = summary.text("externalReference");
    taking.put("contract_number", number);
    let value = taking.money(summary, "contractValue");
    taking.put("contract_amount", value);
    milestones(taking, summary);
    payments(taking, summary, parties);
    for mut one in summary.each("finance") {
        if one.peek("id") == Some("retention") && !taking.has("retention_amount") {
            let value = taking.money(&mut one, "value");
            let (_, due) = taking.period(&mut one, "period");
            taking.put("retention_amount", value);
            taking.put("retention_due", due);
            one.drop(&["id", "title"]);
        }
    }
    // They follow from the project and from what was read above.
    summary.drop(&["status", "title"]);
}

fn tender(taking: &mut Taking<'_>, tender: &mut Part<'_>, parties: &Parties) {
    method(taking, tender);
    let day = taking.day(tender, "datePublished");
    taking.put("tender_start", day);
    for mut one in tender.each("tenderers") {
        let named = parties.refer(taking, &mut one);
        taking.row(
            "bids",
            [("bidder_name", named.name), ("bidder_uscc", named.uscc)],
        );
    }
    if let Some(mut entity) = tender.get("procuringEntity") {
        let named = parties.refer(taking, &mut entity);
        let place = entity.place.clone();
        owner(taking, named, place);
    }
    // It follows from the bids.
    tender.drop(&["numberOfTenderers"]);
}

/// The body that buys, where no other was named as the owner; else it has to be the same.
pub(super) fn owner(taking: &mut Taking<'_>, named: Named, place: String) {
    if !taking.has("owner_name") {
        taking.put("owner_name", named.name);
        taking.put("owner_uscc", named.uscc);
        return;
    }
    let stands = taking.own.iter().find(|cell| cell.column == "owner_name");
    let stands = stands.map(|cell| cell.text.clone());
    if let Some(name) = named.name
        && Some(&name.text) != stands.as_ref()
    {
        taking.leave(place, Some(&name.text), several());
    }
}

/// Takes the method by its name here, else by a code of the standard that means one way only.
pub(super) fn method(taking: &mut Taking<'_>, tender: &mut Part<'_>) {
    let details = tender.text("procurementMethodDetails");
    let code = tender.text("procurementMethod");
    if let Some(details) = details {
        if taking.knows("procurement_method", &details.text) {
            taking.put("procurement_method", Some(details));
            return;
        }
        let why = Text::new(
            "不是填报用的采购方式名称",
            "not the name of a method of procurement here",
        );
        taking.leave(details.place, Some(&details.text), why);
    }
    let Some(code) = code else {
        return;
    };
    match words::method_of(&code.text) {
        Ok(key) => taking.put("procurement_method", Some(code.with(key))),
        Err(why) => taking.leave(code.place, Some(&code.text), why),
    }
}

fn milestones(taking: &mut Taking<'_>, summary: &mut Part<'_>) {
    for mut milestone in summary.each("milestones") {
        match milestone.peek("code") {
            // The end of bidding and the opening of bids are days that are set before they come.
            Some(code @ ("tenderEnd" | "bidOpening")) => {
                let column = if code == "tenderEnd" {
                    "tender_end"
                } else {
                    "bid_opening"
                };
                let met = taking.day(&mut milestone, "dateMet");
                let due = taking.day(&mut milestone, "dueDate");
                taking.put(column, met.or(due));
                milestone.drop(&["id", "code", "type", "title", "status", "dateModified"]);
                continue;
            }
            Some("contractSigned") => {
                let day = met(taking, &mut milestone);
                taking.put("contract_date", day);
                continue;
            }
            _ => {}
        }
        if milestone.peek("type") == Some("payment") {
            let due = taking.day(&mut milestone, "dueDate");
            let amount = taking.money(&mut milestone, "value");
            let is_percent = |text: &str| {
                text.strip_suffix('%')
                    .is_some_and(|number| number.trim().parse::<f64>().is_ok())
            };
            let percent = milestone.peek("description").is_some_and(is_percent);
            let percent = if percent {
                milestone.text("description")
            } else {
                None
            };
            taking.row(
                "payment_plan",
                [("due_date", due), ("percent", percent), ("amount", amount)],
            );
            milestone.drop(&["id", "type"]);
            if milestone.peek("title") == Some(crate::oc4ids::PLANNED) {
                milestone.drop(&["title"]);
            }
        }
    }
}

/// Payments, and the vouchers that go with them by their places.
fn payments(taking: &mut Taking<'_>, summary: &mut Part<'_>, parties: &Parties) {
    let mut rows: BTreeMap<String, Vec<(&'static str, Option<Said>)>> = BTreeMap::new();
    let mut order = Vec::new();
    for mut one in summary.each("transactions") {
        let id = one.text("id").map(|id| id.text);
        // Two of one id are two payments all the same.
        let id = id.filter(|id| !rows.contains_key(id));
        let id = id.unwrap_or_else(|| one.place.clone());
        let date = taking.day(&mut one, "date");
        let amount = taking.money(&mut one, "value");
        let payee = parties.field(taking, &mut one, "payee");
        let (name, uscc) = payee.map_or((None, None), |payee| (payee.name, payee.uscc));
        order.push(id.clone());
        rows.entry(id).or_default().extend([
            ("date", date),
            ("amount", amount),
            ("payee_name", name),
            ("payee_uscc", uscc),
        ]);
    }
    for mut document in summary.each("documents") {
        let id = document.peek("id").unwrap_or_default();
        let Some(place) = id.strip_prefix("voucher-").map(str::to_owned) else {
            continue;
        };
        let title = document.text("title");
        let file = document.text("description");
        document.drop(&["id", "documentType"]);
        if !rows.contains_key(&place) {
            order.push(place.clone());
        }
        rows.entry(place)
            .or_default()
            .extend([("voucher", title), ("voucher_file", file)]);
    }
    // By their places, as they went out: a row may have a voucher and nothing else.
    order.sort_by_key(|row| row.parse::<u32>().unwrap_or(u32::MAX));
    for id in order {
        if let Some(cells) = rows.remove(&id) {
            taking.row("payments", cells);
        }
    }
}
