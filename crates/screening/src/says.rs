//! The sentence of a finding: a text with `{figure}` placeholders, filled in either language.

use crate::Text;
use crate::figure::{Figure, Labels, Language};

/// The names between braces, in order.
///
/// # Errors
/// When a brace is not closed or holds no name.
pub(crate) fn placeholders(template: &str) -> Result<Vec<&str>, Text> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let Some(length) = rest[open..].find('}') else {
            return Err(Text::new(
                format!("“{{”没有对应的“}}”:{template}"),
                format!("a brace is not closed: {template}"),
            ));
        };
        let name = &rest[open + 1..open + length];
        if name.is_empty()
            || !name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        {
            return Err(Text::new(
                format!("“{{{name}}}”不是指标名"),
                format!("`{{{name}}}` is no name of a figure"),
            ));
        }
        names.push(name);
        rest = &rest[open + length + 1..];
    }
    Ok(names)
}

/// Fills a template; a figure that is not there shows as a dash.
pub(crate) fn fill(
    template: &str,
    figures: &[(String, Figure)],
    labels: &Labels,
    language: Language,
) -> String {
    let mut filled = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        let Some(length) = rest[open..].find('}') else {
            break;
        };
        let name = &rest[open + 1..open + length];
        match figures.iter().find(|(figure, _)| figure == name) {
            Some((_, figure)) => figure.show(name, labels, language, &mut filled),
            None => filled.push('–'),
        }
        rest = &rest[open + length + 1..];
    }
    filled.push_str(rest);
    filled
}
