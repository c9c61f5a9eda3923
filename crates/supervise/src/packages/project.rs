//! A project of OC4IDS as a filing: the inverse of what [`crate::oc4ids`] writes, and what of other publishers' projects
//! means the same.

use kandeng_screening::Text;
use serde_json::Value;

use super::found::{Found, Project, Row};
use super::part::{Part, Said};
use super::parties::Parties;
use super::taking::{Taking, at};
use super::{PackageError, leftover, lists, locations, process};
use crate::filing::Filing;
use crate::import::value::{Cell, code};
use crate::oc4ids::panel::{self, PANEL};
use crate::oc4ids::{CODE_SCHEME, KIND_SCHEME, STAGE_SCHEME, roles, words};

/// The most letters of a code.
const MOST_CODE: usize = 64;

/// Reads a project.
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
    let mut project = Part::of(&mut value, &*place);
    let code = code_of(&mut project)?;
    is_once(found, &code)?;
    let parties = Parties::take(&mut taking, &mut project);
    profile(&mut taking, &mut project, &parties);
    approval(&mut taking, &mut project);
    let said = project.text("status");
    let has_begun = lists::milestones(&mut taking, &mut project);
    stage(&mut taking, &mut project, said, has_begun);
    let (start, finish) = taking.period(&mut project, "period");
    taking.put("planned_start", start);
    taking.put("planned_finish", finish);
    lists::metrics(&mut taking, &mut project);
    completion(&mut taking, &mut project);
    upkeep(&mut taking, &mut project, &parties);
    lists::documents(&mut taking, &mut project);
    process::take(&mut taking, &mut project, &parties);
    benefits(&mut taking, &mut project);
    resolution(&mut taking, &mut project);
    // Of the publishing, and made of other items.
    project.drop(&["updated", "language", "description"]);
    leftover::leave(&mut taking, &before, &value, &place);
    parties.leave(&mut taking);
    add(found, code.text.clone(), place, code, taking);
    Ok(())
}

/// Adds what was read of a project.
pub(super) fn add(found: &mut Found, code: String, place: String, said: Said, taking: Taking<'_>) {
    let Taking {
        mut own,
        mut rows,
        left,
        ..
    } = taking;
    own.push(super::Cell {
        column: "project_code",
        text: said.text,
        place: said.place,
    });
    rows.insert(
        0,
        Row {
            table: "projects",
            cells: own,
        },
    );
    found.add(Project { code, place, rows }, left);
}

/// The code under which a project is filed here, else its identifier.
fn code_of(project: &mut Part<'_>) -> Result<Said, PackageError> {
    let mut own = None;
    for mut one in project.each("identifiers") {
        if own.is_none() && one.peek("scheme") == Some(CODE_SCHEME) {
            own = one.text("id");
            one.drop(&["scheme"]);
        }
    }
    let id = project.text("id");
    let Some(said) = own.or(id) else {
        return Err(PackageError::at(
            &at(project, "id"),
            "没有项目标识,无法分辨是哪个项目",
            "there is no identifier, so nobody can tell which project it is",
        ));
    };
    checked_code(said)
}

/// A code as it is filed.
pub(super) fn checked_code(said: Said) -> Result<Said, PackageError> {
    let code = code::read(Cell::text(&said.text)).ok().flatten();
    match code {
        Some(code) if code.chars().count() <= MOST_CODE => Ok(said.with(code)),
        _ => Err(PackageError::at(
            &said.place,
            "项目标识为空或超过 64 个字符,不能作项目编码",
            "the identifier is empty or longer than 64 characters, and cannot be a project code",
        )),
    }
}

/// Refuses a second project of one code.
fn is_once(found: &Found, code: &Said) -> Result<(), PackageError> {
    match found.place_of(&code.text) {
        None => Ok(()),
        Some(first) => Err(PackageError::at(
            &code.place,
            format!("项目标识与 {first} 重复;请只留一个"),
            format!("the same identifier as {first}; leave one of them"),
        )),
    }
}

fn profile(taking: &mut Taking<'_>, project: &mut Part<'_>, parties: &Parties) {
    let name = project.text("title");
    taking.put("name", name);
    kind(taking, project);
    locations::take(taking, project);
    if let Some(owner) = parties.field(taking, project, "publicAuthority") {
        taking.put("owner_name", owner.name);
        taking.put("owner_uscc", owner.uscc);
    }
    let mut is_first = true;
    for mut metric in project.each("forecasts") {
        if metric.peek("id") != Some("scale") || !is_first {
            continue;
        }
        is_first = false;
        metric.drop(&["id", "title"]);
        if let Some(mut one) = metric.each("observations").into_iter().next() {
            let (amount, unit) = lists::measure(&mut one);
            one.drop(&["id"]);
            taking.put("scale", amount);
            taking.put("scale_unit", unit);
        }
    }
}

/// The kind by our own classification, else by a sector that means the same.
fn kind(taking: &mut Taking<'_>, project: &mut Part<'_>) {
    for mut one in project.each("additionalClassifications") {
        if one.peek("scheme") == Some(KIND_SCHEME) && !taking.has("kind") {
            let kind = one.text("id");
            one.drop(&["scheme", "description"]);
            taking.put("kind", kind);
        }
    }
    let by_class = taking.has("kind");
    for sector in project.each("sector") {
        let Some(text) = sector.value.as_str().map(str::to_owned) else {
            continue;
        };
        let place = sector.place.clone();
        *sector.value = Value::Null;
        if by_class {
            // It was made of the kind, or says more of it in the standard's own words.
            continue;
        }
        match words::kind_of(&text, taking.filing) {
            Some(kind) if !taking.has("kind") => {
                taking.put("kind", Some(Said { text: kind, place }))
            }
            _ => {
                let why = Text::new(
                    "该行业代码没有对应的项目类型",
                    "no kind of projects means the same as this sector",
                );
                taking.leave(place, Some(&text), why);
            }
        }
    }
}

fn approval(taking: &mut Taking<'_>, project: &mut Part<'_>) {
    let Some(mut budget) = project.get("budget") else {
        return;
    };
    let amount = taking.money(&mut budget, "amount");
    taking.put("approved_budget", amount);
    let day = taking.day(&mut budget, "approvalDate");
    taking.put("approval_date", day);
    // Several groups break down one budget in several ways: ours, or the only one.
    let groups = budget
        .value
        .get("budgetBreakdowns")
        .and_then(Value::as_array);
    let only = groups.is_some_and(|groups| groups.len() == 1);
    for mut group in budget.each("budgetBreakdowns") {
        if !only && group.peek("id") != Some("sources") {
            continue;
        }
        for mut source in group.each("budgetBreakdown") {
            let level = source.text("description");
            let amount = taking.money(&mut source, "amount");
            source.drop(&["id"]);
            match level {
                Some(level) if taking.knows("level", &level.text) => {
                    taking.row("fund_sources", [("level", Some(level)), ("amount", amount)]);
                }
                Some(level) => {
                    let why = Text::new(
                        "不是资金层级(中央、省级、市级、县级、自筹),该笔未带入",
                        "no level of funds (central, province, city, county, own); this part is not carried",
                    );
                    taking.leave(level.place, Some(&level.text), why);
                }
                None => taking.row("fund_sources", [("amount", amount)]),
            }
        }
        group.drop(&["id"]);
    }
}

/// The stage by our own classification, else by the status of the standard.
fn stage(taking: &mut Taking<'_>, project: &mut Part<'_>, status: Option<Said>, has_begun: bool) {
    for mut one in project.each("additionalClassifications") {
        if one.peek("scheme") == Some(STAGE_SCHEME) && !taking.has("stage") {
            let stage = one.text("id");
            one.drop(&["scheme", "description"]);
            taking.put("stage", stage);
        }
    }
    let Some(status) = status else {
        return;
    };
    if taking.has("stage") {
        return;
    }
    match words::stage_of(&status.text, has_begun) {
        Some(stage) => taking.put("stage", Some(status.with(stage))),
        None => {
            let why = Text::new(
                "状态不在标准的代码表 projectStatus 中",
                "the status is not in the standard's codelist projectStatus",
            );
            taking.leave(status.place, Some(&status.text), why);
        }
    }
}

fn completion(taking: &mut Taking<'_>, project: &mut Part<'_>) {
    let Some(mut completion) = project.get("completion") else {
        return;
    };
    let day = taking.day(&mut completion, "endDate");
    taking.put("finish_date", day);
    let value = taking.money(&mut completion, "finalValue");
    taking.put("settlement", value);
    if let Some(scope) = completion.text("finalScope") {
        let end = scope
            .text
            .find(|letter: char| !(letter.is_ascii_digit() || letter == '.'));
        let (amount, unit) = scope.text.split_at(end.unwrap_or(scope.text.len()));
        let unit = unit.trim();
        if amount.parse::<f64>().is_ok() && unit.chars().count() <= 8 && !unit.contains(' ') {
            taking.put("accepted_scale", Some(scope.with(amount)));
            taking.put(
                "accepted_scale_unit",
                (!unit.is_empty()).then(|| scope.with(unit)),
            );
        } else {
            let why = Text::new(
                "不是“数量 单位”的形式,不能作验收规模",
                "not a quantity and its unit, so it is no accepted scale",
            );
            taking.leave(&*scope.place, Some(&scope.text), why);
        }
    }
    if completion
        .peek("finalScopeDetails")
        .is_some_and(|text| text.starts_with(PANEL))
        && let Some(said) = completion.text("finalScopeDetails")
    {
        for (role, body) in panel::read(&said.text) {
            let part = |text: String| (!text.is_empty()).then(|| said.with(text));
            taking.row("panel", [("role", part(role)), ("body", part(body))]);
        }
    }
}

fn upkeep(taking: &mut Taking<'_>, project: &mut Part<'_>, parties: &Parties) {
    for (role, column, code) in [
        (roles::APPROVAL_AUTHORITY, "approval_authority", None),
        (roles::ASSET_OWNER, "asset_owner", None),
        (roles::UPKEEP_BODY, "upkeep_body", None),
        (roles::PROJECT_PAYEE, "payee_name", Some("payee_uscc")),
    ] {
        if let Some(body) = parties.in_role(taking, role) {
            taking.put(column, body.name);
            if let Some(code) = code {
                taking.put(code, body.uscc);
            }
        }
    }
    for mut measured in project.each("costMeasurements") {
        if measured.peek("id") != Some("upkeep") {
            continue;
        }
        for mut group in measured.each("costGroups") {
            for mut cost in group.each("costs") {
                if taking.has("upkeep_fund") {
                    continue;
                }
                let value = taking.money(&mut cost, "value");
                taking.put("upkeep_fund", value);
                cost.drop(&["id"]);
            }
            group.drop(&["id", "category"]);
        }
        measured.drop(&["id"]);
    }
}

fn benefits(taking: &mut Taking<'_>, project: &mut Part<'_>) {
    let mut all = project.each("benefits");
    let [benefit] = all.as_mut_slice() else {
        return;
    };
    let mut who = benefit.each("beneficiaries");
    let [one] = who.as_mut_slice() else {
        return;
    };
    let people = one.number("numberOfPeople");
    taking.put("people", people);
    let households = one
        .peek("description")
        .and_then(|text| text.strip_suffix(" 户"));
    if households.is_some_and(|count| count.parse::<u64>().is_ok())
        && let Some(said) = one.text("description")
    {
        let count = said.text.trim_end_matches(" 户");
        taking.put("households", Some(said.with(count)));
    }
    if benefit.peek("title") == Some(crate::oc4ids::BENEFIT) {
        benefit.drop(&["title"]);
    }
}

fn resolution(taking: &mut Taking<'_>, project: &mut Part<'_>) {
    let Some(mut social) = project.get("social") else {
        return;
    };
    let meetings = social
        .value
        .get("consultationMeetings")
        .and_then(Value::as_array);
    let only = meetings.is_some_and(|meetings| meetings.len() == 1);
    for mut meeting in social.each("consultationMeetings") {
        if only || meeting.peek("id") == Some("resolution") {
            let day = taking.day(&mut meeting, "date");
            taking.put("resolution_date", day);
            meeting.drop(&["id"]);
        }
    }
}
