//! The standard's codes for what the declaration calls by its own keys. Keys that a county added have none: open
//! codelists take them as they are, closed ones leave them out.

use kandeng_screening::Text;

use crate::filing::Filing;

/// How a project came to be struck off the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Before anybody said that it was finished or accepted.
    Unfinished,
    /// What was built is gone, as the last look at it says.
    Gone,
    /// Finished and handed over.
    HandedOver,
}

/// The status of a project at a stage.
pub(super) fn status(stage: &str, ended: Ended) -> Option<&'static str> {
    Some(match stage {
        "filed" => "identification",
        "approved" => "preparation",
        // The standard counts procurement as a part of implementation.
        "tendered" | "building" => "implementation",
        "accepted" => "completion",
        "upkeep" => "maintenance",
        // Struck off the list is closed out: of the standard's codes that is completion, which it defines as handover
        // and close-out. Maintenance would promise upkeep that nobody reports any more, and decommissioned that the
        // works were done away with, which is said only where they are gone.
        "closed" => match ended {
            Ended::Unfinished => "cancelled",
            Ended::Gone => "decommissioned",
            Ended::HandedOver => "completion",
        },
        _ => return None,
    })
}

/// The stage that a status means, where a package does not name the stage itself. Procurement counts as implementation,
/// so whether the work has begun decides.
pub(crate) fn stage_of(status: &str, has_begun: bool) -> Option<&'static str> {
    Some(match status {
        "identification" => "filed",
        "preparation" => "approved",
        "implementation" if has_begun => "building",
        "implementation" => "tendered",
        "completion" => "accepted",
        "maintenance" => "upkeep",
        "decommissioning" | "decommissioned" | "cancelled" => "closed",
        _ => return None,
    })
}

/// The status of its contracting process.
pub(super) fn process_status(stage: &str, is_awarded: bool) -> &'static str {
    match stage {
        "accepted" | "upkeep" | "closed" => "closed",
        _ if is_awarded => "active",
        _ => "pre-award",
    }
}

/// The sector of a kind of projects, where the standard has one that means the same.
pub(super) fn sector(kind: &str) -> String {
    match kind {
        "industry" => "economy".to_owned(),
        "living_environment" => "waterAndWaste".to_owned(),
        own => camel(own),
    }
}

/// `public_service` as `publicService`.
fn camel(key: &str) -> String {
    let mut parts = key.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    name
}

/// The kind of projects that a sector means, where one does.
pub(crate) fn kind_of(code: &str, filing: &Filing) -> Option<String> {
    let kinds = filing.choices.get("kind").into_iter().flatten();
    let mut meant = kinds.filter(|kind| sector(&kind.key) == code);
    meant.next().map(|kind| kind.key.clone())
}

/// The method of a procurement.
pub(super) fn method(key: &str) -> Option<&'static str> {
    Some(match key {
        "open" => "open",
        "selective" => "selective",
        "consultation" | "negotiation" | "quotation" => "limited",
        "single_source" | "direct" | "self_build" => "direct",
        _ => return None,
    })
}

/// The way of procuring that a method means; an error says why none.
pub(crate) fn method_of(code: &str) -> Result<&'static str, Text> {
    match code {
        "open" => Ok("open"),
        "selective" => Ok("selective"),
        "limited" => Err(Text::new(
            "limited 可能是磋商、谈判或询价,无法确定,请自行填写",
            "limited may be consultation, negotiation or quotation; fill in which",
        )),
        "direct" => Err(Text::new(
            "direct 可能是单一来源、直接委托或自建,无法确定,请自行填写",
            "direct may be single source, direct or self-build; fill in which",
        )),
        _ => Err(Text::new(
            "采购方式不在标准的代码表 method 中",
            "the method is not in the standard's codelist method",
        )),
    }
}

/// The unit of a code of UN/CEFACT Recommendation 20, of those that go out.
pub(crate) fn unit_of(code: &str) -> Option<&'static str> {
    UNITS
        .iter()
        .find(|(_, known)| *known == code)
        .map(|(unit, _)| *unit)
}

/// Units with their codes.
const UNITS: [(&str, &str); 8] = [
    ("公顷", "HAR"),
    ("平方米", "MTK"),
    ("公里", "KMT"),
    ("米", "MTR"),
    ("立方米", "MTQ"),
    ("吨", "TNE"),
    ("千瓦", "KWT"),
    ("%", "P1"),
];

/// The code of a unit in UN/CEFACT Recommendation 20, where it has one. The mu has none.
pub(super) fn unit_code(unit: &str) -> Option<&'static str> {
    UNITS
        .iter()
        .find(|(known, _)| *known == unit)
        .map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(list: &str) -> Vec<String> {
        let path = format!(
            "{}/tests/fixtures/oc4ids/codelists/{list}.csv",
            env!("CARGO_MANIFEST_DIR")
        );
        let mut reader = csv::Reader::from_path(path).unwrap();
        reader
            .records()
            .map(|row| row.unwrap()[0].to_owned())
            .collect()
    }

    #[test]
    fn every_stage_and_method_of_the_declaration_has_a_code_of_the_standard() {
        let filing = Filing::embedded();
        let known = codes("projectStatus");
        for stage in &filing.stages {
            for ended in [Ended::Unfinished, Ended::Gone, Ended::HandedOver] {
                let status = status(&stage.key, ended).unwrap();
                assert!(known.iter().any(|code| code == status), "{status}");
                // Read back without the stage itself, it is one that the declaration has.
                for has_begun in [false, true] {
                    let stage = stage_of(status, has_begun).unwrap();
                    assert!(filing.stage_rank(stage).is_some(), "{stage}");
                }
            }
        }
        for code in &known {
            assert!(stage_of(code, true).is_some(), "{code}");
        }
        let known = codes("method");
        for choice in &filing.choices["procurement_method"] {
            let method = method(&choice.key).unwrap();
            assert!(known.iter().any(|code| code == method), "{method}");
        }
        assert_eq!(sector("public_service"), "publicService");
        let known = codes("projectSector");
        for kind in ["industry", "living_environment"] {
            assert!(known.contains(&sector(kind)), "{kind}");
        }
    }
}
