//! A page as a text that can be compared: one tag or text to a line, and the parts that are never the same replaced.

use std::collections::BTreeMap;

/// Elements without an end.
const EMPTY: [&str; 7] = ["!doctype", "meta", "link", "input", "br", "hr", "img"];

/// The page, by lines. `secrets` are replaced by what stands beside them.
pub(crate) fn rendered(html: &str, secrets: &[(String, &str)]) -> String {
    let mut html = html.to_owned();
    for (secret, name) in secrets.iter().filter(|(secret, _)| !secret.is_empty()) {
        html = html.replace(secret, name);
    }
    let mut ids = BTreeMap::new();
    let html = by_words(&html, &mut ids);
    lines(&html)
}

/// Replaces ids by the order in which they come, tokens and fingerprints by words.
fn by_words(html: &str, ids: &mut BTreeMap<String, usize>) -> String {
    let is_within = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut text = String::new();
    let mut word = String::new();
    for letter in html.chars().chain(std::iter::once('\n')) {
        if is_within(letter) {
            word.push(letter);
            continue;
        }
        text.push_str(&known(&word, &text, ids));
        word.clear();
        text.push(letter);
    }
    text
}

fn known(word: &str, before: &str, ids: &mut BTreeMap<String, usize>) -> String {
    let is_hex = |text: &str| text.chars().all(|one| one.is_ascii_hexdigit());
    let parts: Vec<usize> = word.split('-').map(str::len).collect();
    // An id at the end of a longer word, such as `flag-0189…`.
    if parts.ends_with(&[8, 4, 4, 4, 12]) && is_hex(&word[word.len() - 36..].replace('-', "")) {
        let (start, id) = word.split_at(word.len() - 36);
        let next = ids.len() + 1;
        let number = ids.entry(id.to_owned()).or_insert(next);
        return format!("{start}ID{number}");
    }
    if word.len() == 64 && is_hex(word) {
        return "TOKEN".to_owned();
    }
    if before.ends_with("/assets/") {
        return "ASSET".to_owned();
    }
    // Places in the ledger, and how long something took.
    let is_number = !word.is_empty() && word.chars().all(|one| one.is_ascii_digit());
    let is_place = ["<td class=\"r small\">第 ", "台账第 ", "no. "];
    if is_number && is_place.iter().any(|start| before.ends_with(start)) {
        return "N".to_owned();
    }
    word.to_owned()
}

fn lines(html: &str) -> String {
    let mut all = String::new();
    let mut depth = 0_usize;
    let mut put = |depth: usize, line: &str| {
        all.push_str(&" ".repeat(depth));
        all.push_str(line);
        all.push('\n');
    };
    let mut rest = html;
    while !rest.is_empty() {
        let (text, more) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            put(depth, line);
        }
        let (tag, more) = more.split_at(more.find('>').map_or(more.len(), |end| end + 1));
        rest = more;
        if tag.is_empty() {
            continue;
        }
        let name = tag.trim_start_matches(['<', '/']).to_ascii_lowercase();
        let name = name.split([' ', '>', '\n']).next().unwrap_or_default();
        if tag.starts_with("</") {
            depth = depth.saturating_sub(1);
            put(depth, tag);
        } else {
            put(depth, tag);
            let is_drawn = tag.ends_with("/>");
            depth += usize::from(!EMPTY.contains(&name) && !is_drawn);
        }
    }
    all
}

/// The first lines that differ, for whoever reads why a test failed.
pub(crate) fn difference(kept: &str, now: &str) -> String {
    let (kept, now): (Vec<&str>, Vec<&str>) = (kept.lines().collect(), now.lines().collect());
    let same = kept.iter().zip(&now).take_while(|(a, b)| a == b).count();
    let ends = kept.iter().rev().zip(now.iter().rev());
    let most = kept.len().min(now.len()) - same;
    let same_at_end = ends.take_while(|(a, b)| a == b).count().min(most);
    let shown = |lines: &[&str], sign: char| -> String {
        let middle = &lines[same..lines.len() - same_at_end];
        let mut text: String = middle
            .iter()
            .take(12)
            .map(|line| format!("  {sign} {}\n", line.trim()))
            .collect();
        if middle.len() > 12 {
            text.push_str(&format!("  {sign} … {} lines more\n", middle.len() - 12));
        }
        text
    };
    format!(
        "  from line {}:\n{}{}",
        same + 1,
        shown(&kept, '-'),
        shown(&now, '+')
    )
}

#[test]
fn a_page_is_written_by_lines_without_what_is_never_the_same() {
    let page = "<!doctype html><p id=\"flag-01890a5d-ac96-774b-bcce-000000000001\">A <b>b</b><br>\n \
                01890a5d-ac96-774b-bcce-000000000002 01890a5d-ac96-774b-bcce-000000000001</p>";
    assert_eq!(
        rendered(page, &[("A".to_owned(), "SECRET")]),
        "<!doctype html>\n<p id=\"flag-ID1\">\n SECRET\n <b>\n  b\n </b>\n <br>\n ID2 ID1\n</p>\n"
    );
    assert_eq!(
        difference("a\nb\nc\n", "a\nx\ny\nc\n"),
        "  from line 2:\n  - b\n  + x\n  + y\n"
    );
}
