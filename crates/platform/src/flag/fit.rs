//! What of a finding goes into the ledger: nothing that names a person, and no more than fits an event.

use kandeng_ledger::MAX_PAYLOAD;
use serde_json::Value;

use super::Found;

/// Room for what stands around a finding in its event.
const ROOM: usize = 4 * 1024;
/// The most bytes of a subject, key or other name.
const MOST_NAME: usize = 1024;
/// The most characters of a sentence.
const MOST_SAID: usize = 2_000;
/// Stands in a sentence for what is withheld.
const WITHHELD: &str = "〔…〕";

/// The finding without those figures, and without what they say in its sentences.
pub(super) fn without(mut found: Found, personal: &[String]) -> Found {
    for name in personal {
        let figure = found
            .figures
            .as_object_mut()
            .and_then(|figures| figures.remove(name));
        let Some(figure) = figure else { continue };
        let mut words = Vec::new();
        gather(&figure, &mut words);
        // Longer ones first: a name may be part of another.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        for word in words.iter().filter(|word| !word.trim().is_empty()) {
            found.says.zh = found.says.zh.replace(word.as_str(), WITHHELD);
            found.says.en = found.says.en.replace(word.as_str(), WITHHELD);
        }
        found.withheld.push(name.clone());
    }
    found
}

fn gather(figure: &Value, words: &mut Vec<String>) {
    match figure {
        Value::String(word) => words.push(word.clone()),
        Value::Array(figures) => figures.iter().for_each(|figure| gather(figure, words)),
        _ => {}
    }
}

/// The finding as it fits an event; nothing when it does not, or when it holds a resident's number, which the
/// run should have hidden.
pub(super) fn fit(mut found: Found) -> Option<Found> {
    let names = [
        &found.rule,
        &found.rule_version,
        &found.severity,
        &found.subject_kind,
        &found.subject,
        &found.key,
        &found.fingerprint,
    ];
    if names.iter().any(|name| name.len() > MOST_NAME) {
        return None;
    }
    for said in [&mut found.says.zh, &mut found.says.en] {
        if said.chars().count() > MOST_SAID {
            *said = said.chars().take(MOST_SAID).chain(['…']).collect();
        }
    }
    // Always in the same way, so that the same finding comes to the same event. Cannot fail to be written:
    // text and finite numbers.
    while serde_json::to_vec(&found).map_or(0, |bytes| bytes.len()) > MAX_PAYLOAD - ROOM {
        let figures = found.figures.as_object_mut();
        let longest = figures.as_ref().and_then(|figures| {
            let length = |figure: &Value| figure.to_string().len();
            let longest = figures.iter().max_by_key(|(_, figure)| length(figure))?;
            Some(longest.0.clone())
        });
        match (longest, figures) {
            (Some(name), Some(figures)) => {
                figures.remove(&name);
                found.withheld.push(name);
            }
            _ if !found.related.is_empty() => found.related.truncate(found.related.len() / 2),
            _ if !found.items.is_empty() => found.items.truncate(found.items.len() / 2),
            _ => return None,
        }
    }
    let text = serde_json::to_string(&found).unwrap_or_default();
    (!holds_resident_number(&text)).then_some(found)
}

/// Whether a text holds a number that is a resident's: 18 places, the last of them the check of the others
/// (GB 11643-1999), the seventh to fourteenth a day.
fn holds_resident_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        let end = start
            + bytes[start..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
        // Exactly seventeen digits and a check: longer runs are other numbers.
        let checked = match (end - start, bytes.get(end)) {
            (18, next) if !next.is_some_and(u8::is_ascii_alphanumeric) => &bytes[start..end],
            (17, Some(b'x' | b'X')) => &bytes[start..=end],
            _ => &[],
        };
        let hex = start
            .checked_sub(1)
            .is_some_and(|before| bytes[before].is_ascii_alphanumeric());
        if !checked.is_empty() && !hex && is_resident_number(checked) {
            return true;
        }
        start = end + 1;
    }
    false
}

fn is_resident_number(number: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let digit = |place: usize| u32::from(number[place] - b'0');
    let sum: u32 = WEIGHTS
        .iter()
        .enumerate()
        .map(|(place, weight)| weight * digit(place))
        .sum();
    let year = (6..10).fold(0, |year, place| year * 10 + digit(place));
    let month = digit(10) * 10 + digit(11);
    let day = digit(12) * 10 + digit(13);
    number[17].to_ascii_uppercase() == CHECKS[(sum % 11) as usize]
        && (1800..=2200).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::context::Text;

    fn found() -> Found {
        Found {
            rule: "K08".to_owned(),
            rule_version: "v1".to_owned(),
            severity: "high".to_owned(),
            subject_kind: "project".to_owned(),
            subject: "P1".to_owned(),
            key: String::new(),
            fingerprint: "f".to_owned(),
            items: vec!["payee".to_owned()],
            related: Vec::new(),
            money_fen: None,
            figures: json!({"payee": "王桂香", "paid_fen": 100, "names": ["王桂", "王桂香"]}),
            registers: Some(Vec::new()),
            withheld: Vec::new(),
            says: Text::new("付给王桂香 1 元(王桂、王桂香)", "1 yuan to 王桂香"),
        }
    }

    #[test]
    fn figures_that_name_people_stay_out_of_figures_and_sentence() {
        let found = without(found(), &["payee".to_owned(), "names".to_owned()]);
        assert_eq!(found.figures, json!({"paid_fen": 100}));
        assert_eq!(found.withheld, ["payee", "names"]);
        assert_eq!(found.says.zh, "付给〔…〕 1 元(〔…〕、〔…〕)");
        assert!(!serde_json::to_string(&found).unwrap().contains("王桂"));
    }

    #[test]
    fn a_long_finding_is_cut_in_the_same_way_each_time_and_fits() {
        let mut long = found();
        long.figures["all"] = json!(vec!["x".repeat(100); 2_000]);
        long.says.en = "y".repeat(50_000);
        long.related = (0..10_000).map(|number| format!("R{number:06}")).collect();
        let first = fit(long.clone()).unwrap();
        assert_eq!(fit(long), Some(first.clone()));
        assert_eq!(
            first.figures["paid_fen"],
            Value::Null,
            "figures go before related ones"
        );
        assert!(first.withheld.contains(&"all".to_owned()) && !first.related.is_empty());
        assert!(serde_json::to_vec(&first).unwrap().len() < MAX_PAYLOAD - ROOM + 1);
        let mut endless = found();
        endless.subject = "P".repeat(2_000);
        assert_eq!(fit(endless), None);
    }

    #[test]
    fn a_resident_number_is_never_taken_in() {
        assert!(fit(found()).is_some());
        // The example of the standard itself.
        let mut number = found();
        number.key = "11010519491231002X".to_owned();
        assert_eq!(fit(number), None);
        for harmless in [
            "110105194912310021",
            "1101051949123100210",
            "0a110105194912310029",
            "510823202606300001",
        ] {
            let mut other = found();
            other.subject = harmless.to_owned();
            assert!(fit(other).is_some(), "{harmless}");
        }
    }
}
