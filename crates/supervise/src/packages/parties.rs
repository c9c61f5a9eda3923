//! The organizations of a package: named once, with their codes, and referred to by their ids.

use std::cell::Cell as Flag;

use kandeng_screening::Text;

use super::part::{Part, Said};
use super::taking::{Taking, at, no_item};
use crate::oc4ids::{USCC_SCHEME, roles};

/// An organization as somebody refers to it.
pub(super) struct Named {
    pub name: Option<Said>,
    pub uscc: Option<Said>,
}

struct Party {
    id: Option<String>,
    place: String,
    name: Option<Said>,
    uscc: Option<Said>,
    roles: Vec<String>,
    used: Flag<bool>,
}

/// All parties of a project or process.
pub(super) struct Parties(Vec<Party>);

impl Parties {
    /// Takes the list of parties.
    pub fn take(taking: &mut Taking<'_>, project: &mut Part<'_>) -> Self {
        let mut all = Vec::new();
        for mut party in project.each("parties") {
            let name = party.text("name");
            let id = party.text("id");
            let uscc = uscc(taking, &mut party, id.as_ref());
            let roles = party.value.get("roles").and_then(|roles| roles.as_array());
            let roles = roles.into_iter().flatten();
            let roles = roles
                .filter_map(|role| Some(role.as_str()?.to_owned()))
                .collect();
            party.take("roles");
            all.push(Party {
                id: id.map(|id| id.text),
                place: party.place.clone(),
                name,
                uscc,
                roles,
                used: Flag::new(false),
            });
        }
        Self(all)
    }

    /// Takes a reference to an organization.
    pub fn refer(&self, taking: &mut Taking<'_>, part: &mut Part<'_>) -> Named {
        let name = part.text("name");
        let id = part.text("id");
        let own = uscc(taking, part, id.as_ref());
        let party = id.as_ref().and_then(|id| {
            self.0
                .iter()
                .find(|party| party.id.as_deref() == Some(&*id.text))
        });
        if let Some(party) = party {
            party.used.set(true);
        }
        Named {
            name: name.or_else(|| party?.name.clone()),
            uscc: own.or_else(|| party?.uscc.clone()),
        }
    }

    /// The same of a field.
    pub fn field(&self, taking: &mut Taking<'_>, part: &mut Part<'_>, key: &str) -> Option<Named> {
        let mut field = part.get(key)?;
        Some(self.refer(taking, &mut field))
    }

    /// The only party in a role that none but our own packages have; several are told.
    pub fn in_role(&self, taking: &mut Taking<'_>, role: &str) -> Option<Named> {
        let mut found = self
            .0
            .iter()
            .filter(|party| party.roles.iter().any(|own| own == role));
        let first = found.next()?;
        first.used.set(true);
        for more in found {
            more.used.set(true);
            taking.leave(
                &*more.place,
                more.name.as_ref().map(|name| &*name.text),
                several(),
            );
        }
        Some(Named {
            name: first.name.clone(),
            uscc: first.uscc.clone(),
        })
    }

    /// Notes parties that nothing refers to.
    pub fn leave(&self, taking: &mut Taking<'_>) {
        for party in self.0.iter().filter(|party| !party.used.get()) {
            let is_counted = party
                .roles
                .iter()
                .any(|role| roles::ARE_REFERRED.contains(&&**role));
            let why = if is_counted {
                Text::new(
                    "没有别处引用这个单位",
                    "nothing else refers to this organization",
                )
            } else {
                no_item()
            };
            taking.leave(
                &*party.place,
                party.name.as_ref().map(|name| &*name.text),
                why,
            );
        }
    }
}

/// The reason for what an item holds one of.
pub(super) fn several() -> Text {
    Text::new(
        "该信息项只有一个,只带入第一个",
        "the item holds one; only the first is carried",
    )
}

/// Takes the unified social credit code of an organization, by its identifier or its id.
fn uscc(taking: &mut Taking<'_>, party: &mut Part<'_>, id: Option<&Said>) -> Option<Said> {
    let prefix = format!("{USCC_SCHEME}-");
    let mut code = None;
    let place = at(party, "identifier");
    if let Some(mut identifier) = party.get("identifier") {
        if identifier.peek("scheme") == Some(USCC_SCHEME) {
            code = identifier.text("id");
            identifier.drop(&["scheme", "legalName"]);
        } else {
            taking.leave_part(&mut identifier, other_scheme());
        }
    }
    if party
        .value
        .get("identifier")
        .is_some_and(|left| left.as_object().is_none_or(serde_json::Map::is_empty))
    {
        party.take("identifier");
    }
    let by_id = id.and_then(|id| {
        let code = id.text.strip_prefix(&prefix)?;
        // Of a second name under one code: `CN-USCC-…-2`.
        Some(id.with(code.split('-').next().unwrap_or(code)))
    });
    match (code, by_id) {
        (Some(code), _) => Some(Said {
            place: format!("{place}/id"),
            ..code
        }),
        (None, by_id) => by_id,
    }
}

fn other_scheme() -> Text {
    Text::new(
        "只带入统一社会信用代码(CN-USCC)",
        "only unified social credit codes (CN-USCC) are carried",
    )
}
