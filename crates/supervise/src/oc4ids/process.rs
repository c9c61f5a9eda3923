//! The contracting process of a project: how it was tendered, to whom, for how much, and what was paid.

use serde_json::Value;

use super::filed::{Filed, View};
use super::json::{day, list, money, number, object, period, text, with_id};
use super::parties::Parties;
use super::words;

/// The process, or nothing where a filing says nothing of one.
pub(super) fn process(filed: &Filed<'_>, parties: &mut Parties) -> Value {
    let contract = filed.own("contract");
    let summary = object([
        ("tender", tender(filed, parties)),
        ("suppliers", list([contractor(filed, parties)])),
        (
            "externalReference",
            text(contract.and_then(|own| own.text("contract_number"))),
        ),
        (
            "contractValue",
            money(contract.and_then(|own| own.money("contract_amount"))),
        ),
        ("milestones", milestones(filed)),
        ("transactions", transactions(filed, parties)),
        ("finance", retention(filed)),
        ("documents", vouchers(filed)),
    ]);
    let Value::Object(mut summary) = summary else {
        return Value::Null;
    };
    let is_awarded = ["suppliers", "contractValue", "externalReference"]
        .iter()
        .any(|field| summary.contains_key(*field));
    let row = &filed.opened.row;
    let status = words::process_status(&row.stage, is_awarded);
    summary.insert("status".to_owned(), Value::from(status));
    if let Some(own) = filed.own("name").and_then(|own| own.text("name")) {
        summary.insert("title".to_owned(), Value::from(own));
    }
    with_id(
        format!("{}-1", row.code),
        [("summary", Value::Object(summary))],
    )
}

fn contractor(filed: &Filed<'_>, parties: &mut Parties) -> Value {
    filed.own("contractor").map_or(Value::Null, |own| {
        parties.refer(
            own.text("contractor_name"),
            own.text("contractor_uscc"),
            "supplier",
        )
    })
}

fn tender(filed: &Filed<'_>, parties: &mut Parties) -> Value {
    let method = filed.own("procurement_method");
    let bids = filed.rows("bids", "bids");
    let stood: Vec<View<'_>> = bids
        .into_iter()
        .map(|(_, bid)| bid)
        .filter(|bid| bid.text("status") != Some("withdrawn"))
        .collect();
    let tenderers = stood
        .iter()
        .map(|bid| parties.refer(bid.text("bidder_name"), bid.text("bidder_uscc"), "tenderer"));
    let tenderers = list(tenderers);
    let fields = object([
        (
            "procurementMethod",
            text(
                method
                    .and_then(|own| own.text("procurement_method"))
                    .and_then(words::method),
            ),
        ),
        (
            "procurementMethodDetails",
            text(method.and_then(|own| own.label("procurement_method"))),
        ),
        (
            "datePublished",
            day(filed
                .own("tender_period")
                .and_then(|own| own.day("tender_start"))),
        ),
        (
            // Whoever is a person is counted, and not named.
            "numberOfTenderers",
            if stood.is_empty() {
                Value::Null
            } else {
                Value::from(stood.len())
            },
        ),
        ("tenderers", tenderers),
    ]);
    match (fields, filed.own("owner")) {
        (Value::Object(mut fields), Some(own)) => {
            let owner = parties.refer(
                own.text("owner_name"),
                own.text("owner_uscc"),
                "procuringEntity",
            );
            if !owner.is_null() {
                fields.insert("procuringEntity".to_owned(), owner);
            }
            Value::Object(fields)
        }
        (fields, _) => fields,
    }
}

/// Days of the tender that the standard has no field for, the contract's, and what is planned to be paid.
fn milestones(filed: &Filed<'_>) -> Value {
    let days = [
        (
            "tender_period",
            "tender_end",
            "tenderEnd",
            "投标截止",
            "procurement",
        ),
        (
            "bid_opening",
            "bid_opening",
            "bidOpening",
            "开标",
            "procurement",
        ),
        (
            "contract",
            "contract_date",
            "contractSigned",
            "合同签订",
            "approval",
        ),
    ];
    let days = days.into_iter().map(|(item, column, code, title, kind)| {
        milestone(
            filed,
            filed.own(item).and_then(|own| own.day(column)),
            [code, title, kind],
        )
    });
    let plan = filed.rows("payment_plan", "payment_plan").into_iter();
    let plan = plan.map(|(place, row)| {
        let percent = row.number("percent").map(|percent| format!("{percent}%"));
        let own = object([
            ("dueDate", day(row.day("due_date"))),
            ("value", money(row.money("amount"))),
            ("description", text(percent)),
        ]);
        let Value::Object(mut own) = own else {
            return Value::Null;
        };
        own.insert("id".to_owned(), Value::from(format!("payment-{place}")));
        own.insert("type".to_owned(), Value::from("payment"));
        own.insert("title".to_owned(), Value::from(super::PLANNED));
        Value::Object(own)
    });
    list(days.chain(plan))
}

fn transactions(filed: &Filed<'_>, parties: &mut Parties) -> Value {
    let rows = filed.rows("payments", "payments").into_iter();
    list(rows.map(|(place, row)| {
        // A person is no party: the payment stands without its payee.
        let is_persons = row.text("payee_id").is_some();
        let payee = parties.refer(
            row.text("payee_name").filter(|_| !is_persons),
            row.text("payee_uscc"),
            "payee",
        );
        with_id(
            place.to_string(),
            [
                ("date", day(row.day("date"))),
                ("value", money(row.money("amount"))),
                ("payee", payee),
            ],
        )
    }))
}

/// An event of a day, with its code, title and type: met, or scheduled where the filing was last changed before that day.
pub(super) fn milestone(
    filed: &Filed<'_>,
    on: Option<String>,
    [code, title, kind]: [&str; 3],
) -> Value {
    let Some(on) = on else {
        return Value::Null;
    };
    let known = filed.opened.row.changed_at;
    // Days are written alike, so that their texts compare as they do.
    let is_ahead = on > day_of(known);
    let when = day(Some(on));
    let (met, due, status) = if is_ahead {
        (Value::Null, when, "scheduled")
    } else {
        (when, Value::Null, "met")
    };
    let looked_at = is_ahead.then(|| known.to_string());
    with_id(
        code,
        [
            ("code", Value::from(code)),
            ("type", Value::from(kind)),
            ("title", Value::from(title)),
            ("dateMet", met),
            ("dueDate", due),
            ("dateModified", text(looked_at)),
            ("status", Value::from(status)),
        ],
    )
}

/// The day of a moment in China.
fn day_of(moment: jiff::Timestamp) -> String {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    moment.to_zoned_datetime(zone).date().to_string()
}

/// What is held back until the work has proved itself.
fn retention(filed: &Filed<'_>) -> Value {
    let own = filed.own("retention");
    let value = money(own.and_then(|own| own.money("retention_amount")));
    let due = own.and_then(|own| own.day("retention_due"));
    let fields = object([("value", value), ("period", period(None, due))]);
    let Value::Object(mut fields) = fields else {
        return Value::Null;
    };
    fields.insert("id".to_owned(), Value::from("retention"));
    fields.insert("title".to_owned(), Value::from("质量保证金"));
    list([Value::Object(fields)])
}

fn vouchers(filed: &Filed<'_>) -> Value {
    let rows = filed.rows("vouchers", "payments").into_iter();
    list(rows.map(|(place, row)| {
        let title = row.text("voucher");
        let file = row.text("voucher_file");
        if title.is_none() && file.is_none() {
            return Value::Null;
        }
        with_id(
            format!("voucher-{place}"),
            [
                ("documentType", Value::from("paymentCertificate")),
                ("title", text(title)),
                ("description", text(file)),
            ],
        )
    }))
}

/// A quantity as the standard has it: a number and its unit.
pub(super) fn measure(amount: Option<f64>, unit: Option<&str>) -> (Value, Value) {
    let code = unit.and_then(words::unit_code);
    let scheme = code.map(|_| "UNCEFACT");
    let unit = object([
        ("name", text(unit)),
        ("scheme", text(scheme)),
        ("id", text(code)),
    ]);
    (amount.map_or(Value::Null, number), unit)
}
