//! Who accepted the work, as the one sentence that the standard has for it.

/// What the sentence begins with, so that nobody else's is taken for it.
pub(crate) const PANEL: &str = "验收人员 ";

/// Who accepted the work, role and body each: `验收人员 组长:示例县财政局;组员:`.
pub(crate) fn written(members: &[(Option<&str>, Option<&str>)]) -> Option<String> {
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

/// Reads what [`written`] writes; what stands otherwise in it is taken for a role.
pub(crate) fn read(text: &str) -> Vec<(String, String)> {
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
            match written(&said) {
                Some(text) => prop_assert_eq!(read(&text), members),
                None => prop_assert!(members.is_empty()),
            }
        }
    }
}
