//! The words of the scene's pages.

use fluent_templates::{StaticLoader, static_loader};
use kandeng_platform::Language;
use kandeng_platform::page::Words;
use kandeng_screening::Text;

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "zh-CN",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// In that language.
pub(crate) fn words(language: Language) -> Words {
    let own: &'static StaticLoader = &LOCALES;
    Words::of_crate(language, own)
}

/// A text of these pages, for whoever answers in both languages.
pub(crate) fn both(key: &str) -> kandeng_platform::Text {
    let say = |language| words(language).say(key);
    kandeng_platform::Text::new(say(Language::Zh), say(Language::En))
}

/// One of two names.
pub(crate) fn pick<'a>(words: Words, zh: &'a str, en: &'a str) -> &'a str {
    match words.language {
        Language::Zh => zh,
        Language::En => en,
    }
}

/// A rule's text.
pub(crate) fn text(words: Words, text: &Text) -> String {
    pick(words, &text.zh, &text.en).to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    fn files(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, into);
            } else {
                into.push(path);
            }
        }
    }

    fn keys(language: &str) -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        files(&root.join("locales").join(language), &mut found);
        let mut keys = BTreeSet::new();
        for file in found {
            for line in std::fs::read_to_string(file).unwrap().lines() {
                if !line.starts_with([' ', '#', '}'])
                    && let Some((key, _)) = line.split_once(" =")
                {
                    assert!(keys.insert(key.to_owned()), "{key} stands twice");
                }
            }
        }
        keys
    }

    #[test]
    fn every_text_exists_in_both_languages() {
        assert_eq!(keys("zh-CN"), keys("en"));
        assert!(keys("en").len() > 20);
    }

    #[test]
    fn every_key_that_a_page_asks_for_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let platform = include_str!("../../../platform/locales/en/pages.ftl");
        let mut known = keys("en");
        known.extend(
            platform
                .lines()
                .filter_map(|line| line.split_once(" ="))
                .map(|(key, _)| key.to_owned()),
        );
        let mut sources = Vec::new();
        files(&root.join("src/pages"), &mut sources);
        files(&root.join("templates"), &mut sources);
        sources.push(root.join("src/scene.rs"));
        for source in sources {
            let text = std::fs::read_to_string(&source).unwrap();
            for call in ["say(\"", "say_of(\"", "say_with(\"", "both(\""] {
                for rest in text.split(call).skip(1) {
                    let key = rest.split('"').next().unwrap();
                    if key.contains(['{', '\\']) || key.is_empty() {
                        continue;
                    }
                    assert!(known.contains(key), "{key} in {}", source.display());
                }
            }
        }
    }
}
