//! The words of the server's own pages.

use fluent_templates::{StaticLoader, static_loader};
use kandeng_platform::Language;
use kandeng_platform::page::Words;

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    fn keys(text: &str) -> BTreeSet<&str> {
        text.lines()
            .filter(|line| !line.starts_with([' ', '#', '}']))
            .filter_map(|line| line.split_once(" =").map(|(key, _)| key))
            .collect()
    }

    const ZH: [&str; 2] = [
        include_str!("../locales/zh-CN/server.ftl"),
        include_str!("../../platform/locales/zh-CN/pages.ftl"),
    ];
    const EN: [&str; 2] = [
        include_str!("../locales/en/server.ftl"),
        include_str!("../../platform/locales/en/pages.ftl"),
    ];

    #[test]
    fn every_text_exists_in_both_languages() {
        for (zh, en) in ZH.into_iter().zip(EN) {
            assert_eq!(keys(zh), keys(en));
            assert!(keys(zh).len() > 20);
        }
    }

    #[test]
    fn every_key_that_a_page_asks_for_exists_and_none_is_idle() {
        let known: BTreeSet<&str> = EN.into_iter().flat_map(keys).collect();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut asked = BTreeSet::new();
        let folders = [
            "src",
            "templates",
            "../platform/templates",
            "../platform/src/page",
        ];
        let mut folders: Vec<_> = folders.iter().map(|folder| root.join(folder)).collect();
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(path).unwrap();
                for call in ["say(\"", "say_of(\"", "say_with(\""] {
                    for rest in text.split(call).skip(1) {
                        asked.insert(rest.split('"').next().unwrap().to_owned());
                    }
                }
            }
        }
        for key in asked.iter().filter(|key| !key.contains('{')) {
            assert!(known.contains(key.as_str()), "{key}");
        }
        let idle: Vec<&&str> = known
            .iter()
            // Of families that are asked for by a name within.
            .filter(|key| {
                let families = ["problem-", "account-", "thing-", "done-", "scope-"];
                !families.iter().any(|family| key.starts_with(family))
            })
            .filter(|key| !asked.contains(**key))
            .collect();
        assert!(idle.is_empty(), "{idle:?}");
    }
}
