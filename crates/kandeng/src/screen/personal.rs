//! Names of people in findings: replaced by keyed marks before anything goes into a ledger, which keeps what it is
//! given. The same name gets the same mark, so a finding that did not change stays the same.

use kandeng_screening::{Figure, Finding};

/// Figures that may hold the name of a person, as a county files it.
const FIGURES: [&str; 3] = ["payee", "payee_shown", "names"];

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

/// Replaces names of people in a finding; `mark` gives the mark of a name.
pub(super) fn conceal(finding: &mut Finding, mark: &dyn Fn(&str) -> String) {
    let mut replaced: Vec<(String, String)> = Vec::new();
    for (name, figure) in &mut finding.figures {
        if FIGURES.contains(&name.as_str()) {
            conceal_figure(figure, mark, &mut replaced);
        }
    }
    // The longest first: one name may begin another.
    replaced.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for text in [&mut finding.key, &mut finding.says.zh, &mut finding.says.en] {
        for (name, mark) in &replaced {
            if text.contains(name.as_str()) {
                *text = text.replace(name.as_str(), mark);
            }
        }
    }
}

fn conceal_figure(
    figure: &mut Figure,
    mark: &dyn Fn(&str) -> String,
    replaced: &mut Vec<(String, String)>,
) {
    match figure {
        Figure::Text(text) => {
            let parts: Vec<String> = text
                .split('、')
                .map(|part| {
                    if is_harmless(part) {
                        return part.to_owned();
                    }
                    let mark = mark(part);
                    replaced.push((part.to_owned(), mark.clone()));
                    mark
                })
                .collect();
            *text = parts.join("、");
        }
        Figure::List(figures) => figures
            .iter_mut()
            .for_each(|figure| conceal_figure(figure, mark, replaced)),
        _ => {}
    }
}

/// A code, a hash under the county's key, or the name of an organisation.
fn is_harmless(part: &str) -> bool {
    let part = part.trim();
    let is_code = |letter: char| letter.is_ascii_alphanumeric();
    part.is_empty()
        || part.len() == 18 && part.chars().all(is_code)
        || part.split_once(':').is_some_and(|(key, hash)| {
            key.len() == 8 && hash.len() == 32 && (key.chars().chain(hash.chars())).all(is_code)
        })
        || ORGANISATIONS
            .iter()
            .any(|end| part.to_lowercase().ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kandeng_screening::{Severity, Text};

    fn finding(figures: Vec<(&str, Figure)>, says: &str) -> Finding {
        Finding {
            rule: "K26".to_owned(),
            severity: Severity::Medium,
            subject_kind: "project".to_owned(),
            subject: "P1".to_owned(),
            key: "王桂香".to_owned(),
            related: Vec::new(),
            items: Vec::new(),
            subject_row: None,
            rows: Vec::new(),
            money_fen: None,
            figures: figures
                .into_iter()
                .map(|(name, figure)| (name.to_owned(), figure))
                .collect(),
            fingerprint: String::new(),
            says: Text::new(says, says),
        }
    }

    #[test]
    fn names_of_people_become_marks_everywhere_and_those_of_organisations_stay() {
        let names = Figure::Text("王桂香、剑阁县某某建筑有限公司、王桂香琴".to_owned());
        let town = Figure::Text("王桂香".to_owned());
        let mut finding = finding(
            vec![("names", names), ("township", town.clone())],
            "王桂香琴、王桂香、剑阁县某某建筑有限公司",
        );
        conceal(&mut finding, &|name| format!("#{}", name.chars().count()));
        assert_eq!(
            finding.figures,
            [
                (
                    "names".to_owned(),
                    Figure::Text("#3、剑阁县某某建筑有限公司、#4".to_owned())
                ),
                ("township".to_owned(), town)
            ]
        );
        assert_eq!(finding.says.zh, "#4、#3、剑阁县某某建筑有限公司");
        assert_eq!(finding.key, "#3");
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
