//! The standard's codes for what the declaration calls by its own keys. Keys that a county added have none: open
//! codelists take them as they are, closed ones leave them out.

/// The status of a project at a stage.
pub(super) fn status(stage: &str) -> Option<&'static str> {
    Some(match stage {
        "filed" => "identification",
        "approved" => "preparation",
        // The standard counts procurement as a part of implementation.
        "tendered" | "building" => "implementation",
        "accepted" => "completion",
        "upkeep" => "maintenance",
        // A project that is struck off the list is done with; what was built is in use.
        "closed" => "maintenance",
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

/// The code of a unit in UN/CEFACT Recommendation 20, where it has one. The mu has none.
pub(super) fn unit_code(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "公顷" => "HAR",
        "平方米" => "MTK",
        "公里" => "KMT",
        "米" => "MTR",
        "立方米" => "MTQ",
        "吨" => "TNE",
        "千瓦" => "KWT",
        "%" => "P1",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filing::Filing;

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
            let status = status(&stage.key).unwrap();
            assert!(known.iter().any(|code| code == status), "{status}");
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
