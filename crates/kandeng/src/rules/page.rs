//! A rule explained in full: its page, made from its own file and nothing else.

use std::fmt::Write as _;
use std::path::Path;

use kandeng_screening::Language;
use kandeng_screening::pack::{Body, Pack, Rule};

use super::{Shelf, audience_key, severity_key};
use crate::failure::Failure;
use crate::language::Words;

/// One page for each rule and an index, in both languages.
pub(super) fn write_all(shelves: &[Shelf], folder: &Path) -> Result<usize, Failure> {
    std::fs::create_dir_all(folder).map_err(Failure::file(folder))?;
    let mut index = String::new();
    let mut pages = 0;
    for language in [Language::En, Language::Zh] {
        let words = Words::new(language);
        let _ = writeln!(index, "# {}\n", words.say("page-index"));
        for shelf in shelves {
            for rule in &shelf.pack.rules {
                let _ = writeln!(
                    index,
                    "- [{}]({}.md) {}",
                    rule.id,
                    rule.id,
                    words.of(&rule.texts.title)
                );
            }
        }
        index.push('\n');
    }
    for shelf in shelves {
        for rule in &shelf.pack.rules {
            let mut text = page(&shelf.pack, rule, Words::new(Language::En));
            text.push_str("\n---\n\n");
            text.push_str(&page(&shelf.pack, rule, Words::new(Language::Zh)));
            let path = folder.join(format!("{}.md", rule.id));
            std::fs::write(&path, text).map_err(Failure::file(&path))?;
            pages += 1;
        }
    }
    let path = folder.join("README.md");
    std::fs::write(&path, index.trim_end().to_owned() + "\n").map_err(Failure::file(&path))?;
    Ok(pages)
}

/// The page of one rule in one language.
pub(super) fn page(pack: &Pack, rule: &Rule, words: Words) -> String {
    let mut text = String::new();
    // Cannot fail: writing to a String does not.
    let _ = writeln!(text, "# {} {}\n", rule.id, words.of(&rule.texts.title));
    let facts = [
        ("page-audience", words.say(audience_key(rule))),
        (
            "page-severity",
            words.say(severity_key(rule.severity.name())),
        ),
        (
            "page-subject",
            rule.subjects
                .iter()
                .chain(&rule.also)
                .cloned()
                .collect::<Vec<_>>()
                .join(", "),
        ),
        ("page-reach", rule.reach.name().to_owned()),
        ("page-items", rule.items.join(", ")),
        ("page-basis", words.of(&rule.texts.basis).to_owned()),
    ];
    for (key, value) in facts {
        if !value.is_empty() {
            let _ = writeln!(text, "- **{}** {value}", words.say(key));
        }
    }
    section(
        &mut text,
        &words.say("page-method"),
        words.of(&rule.texts.method),
    );
    section(&mut text, &words.say("page-why"), words.of(&rule.texts.why));
    section(
        &mut text,
        &words.say("page-says"),
        words.of(&rule.texts.says),
    );
    let population = rule
        .applies
        .clone()
        .map_or_else(|| words.say("page-all"), |sql| format!("`{sql}`"));
    section(&mut text, &words.say("page-population"), &population);
    let needs: Vec<_> = rule.needs.iter().map(|need| format!("`{need}`")).collect();
    section(&mut text, &words.say("page-needs"), &needs.join(", "));
    section(
        &mut text,
        &words.say("page-excludes"),
        words.of(&rule.texts.excludes),
    );
    if !rule.params.is_empty() {
        let _ = writeln!(
            text,
            "\n## {}\n\n{}\n",
            words.say("page-params"),
            words.say("page-params-note")
        );
        for (name, value) in &rule.params {
            let _ = writeln!(text, "- `{name}` = `{value}`");
        }
    }
    example(&mut text, pack, rule, words);
    let _ = writeln!(text, "\n## SQL\n\n```sql\n{}\n```", sql(rule));
    text
}

fn section(text: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        let _ = writeln!(text, "\n## {title}\n\n{body}");
    }
}

/// The first case of the rule's fixtures, as it stands there.
fn example(text: &mut String, pack: &Pack, rule: &Rule, words: Words) {
    let Some((_, fixture)) = pack.fixture(rule) else {
        return;
    };
    let mut cases = fixture.split("\ncase:");
    let head = cases.next().unwrap_or_default();
    let first = if head.trim_start().starts_with("case:") {
        head.trim_start().trim_start_matches("case:")
    } else {
        cases.next().unwrap_or_default()
    };
    let _ = writeln!(
        text,
        "\n## {}\n\n```\ncase:{}\n```",
        words.say("page-example"),
        first.trim_end()
    );
}

fn sql(rule: &Rule) -> String {
    match &rule.body {
        Body::Query { sql, .. } => sql.clone(),
        Body::RowCheck {
            over,
            flag_when,
            figures,
        } => {
            let mut text = format!("-- over: {over}\n-- flag_when: {flag_when}");
            if !figures.is_empty() {
                let figures: Vec<_> = figures
                    .iter()
                    .map(|(name, value)| format!("{name} = {value}"))
                    .collect();
                let _ = write!(text, "\n-- figures: {}", figures.join(", "));
            }
            text
        }
    }
}
