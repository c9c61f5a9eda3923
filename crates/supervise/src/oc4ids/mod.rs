//! Filings as open data: project packages of the Open Contracting for Infrastructure Data Standard (OC4IDS) 0.9. They are
//! read in again by [`crate::packages`].
//!
//! What goes out is what the declaration says is public, or everything that the standard has a place for. Organizations
//! stand in it; people do not, neither by name nor by mark or number. Flags and cases are no part of it.

mod export;
mod filed;
mod json;
mod parties;
mod process;
mod project;
pub(crate) mod words;

pub use export::{Publisher, Scope, export_oc4ids};

/// The version of the standard.
pub const VERSION: &str = "0.9";

/// Among the identifiers of a project: its code, as filed.
pub(crate) const CODE_SCHEME: &str = "project-code";

/// The scheme of organizations' unified social credit codes (GB 32100).
pub(crate) const USCC_SCHEME: &str = "CN-USCC";

/// The gazetteer of division codes (GB/T 2260 and the statistical codes below counties).
pub(crate) const DIVISION_SCHEME: &str = "CN-DIVISION";

/// The scheme of kinds of projects, as the declaration has them.
pub(crate) const KIND_SCHEME: &str = "project-kind";

/// The scheme of stages, as the declaration has them: the standard's statuses are fewer and others.
pub(crate) const STAGE_SCHEME: &str = "project-stage";

/// What the sentence of who accepted the work begins with.
pub(crate) const PANEL: &str = "验收人员 ";

/// The title of who benefits.
pub(crate) const BENEFIT: &str = "受益户数与人数";

/// The title of a payment that is planned.
pub(crate) const PLANNED: &str = "计划拨付";

/// Roles of parties that the standard's open codelist does not have.
pub(crate) mod roles {
    /// Who approved the project.
    pub(crate) const APPROVAL_AUTHORITY: &str = "approvalAuthority";
    /// Who owns what was built.
    pub(crate) const ASSET_OWNER: &str = "assetOwner";
    /// Who keeps it up.
    pub(crate) const UPKEEP_BODY: &str = "upkeepBody";
    /// Who the money of the project goes to, as its own item says.
    pub(crate) const PROJECT_PAYEE: &str = "projectPayee";

    /// Roles that parties have by being referred to.
    pub(crate) const ARE_REFERRED: [&str; 5] = [
        "publicAuthority",
        "procuringEntity",
        "supplier",
        "tenderer",
        "payee",
    ];
}

/// Who accepted the work, role and body each: `验收人员 组长:示例县财政局;组员:`.
pub(crate) fn panel(members: &[(Option<&str>, Option<&str>)]) -> Option<String> {
    let plain = |text: Option<&str>| {
        let text = text.unwrap_or_default();
        text.replace('\\', "\\\\")
            .replace(':', "\\:")
            .replace(';', "\\;")
    };
    let members = members.iter().filter(|member| **member != (None, None));
    let members: Vec<String> = members
        .map(|(role, body)| format!("{}:{}", plain(*role), plain(*body)))
        .collect();
    (!members.is_empty()).then(|| format!("{PANEL}{}", members.join(";")))
}

/// Reads what [`panel`] writes; what stands otherwise in it is taken for a role.
pub(crate) fn panel_of(text: &str) -> Vec<(String, String)> {
    let mut members = vec![(String::new(), String::new())];
    let (mut in_body, mut letters) = (false, text.strip_prefix(PANEL).unwrap_or(text).chars());
    while let Some(letter) = letters.next() {
        let plain = match letter {
            ';' => {
                members.push((String::new(), String::new()));
                in_body = false;
                continue;
            }
            ':' if !in_body => {
                in_body = true;
                continue;
            }
            '\\' => letters.next().unwrap_or('\\'),
            letter => letter,
        };
        if let Some((role, body)) = members.last_mut() {
            if in_body { body } else { role }.push(plain);
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_panel_is_read_as_it_was_written(members in proptest::collection::vec(("[组长:;\\\\ a]{0,6}", "[局:;\\\\]{0,6}"), 1..5)) {
            let filled = |text: &'_ String| !text.is_empty();
            let members: Vec<(String, String)> =
                members.into_iter().filter(|(role, body)| filled(role) || filled(body)).collect();
            let said: Vec<_> = members
                .iter()
                .map(|(role, body)| {
                    (Some(&**role).filter(|text| !text.is_empty()), Some(&**body).filter(|text| !text.is_empty()))
                })
                .collect();
            match panel(&said) {
                Some(text) => prop_assert_eq!(panel_of(&text), members),
                None => prop_assert!(members.is_empty()),
            }
        }
    }
}
