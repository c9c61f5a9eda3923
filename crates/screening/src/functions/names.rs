//! Names of organisations and projects in a form in which they can be compared.
//! Pure: knows no table and no engine.

use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;

/// The legal forms that are taken off, with the reasons for what is not (see the file's head).
const SUFFIXES: &str = include_str!("../../data/company_suffixes.txt");

/// Brings names into comparable form; keeps its buffers from one name to the next.
#[derive(Debug, Default)]
pub struct NameNormalizer {
    name: String,
    words: Vec<usize>,
}

impl NameNormalizer {
    /// The normal form of `name`: NFKC, lower case, without spaces, brackets and the punctuation
    /// `. , ' " · 。 ， 、`, and without the legal forms at its end (`data/company_suffixes.txt`), as
    /// many as there are, as long as something remains. What stood in brackets stays: 甲建设（集团）
    /// 有限公司 becomes 甲建设, 甲建筑（四川）有限公司 becomes 甲建筑四川. Nothing when no character is left.
    pub fn normalize<'a>(&'a mut self, name: &'a str) -> Option<&'a str> {
        let normal = if is_plain(name) {
            name.get(..end_without_chinese_forms(name)).unwrap_or(name)
        } else {
            compact(name, &mut self.name, &mut self.words);
            let end = end_without_forms(&self.name, &self.words);
            self.name.get(..end).unwrap_or(&self.name)
        };
        (!normal.is_empty()).then_some(normal)
    }
}

/// The key by which an organisation is told apart: its USCC, else the normal form of its name.
pub fn organization_key<'a>(
    normalizer: &'a mut NameNormalizer,
    uscc: Option<&'a str>,
    name: Option<&'a str>,
) -> Option<&'a str> {
    match uscc.map(str::trim) {
        Some(uscc) if !uscc.is_empty() => Some(uscc),
        _ => normalizer.normalize(name?),
    }
}

/// `text` in NFKC and lower case without spaces, brackets and punctuation, and where its words begin.
pub(super) fn compact(text: &str, into: &mut String, words: &mut Vec<usize>) {
    into.clear();
    words.clear();
    let mut begins = true;
    let mut last_was_latin = false;
    for character in text.nfkc() {
        if separates(character) {
            begins = true;
            continue;
        }
        if matches!(
            character,
            '.' | '\'' | '"' | '’' | '“' | '”' | '\u{200b}'..='\u{200d}' | '\u{feff}'
        ) {
            continue;
        }
        let latin = !is_east_asian(character);
        if begins || latin != last_was_latin {
            words.push(into.len());
        }
        begins = false;
        last_was_latin = latin;
        into.extend(character.to_lowercase());
    }
}

/// Already normal but for a legal form: CJK ideographs of the first block and ASCII digits only.
fn is_plain(name: &str) -> bool {
    name.chars()
        .all(|character| matches!(character, '\u{4e00}'..='\u{9fff}' | '0'..='9'))
}

fn is_east_asian(character: char) -> bool {
    character >= '\u{2e80}'
}

fn separates(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '(' | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | '【'
                | '】'
                | '〔'
                | '〕'
                | '「'
                | '」'
                | '『'
                | '』'
                | '《'
                | '》'
                | '〈'
                | '〉'
                | '<'
                | '>'
                | ','
                | '，'
                | '、'
                | '。'
                | '·'
                | '•'
                | '・'
                | ';'
                | ':'
        )
}

struct LegalForms {
    chinese: Vec<&'static str>,
    latin: Vec<&'static str>,
}

/// Both lists with the longest form first.
fn legal_forms() -> &'static LegalForms {
    static FORMS: OnceLock<LegalForms> = OnceLock::new();
    FORMS.get_or_init(|| {
        let mut lines: Vec<&str> = SUFFIXES
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        lines.sort_by_key(|form| std::cmp::Reverse(form.len()));
        let (latin, chinese) = lines.into_iter().partition(|form| form.is_ascii());
        LegalForms { chinese, latin }
    })
}

fn end_without_chinese_forms(name: &str) -> usize {
    let mut end = name.len();
    while let Some(shorter) = without_chinese_form(&name[..end]) {
        end = shorter;
    }
    end
}

fn without_chinese_form(name: &str) -> Option<usize> {
    // A branch is a body of its own, and all forms end in one of these characters.
    if name.ends_with("分公司") || name.ends_with("子公司") {
        return None;
    }
    if !["司", "团", "任", "份", "伙"]
        .iter()
        .any(|last| name.ends_with(last))
    {
        return None;
    }
    legal_forms()
        .chinese
        .iter()
        .find(|form| name.len() > form.len() && name.ends_with(*form))
        .map(|form| name.len() - form.len())
}

fn end_without_forms(name: &str, words: &[usize]) -> usize {
    let mut end = name.len();
    loop {
        let rest = &name[..end];
        if let Some(shorter) = without_chinese_form(rest) {
            end = shorter;
            continue;
        }
        let latin = legal_forms().latin.iter().find(|form| {
            rest.len() > form.len()
                && rest.ends_with(*form)
                && words.binary_search(&(rest.len() - form.len())).is_ok()
        });
        let Some(form) = latin else {
            return rest
                .trim_end_matches('&')
                .len()
                .max(usize::from(!rest.is_empty()));
        };
        end -= form.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(name: &str) -> Option<String> {
        NameNormalizer::default().normalize(name).map(str::to_owned)
    }

    #[track_caller]
    fn same(names: &[&str], expected: &str) {
        for name in names {
            assert_eq!(normal(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn legal_forms_spaces_widths_and_brackets_make_no_difference() {
        same(
            &[
                "华灯建设有限公司",
                "华灯建设有限责任公司",
                "华灯建设股份有限公司",
                "华灯建设（集团）有限公司",
                "华灯建设(集团)有限公司",
                " 华灯 建设　集团 公司 ",
                "华灯建设【集团】有限责任公司",
                "华灯建设公司",
                "华灯建设",
            ],
            "华灯建设",
        );
        same(
            &[
                "ACME Co., Ltd.",
                "acme co.,ltd",
                "Acme Co.Ltd",
                "ＡＣＭＥ Inc.",
                "Acme Company Limited",
                "Acme, LLC",
                "ACME GmbH & Co. KG",
                "Acme S.A. de C.V.",
            ],
            "acme",
        );
        same(
            &["北京ABC有限公司", "北京abc Co., Ltd", "北京ＡＢＣ"],
            "北京abc",
        );
    }

    #[test]
    fn what_stands_in_brackets_is_kept_when_it_is_no_legal_form() {
        same(
            &["华灯建筑（四川）有限公司", "华灯建筑四川有限公司"],
            "华灯建筑四川",
        );
    }

    #[test]
    fn words_that_merely_end_like_a_legal_form_are_kept() {
        same(&["Texaco Inc"], "texaco");
        same(&["U.S.A. Ltd"], "usa");
        same(&["Kansas"], "kansas");
    }

    #[test]
    fn what_kind_of_body_it_is_stays_in_the_name() {
        same(&["红星砖厂"], "红星砖厂");
        same(&["柳溪村种植专业合作社"], "柳溪村种植专业合作社");
        same(
            &["华灯建设有限公司成都分公司"],
            "华灯建设有限公司成都分公司",
        );
    }

    #[test]
    fn a_name_that_is_only_a_legal_form_keeps_it() {
        same(&["公司"], "公司");
        same(&["有限公司", "有限"], "有限");
        same(&["Ltd."], "ltd");
    }

    #[test]
    fn nothing_is_left_of_spaces_and_punctuation() {
        assert_eq!(normal(""), None);
        assert_eq!(normal(" 　（）. "), None);
    }

    #[test]
    fn an_organisation_is_its_uscc_or_else_its_name() {
        let mut names = NameNormalizer::default();
        assert_eq!(
            organization_key(&mut names, Some("X1"), Some("甲公司")),
            Some("X1")
        );
        assert_eq!(
            organization_key(&mut names, Some(" "), Some("甲公司")),
            Some("甲")
        );
        assert_eq!(
            organization_key(&mut names, None, Some("甲公司")),
            Some("甲")
        );
        assert_eq!(organization_key(&mut names, None, None), None);
    }

    proptest! {
        #[test]
        fn the_normal_form_is_its_own_normal_form_when_chinese(name in "[\u{4e00}-\u{4e20}司公限有]{0,8}(有限公司|集团|（集团）公司)?") {
            if let Some(once) = normal(&name) {
                prop_assert_eq!(normal(&once), Some(once.clone()));
            }
        }

        #[test]
        fn any_text_has_a_normal_form_without_spaces(name in any::<String>()) {
            if let Some(once) = normal(&name) {
                prop_assert!(!once.chars().any(char::is_whitespace));
            }
        }
    }
}
