//! A filing as a project of the standard.

use serde_json::Value;

use super::export::Publisher;
use super::filed::Filed;
use super::json::{day, list, money, number, object, period, text, with_id};
use super::parties::Parties;
use super::process::{measure, milestone, process};
use super::words::Ended;
use super::{
    BENEFIT, CODE_SCHEME, DIVISION_SCHEME, KIND_SCHEME, STAGE_SCHEME, Scope, roles, words,
};

/// The project.
pub(super) fn project(filed: &Filed<'_>, publisher: &Publisher) -> Value {
    let row = &filed.opened.row;
    let mut parties = Parties::default();
    let authority = filed.own("owner").map_or(Value::Null, |own| {
        parties.refer(
            own.text("owner_name"),
            own.text("owner_uscc"),
            "publicAuthority",
        )
    });
    // Bodies that nothing else refers to.
    for (item, role) in [
        ("approval_authority", roles::APPROVAL_AUTHORITY),
        ("asset_owner", roles::ASSET_OWNER),
        ("upkeep_body", roles::UPKEEP_BODY),
    ] {
        if let Some(own) = filed.own(item) {
            parties.refer(own.text(item), None, role);
        }
    }
    if let Some(own) = filed.own("payee") {
        let (name, uscc) = (own.text("payee_name"), own.text("payee_uscc"));
        parties.refer(name, uscc, roles::PROJECT_PAYEE);
    }
    let kind = filed.own("kind");
    let sector = kind.and_then(|own| own.text("kind")).map(words::sector);
    let planned = filed.own("planned_period");
    let processes = list([process(filed, &mut parties)]);
    let mut project = with_id(
        publisher.id_of(&row.code),
        [
            ("updated", Value::from(row.changed_at.to_string())),
            ("language", Value::from("zh")),
            ("identifiers", identifiers(filed)),
            ("publicAuthority", authority),
            (
                "title",
                text(filed.own("name").and_then(|own| own.text("name"))),
            ),
            ("description", description(filed)),
            ("budget", budget(filed)),
            (
                "period",
                period(
                    planned.and_then(|own| own.day("planned_start")),
                    planned.and_then(|own| own.day("planned_finish")),
                ),
            ),
            ("locations", locations(filed)),
            ("status", text(words::status(&row.stage, ended(filed)))),
            ("sector", list([text(sector)])),
            (
                "additionalClassifications",
                list([kind_of(filed), stage_of(filed)]),
            ),
            ("forecasts", list([scale(filed)])),
            ("metrics", metrics(filed)),
            ("milestones", milestones(filed)),
            ("completion", completion(filed)),
            ("costMeasurements", upkeep(filed)),
            ("documents", documents(filed)),
            ("contractingProcesses", processes),
            ("benefits", benefits(filed)),
            ("social", social(filed)),
        ],
    );
    parties.settle(&mut project);
    if let (Value::Object(fields), Value::Array(all)) = (&mut project, parties.all())
        && !all.is_empty()
    {
        fields.insert("parties".to_owned(), Value::Array(all));
    }
    project
}

fn identifiers(filed: &Filed<'_>) -> Value {
    if !filed.shows("project_code") {
        return Value::Null;
    }
    let scheme = Value::from(CODE_SCHEME);
    list([with_id(&*filed.opened.row.code, [("scheme", scheme)])])
}

fn kind_of(filed: &Filed<'_>) -> Value {
    let Some(own) = filed.own("kind") else {
        return Value::Null;
    };
    let Some(key) = own.text("kind") else {
        return Value::Null;
    };
    with_id(
        key,
        [
            ("scheme", Value::from(KIND_SCHEME)),
            ("description", text(own.label("kind"))),
        ],
    )
}

/// The stage in the declaration's own words: the standard has fewer.
fn stage_of(filed: &Filed<'_>) -> Value {
    let key = &*filed.opened.row.stage;
    let stage = filed.filing.stages.iter().find(|stage| stage.key == key);
    let label = stage.map(|stage| &*stage.zh);
    with_id(
        key,
        [
            ("scheme", Value::from(STAGE_SCHEME)),
            ("description", text(label)),
        ],
    )
}

/// How a project that is struck off the list came to its end, as far as it may be shown.
fn ended(filed: &Filed<'_>) -> Ended {
    let day = |item: &str| filed.own(item).and_then(|own| own.day(item));
    let last = filed.rows("upkeep_checks", "upkeep_checks").into_iter();
    let last = last.max_by_key(|(place, row)| (row.day("date"), *place));
    if last.is_some_and(|(_, row)| row.text("state") == Some("gone")) {
        return Ended::Gone;
    }
    // What may not be shown is not denied either.
    let is_shown = filed.shows("finish_date") && filed.shows("acceptance_date");
    if is_shown && day("finish_date").is_none() && day("acceptance_date").is_none() {
        return Ended::Unfinished;
    }
    Ended::HandedOver
}

/// What it is, how much of it and where, in a line.
fn description(filed: &Filed<'_>) -> Value {
    let kind = filed.own("kind").and_then(|own| own.label("kind"));
    let scale = filed.own("scale").and_then(|own| {
        let unit = own.text("scale_unit").unwrap_or_default();
        Some(format!("{} {unit}", own.number("scale")?).trim().to_owned())
    });
    let place = filed.own("location").and_then(|own| own.text("address"));
    let parts: Vec<String> = [kind.map(str::to_owned), scale, place.map(str::to_owned)]
        .into_iter()
        .flatten()
        .collect();
    text(Some(parts.join(",")))
}

fn budget(filed: &Filed<'_>) -> Value {
    let sources = filed.rows("fund_sources", "fund_sources").into_iter();
    let sources = list(sources.map(|(place, row)| {
        with_id(
            place.to_string(),
            [
                ("description", text(row.label("level"))),
                ("amount", money(row.money("amount"))),
            ],
        )
    }));
    object([
        (
            "amount",
            money(
                filed
                    .own("approved_budget")
                    .and_then(|own| own.money("approved_budget")),
            ),
        ),
        (
            "approvalDate",
            day(filed
                .own("approval_date")
                .and_then(|own| own.day("approval_date"))),
        ),
        (
            "budgetBreakdowns",
            list([with_id("sources", [("budgetBreakdown", sources)])]),
        ),
    ])
}

/// The village by its code and address; where exactly only among everything.
fn locations(filed: &Filed<'_>) -> Value {
    let place = filed.own("location").map_or(Value::Null, |own| {
        let code = own.text("village_code").map_or(Value::Null, |code| {
            object([
                ("scheme", Value::from(DIVISION_SCHEME)),
                ("identifiers", list([Value::from(code)])),
            ])
        });
        let position = own.number("lon").zip(own.number("lat"));
        let position = position.filter(|_| filed.scope == Scope::Everything);
        let geometry = position.map_or(Value::Null, |(lon, lat)| {
            object([
                ("type", Value::from("Point")),
                ("coordinates", list([number(lon), number(lat)])),
            ])
        });
        with_id(
            "1",
            [
                ("description", text(own.text("address"))),
                ("gazetteer", code),
                ("geometry", geometry),
            ],
        )
    });
    let ground = filed.own("boundary").map_or(Value::Null, |own| {
        let area = own.text("boundary").map(kandeng_geo::parse_wkt);
        let Some(Ok(area)) = area else {
            return Value::Null;
        };
        with_id(
            "boundary",
            [
                ("description", text(own.label("boundary_method"))),
                ("geometry", geometry(&area)),
            ],
        )
    });
    list([place, ground])
}

fn geometry(area: &kandeng_geo::MultiPolygon<f64>) -> Value {
    let part = |part: &kandeng_geo::Polygon<f64>| -> Value {
        std::iter::once(part.exterior())
            .chain(part.interiors())
            .map(|ring| -> Value {
                ring.coords()
                    .map(|at| Value::from(vec![at.x, at.y]))
                    .collect()
            })
            .collect()
    };
    let (kind, coordinates) = match area.0.as_slice() {
        [] => return Value::Null,
        [only] => ("Polygon", part(only)),
        parts => ("MultiPolygon", parts.iter().map(part).collect()),
    };
    object([("type", Value::from(kind)), ("coordinates", coordinates)])
}

fn scale(filed: &Filed<'_>) -> Value {
    let Some(own) = filed.own("scale") else {
        return Value::Null;
    };
    let Some(amount) = own.number("scale") else {
        return Value::Null;
    };
    let (measure, unit) = measure(Some(amount), own.text("scale_unit"));
    metric(
        "scale",
        "建设规模",
        list([with_id("1", [("measure", measure), ("unit", unit)])]),
    )
}

fn metric(id: &str, title: &str, observations: Value) -> Value {
    if observations.as_array().is_none_or(Vec::is_empty) {
        return Value::Null;
    }
    with_id(
        id,
        [
            ("title", Value::from(title)),
            ("observations", observations),
        ],
    )
}

fn metrics(filed: &Filed<'_>) -> Value {
    let progress = filed.rows("progress", "progress").into_iter();
    let progress = progress.map(|(place, row)| {
        let percent = row.number("percent");
        let (measure, unit) = measure(percent, percent.map(|_| "%"));
        with_id(
            place.to_string(),
            [
                ("period", period(None, row.day("date"))),
                ("measure", measure),
                ("unit", unit),
                ("notes", text(row.text("note"))),
            ],
        )
    });
    let paid = filed.own("paid_total").map(|own| {
        let value = money(own.money("paid_total"));
        with_id("1", [("value", value)])
    });
    let checks = filed.rows("upkeep_checks", "upkeep_checks").into_iter();
    let checks = checks.map(|(place, row)| {
        with_id(
            place.to_string(),
            [
                ("period", period(None, row.day("date"))),
                ("measure", text(row.label("state"))),
            ],
        )
    });
    let yearly = |column: &'static str| {
        let rows = filed.rows("yearly_income", "income").into_iter();
        list(rows.map(move |(place, row)| {
            let year = row.whole("year").filter(|year| (1900..2200).contains(year));
            let value = money(row.money(column));
            if value.is_null() {
                return Value::Null;
            }
            with_id(
                place.to_string(),
                [
                    (
                        "period",
                        period(
                            year.map(|year| format!("{year}-01-01")),
                            year.map(|year| format!("{year}-12-31")),
                        ),
                    ),
                    ("value", value),
                ],
            )
        }))
    };
    list([
        metric("physicalProgress", "形象进度", list(progress)),
        metric("financialProgress", "累计拨付", list(paid)),
        metric("upkeepState", "管护巡查", list(checks)),
        metric("income", "经营收益", yearly("income")),
        metric("paidOut", "分红", yearly("paid_out")),
    ])
}

fn milestones(filed: &Filed<'_>) -> Value {
    let met = [
        ("start_date", "start", "实际开工", "delivery"),
        ("acceptance_date", "acceptance", "验收", "assessment"),
    ];
    list(met.into_iter().map(|(item, code, title, kind)| {
        milestone(
            filed,
            filed.own(item).and_then(|own| own.day(item)),
            [code, title, kind],
        )
    }))
}

fn completion(filed: &Filed<'_>) -> Value {
    let scope = filed.own("accepted_scale").and_then(|own| {
        let unit = own.text("accepted_scale_unit").unwrap_or_default();
        let amount = own.number("accepted_scale")?;
        Some(format!("{amount} {unit}").trim().to_owned())
    });
    // Who accepted it, by role and body: no names.
    let rows = filed.rows("acceptance_panel", "panel");
    let members: Vec<_> = rows
        .iter()
        .map(|(_, row)| (row.text("role"), row.body("body")))
        .collect();
    let panel = super::panel::written(&members);
    object([
        (
            "endDate",
            day(filed
                .own("finish_date")
                .and_then(|own| own.day("finish_date"))),
        ),
        (
            "finalValue",
            money(
                filed
                    .own("settlement")
                    .and_then(|own| own.money("settlement")),
            ),
        ),
        ("finalScope", text(scope)),
        ("finalScopeDetails", text(panel)),
    ])
}

/// What upkeep costs in a year.
fn upkeep(filed: &Filed<'_>) -> Value {
    let value = filed
        .own("upkeep_fund")
        .map_or(Value::Null, |own| money(own.money("upkeep_fund")));
    if value.is_null() {
        return Value::Null;
    }
    let cost = with_id("1", [("value", value)]);
    let group = with_id(
        "1",
        [
            ("category", Value::from("maintenance")),
            ("costs", list([cost])),
        ],
    );
    list([with_id("upkeep", [("costGroups", list([group]))])])
}

fn documents(filed: &Filed<'_>) -> Value {
    let document =
        |id: String, kind: &str, title: Option<&str>, more: [(&'static str, Value); 2]| {
            let [one, other] = more;
            let fields = object([("title", text(title)), one, other]);
            let Value::Object(mut fields) = fields else {
                return Value::Null;
            };
            fields.insert("id".to_owned(), Value::from(id));
            fields.insert("documentType".to_owned(), Value::from(kind));
            Value::Object(fields)
        };
    let none = || ("description", Value::Null);
    let papers = [
        ("approval_number", "approval_number", "budgetApproval"),
        (
            "village_resolution",
            "resolution_file",
            "minutes.consultationMeeting",
        ),
        (
            "acceptance_papers",
            "acceptance_file",
            "completionCertificate",
        ),
    ];
    let papers = papers.into_iter().map(|(item, column, kind)| {
        let title = filed.own(item).and_then(|own| own.text(column));
        document(item.replace('_', "-"), kind, title, [none(), none()])
    });
    let photos = filed.rows("site_photos", "photos").into_iter();
    let photos = photos.map(|(place, row)| {
        document(
            format!("photo-{place}"),
            "illustration",
            row.text("file"),
            [("description", text(row.label("stage"))), none()],
        )
    });
    let inspections = filed.rows("inspections", "inspections").into_iter();
    let inspections = inspections.map(|(place, row)| {
        document(
            format!("inspection-{place}"),
            "qualityAssuranceReport",
            row.body("by"),
            [
                ("description", text(row.text("finding"))),
                ("datePublished", day(row.day("date"))),
            ],
        )
    });
    list(papers.chain(photos).chain(inspections))
}

fn benefits(filed: &Filed<'_>) -> Value {
    let Some(own) = filed.own("beneficiaries") else {
        return Value::Null;
    };
    let households = own.whole("households");
    let households = households.map(|count| format!("{count} 户"));
    let people = own.whole("people").map_or(Value::Null, Value::from);
    let who = object([
        ("description", text(households)),
        ("numberOfPeople", people),
    ]);
    if who.is_null() {
        return Value::Null;
    }
    list([object([
        ("title", Value::from(BENEFIT)),
        ("beneficiaries", list([who])),
    ])])
}

fn social(filed: &Filed<'_>) -> Value {
    let held = filed
        .own("village_resolution")
        .map_or(Value::Null, |own| day(own.day("resolution_date")));
    object([(
        "consultationMeetings",
        list([with_id("resolution", [("date", held)])]),
    )])
}
