//! Lists of a project: milestones, metrics, documents.

use std::collections::BTreeMap;

use kandeng_screening::Text;

use super::part::{Part, Said};
use super::taking::Taking;
use crate::oc4ids::words;

/// Takes what was measured: a number or a word, and its unit.
pub(super) fn measure(one: &mut Part<'_>) -> (Option<Said>, Option<Said>) {
    let amount = one.text("measure");
    let Some(mut unit) = one.get("unit") else {
        return (amount, None);
    };
    let name = unit.text("name");
    let scheme = unit.text("scheme");
    let code = unit.text("id");
    let by_code = || {
        let scheme = scheme.filter(|scheme| scheme.text == "UNCEFACT");
        let code = code.filter(|_| scheme.is_some())?;
        Some(code.with(words::unit_of(&code.text)?))
    };
    (amount, name.or_else(by_code))
}

/// Takes the milestones that are items, and says whether the work has begun.
pub(super) fn milestones(taking: &mut Taking<'_>, project: &mut Part<'_>) -> bool {
    let mut has_begun = false;
    for mut milestone in project.each("milestones") {
        let column = match milestone.peek("code") {
            Some("start") => "start_date",
            Some("acceptance") => "acceptance_date",
            _ => continue,
        };
        if taking.has(column) {
            continue;
        }
        let day = met(taking, &mut milestone);
        has_begun |= day.is_some();
        taking.put(column, day);
    }
    has_begun
}

/// Takes the day on which a milestone was met. One that is still expected is no day on which anything happened.
pub(super) fn met(taking: &mut Taking<'_>, milestone: &mut Part<'_>) -> Option<Said> {
    let day = taking.day(milestone, "dateMet");
    if day.is_none() {
        let why = Text::new(
            "计划日期,还没有发生,不作实际日期带入",
            "a day on which it is expected and has not happened; it is not carried as one on which it did",
        );
        taking.leave_field(milestone, "dueDate", why);
    }
    milestone.drop(&["id", "code", "type", "title", "status", "dateModified"]);
    day
}

/// Takes the metrics that are items.
pub(super) fn metrics(taking: &mut Taking<'_>, project: &mut Part<'_>) {
    let mut years: BTreeMap<String, [Option<Said>; 3]> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for mut metric in project.each("metrics") {
        let id = metric.peek("id").unwrap_or_default().to_owned();
        match &*id {
            "physicalProgress" => {
                for mut one in metric.each("observations") {
                    progress(taking, &mut one);
                }
            }
            "financialProgress" => {
                if let Some(mut one) = metric.each("observations").into_iter().next() {
                    let value = taking.money(&mut one, "value");
                    taking.put("paid_total", value);
                    one.drop(&["id"]);
                }
            }
            "upkeepState" => {
                for mut one in metric.each("observations") {
                    let (_, date) = taking.period(&mut one, "period");
                    let state = one.text("measure");
                    one.drop(&["id"]);
                    taking.row("upkeep_checks", [("date", date), ("state", state)]);
                }
            }
            "income" | "paidOut" => {
                let place = usize::from(id == "paidOut") + 1;
                for mut one in metric.each("observations") {
                    let row = one.text("id").map(|id| id.text).unwrap_or_default();
                    if !years.contains_key(&row) {
                        order.push(row.clone());
                    }
                    let value = taking.money(&mut one, "value");
                    let year = year(taking, &mut one);
                    let known = years.entry(row).or_default();
                    known[0] = known[0].take().or(year);
                    known[place] = value;
                }
            }
            _ => continue,
        }
        metric.drop(&["id", "title"]);
    }
    // By their places, as they went out.
    order.sort_by_key(|row| row.parse::<u32>().unwrap_or(u32::MAX));
    for row in order {
        if let Some([year, income, paid_out]) = years.remove(&row) {
            taking.row(
                "income",
                [("year", year), ("income", income), ("paid_out", paid_out)],
            );
        }
    }
}

fn progress(taking: &mut Taking<'_>, one: &mut Part<'_>) {
    let (_, date) = taking.period(one, "period");
    let (amount, unit) = measure(one);
    let note = one.text("notes");
    one.drop(&["id"]);
    let percent = match (amount, unit) {
        (Some(amount), Some(unit)) if unit.text == "%" => {
            Some(amount.with(format!("{}%", amount.text)))
        }
        (Some(amount), _) => {
            let why = Text::new(
                "单位不是 %,不能作形象进度",
                "the unit is not %, so it is no progress in percent",
            );
            taking.leave(&*amount.place, Some(&amount.text), why);
            None
        }
        (None, _) => None,
    };
    taking.row(
        "progress",
        [("date", date), ("percent", percent), ("note", note)],
    );
}

/// The calendar year of an observation.
fn year(taking: &mut Taking<'_>, one: &mut Part<'_>) -> Option<Said> {
    let (from, to) = taking.period(one, "period");
    let said = from.or(to)?;
    let year = said.text.get(..4)?.to_owned();
    Some(said.with(year))
}

/// Takes the documents that are items.
pub(super) fn documents(taking: &mut Taking<'_>, project: &mut Part<'_>) {
    for mut document in project.each("documents") {
        let id = document.peek("id").unwrap_or_default().to_owned();
        let kind = document.peek("documentType").unwrap_or_default().to_owned();
        let own = match &*id {
            "approval-number" => Some("approval_number"),
            "village-resolution" => Some("resolution_file"),
            "acceptance-papers" => Some("acceptance_file"),
            _ => None,
        };
        if let Some(column) = own {
            let title = document.text("title");
            taking.put(column, title);
        } else if id.starts_with("photo-") && kind == "illustration" {
            let file = document.text("title");
            let stage = document.text("description");
            taking.row("photos", [("file", file), ("stage", stage)]);
        } else if id.starts_with("inspection-") {
            let by = document.text("title");
            let finding = document.text("description");
            let date = taking.day(&mut document, "datePublished");
            taking.row(
                "inspections",
                [("date", date), ("by", by), ("finding", finding)],
            );
        } else {
            continue;
        }
        document.drop(&["id", "documentType"]);
    }
}
