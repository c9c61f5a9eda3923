//! Names of people in findings, which must not go into a ledger: which of the figures that a rule declares as
//! personal hold one, and a key without them.

use kandeng_screening::{Figure, Finding};

/// Endings of names of organisations. What ends otherwise is taken for a person's.
const ORGANISATIONS: [&str; 26] = [
    "公司",
    "集团",
    "厂",
    "社",
    "队",
    "所",
    "院",
    "局",
    "中心",
    "委员会",
    "村委会",
    "政府",
    "站",
    "店",
    "行",
    "部",
    "协会",
    "学校",
    "处",
    "办",
    "场",
    "基地",
    "园",
    "ltd",
    "ltd.",
    "inc.",
];

/// The figures of a finding that name people, among those that its rule declares.
pub(super) fn names_people(finding: &Finding, personal: &[String]) -> Vec<String> {
    finding
        .figures
        .iter()
        .filter(|(name, figure)| personal.contains(name) && !names(figure).is_empty())
        .map(|(name, _)| name.clone())
        .collect()
}

/// The finding's key with a mark for each name in it: the same name has the same mark, so it still tells findings
/// apart.
pub(super) fn without_names(
    finding: &Finding,
    personal: &[String],
    mark: &dyn Fn(&str) -> String,
) -> String {
    let mut names: Vec<String> = finding
        .figures
        .iter()
        .filter(|(name, _)| personal.contains(name))
        .flat_map(|(_, figure)| names(figure))
        .collect();
    // The longest first: one name may begin another.
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.dedup();
    let mut key = finding.key.clone();
    for name in names {
        if key.contains(&name) {
            key = key.replace(&name, &mark(&name));
        }
    }
    key
}

fn names(figure: &Figure) -> Vec<String> {
    match figure {
        Figure::Text(text) => text
            .split('、')
            .filter(|part| !is_harmless(part))
            .map(str::to_owned)
            .collect(),
        Figure::List(figures) => figures.iter().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

/// A code, a hash under the county's key, or the name of an organisation.
fn is_harmless(part: &str) -> bool {
    let part = part.trim();
    let is_code = |letter: char| letter.is_ascii_alphanumeric();
    part.is_empty()
        || part.len() == 18 && part.chars().all(is_code)
        || part.split_once(':').is_some_and(|(key, hash)| {
            key.len() == 8 && hash.len() == 32 && key.chars().chain(hash.chars()).all(is_code)
        })
        || ORGANISATIONS
            .iter()
            .any(|end| part.to_lowercase().ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kandeng_screening::{Severity, Text};

    fn finding(key: &str, figures: &[(&str, &str)]) -> Finding {
        Finding {
            rule: "K26".to_owned(),
            severity: Severity::Medium,
            subject_kind: "project".to_owned(),
            subject: "P1".to_owned(),
            key: key.to_owned(),
            related: Vec::new(),
            items: Vec::new(),
            subject_row: None,
            rows: Vec::new(),
            money_fen: None,
            figures: figures
                .iter()
                .map(|(name, text)| ((*name).to_owned(), Figure::Text((*text).to_owned())))
                .collect(),
            fingerprint: String::new(),
            says: Text::new("", ""),
        }
    }

    #[test]
    fn a_figure_that_names_a_person_is_found_and_its_name_leaves_the_key() {
        let firm = "剑阁县某某建筑有限公司";
        let names = format!("王桂香、{firm}、王桂香琴");
        let mixed = finding(
            "王桂香|王桂香琴",
            &[("names", &names), ("township", "白龙镇")],
        );
        let personal = ["names".to_owned(), "payee_shown".to_owned()];
        assert_eq!(names_people(&mixed, &personal), ["names"]);
        let mark = |name: &str| format!("#{}", name.chars().count());
        assert_eq!(without_names(&mixed, &personal, &mark), "#3|#4");
        let firms = finding(firm, &[("payee_shown", firm)]);
        assert!(names_people(&firms, &personal).is_empty());
        assert_eq!(without_names(&firms, &personal, &mark), firm);
        // What the rule does not declare is none.
        assert!(names_people(&mixed, &personal[1..]).is_empty());
    }

    #[test]
    fn codes_and_hashes_are_no_names() {
        for harmless in [
            "91510823MA62K1XY7N",
            "0a1b2c3d:0123456789abcdef0123456789abcdef",
            "Example Ltd",
            "",
        ] {
            assert!(is_harmless(harmless), "{harmless}");
        }
        for name in ["王桂香", "阿依古丽·买买提", "Jane Roe"] {
            assert!(!is_harmless(name), "{name}");
        }
    }
}
