//! Words in the language asked for: `--lang`, else the locale, else Chinese.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ffi::OsString;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};
use kandeng_screening::{Language, Text};

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "zh-CN",
        // Marks around inserted values would end up in files that machines read.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static ZH: LanguageIdentifier = langid!("zh-CN");
static EN: LanguageIdentifier = langid!("en");

/// Gives texts of the locale files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    pub language: Language,
}

impl Words {
    pub(crate) fn new(language: Language) -> Self {
        Self { language }
    }

    fn id(self) -> &'static LanguageIdentifier {
        match self.language {
            Language::Zh => &ZH,
            Language::En => &EN,
        }
    }

    /// The text of that key.
    pub(crate) fn say(self, key: &str) -> String {
        LOCALES.lookup(self.id(), key)
    }

    /// The text of that key with values in it.
    pub(crate) fn say_with(self, key: &str, values: &[(&'static str, String)]) -> String {
        let values: HashMap<Cow<'static, str>, FluentValue<'_>> = values
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), FluentValue::from(value.as_str())))
            .collect();
        LOCALES.lookup_with_args(self.id(), key, &values)
    }

    /// What a thing of a family is called; its own name where a county's pack brings one of its own.
    pub(crate) fn name(self, family: &str, key: &str) -> String {
        LOCALES
            .try_lookup(self.id(), &format!("{family}-{key}"))
            .unwrap_or_else(|| key.to_owned())
    }

    /// One of two texts.
    pub(crate) fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    /// One of the two.
    pub(crate) fn of(self, text: &Text) -> &str {
        text.in_language(self.language)
    }
}

/// The language that the arguments or else the locale ask for.
pub(crate) fn asked_for(args: impl Iterator<Item = OsString>) -> Language {
    let args: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let given = args
        .iter()
        .enumerate()
        .find_map(|(index, arg)| match arg.strip_prefix("--lang") {
            Some("") => args.get(index + 1).cloned(),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        });
    // A language that there is not is refused; until then the locale decides.
    let name = given
        .filter(|name| matches!(name.as_str(), "zh" | "en"))
        .or_else(sys_locale::get_locale)
        .unwrap_or_default();
    // `C` and `POSIX` say nothing about a person.
    if name.starts_with("en") && name != "en-US-POSIX" {
        Language::En
    } else {
        Language::Zh
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(text: &str) -> BTreeSet<&str> {
        text.lines()
            .filter(|line| !line.starts_with([' ', '#', '}', '\t']))
            .filter_map(|line| line.split_once(" =").map(|(key, _)| key))
            .collect()
    }

    #[test]
    fn every_text_exists_in_both_languages() {
        let zh = keys(include_str!("../locales/zh-CN/main.ftl"));
        let en = keys(include_str!("../locales/en/main.ftl"));
        assert_eq!(zh, en);
        assert!(zh.len() > 40);
    }

    #[test]
    fn every_key_that_the_program_asks_for_exists() {
        let known = keys(include_str!("../locales/en/main.ftl"));
        let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut asked = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                if path.extension().is_none_or(|ending| ending != "rs") {
                    continue;
                }
                let source = std::fs::read_to_string(&path).unwrap();
                for call in ["say(", "say_with("] {
                    for rest in source.split(call).skip(1) {
                        let Some(rest) = rest.trim_start().strip_prefix('"') else {
                            continue;
                        };
                        let key = rest.split('"').next().unwrap_or_default();
                        let is_key = |letter: char| letter.is_ascii_lowercase() || letter == '-';
                        if !key.chars().all(is_key) {
                            continue;
                        }
                        assert!(known.contains(key), "{key} in {}", path.display());
                        asked += 1;
                    }
                }
            }
        }
        assert!(asked > 60, "{asked}");
    }

    #[test]
    fn the_argument_wins_over_the_locale() {
        let ask = |line: &str| asked_for(line.split(' ').map(OsString::from));
        assert_eq!(ask("kandeng screen x --lang en"), Language::En);
        assert_eq!(ask("kandeng --lang=zh screen x"), Language::Zh);
    }
}
