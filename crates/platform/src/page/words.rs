//! The words of pages, in the language that a person reads.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, StaticLoader, langid, static_loader};

use crate::context::{Language, Text};

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "zh-CN",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// Texts that were said, by loader and language: a page says the same ones for every line. No more than there are
/// keys, since what has no text is not kept.
static SAID: LazyLock<RwLock<Said>> = LazyLock::new(RwLock::default);

type Said = HashMap<(usize, Language), HashMap<String, String>>;

static ZH: LanguageIdentifier = langid!("zh-CN");
static EN: LanguageIdentifier = langid!("en");

/// Gives the texts of a crate's locale files, or else of the platform's.
#[derive(Clone, Copy)]
pub struct Words {
    /// What the person reads.
    pub language: Language,
    own: &'static StaticLoader,
}

impl Words {
    /// The platform's own.
    pub fn new(language: Language) -> Self {
        Self::of_crate(language, &LOCALES)
    }

    /// Those of a crate.
    pub fn of_crate(language: Language, own: &'static StaticLoader) -> Self {
        Self { language, own }
    }

    fn id(self) -> &'static LanguageIdentifier {
        match self.language {
            Language::Zh => &ZH,
            Language::En => &EN,
        }
    }

    /// What `lang` says in HTML.
    pub fn tag(self) -> &'static str {
        match self.language {
            Language::Zh => "zh-CN",
            Language::En => "en",
        }
    }

    /// The other language: what it calls itself, and how it is named in addresses.
    pub fn other(self) -> (&'static str, &'static str) {
        match self.language {
            Language::Zh => ("English", "en"),
            Language::En => ("中文", "zh"),
        }
    }

    /// The text of that key, if there is one.
    pub fn known(self, key: &str) -> Option<String> {
        let of = (std::ptr::from_ref(self.own) as usize, self.language);
        let said = SAID.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = said.get(&of).and_then(|said| said.get(key)) {
            return Some(text.clone());
        }
        drop(said);
        let id = self.id();
        let found = self.own.try_lookup(id, key);
        let text = found.or_else(|| LOCALES.try_lookup(id, key))?;
        let mut said = SAID.write().unwrap_or_else(PoisonError::into_inner);
        let said = said.entry(of).or_default();
        said.insert(key.to_owned(), text.clone());
        Some(text)
    }

    /// The text of that key; the key itself where there is none, which a test keeps from happening.
    pub fn say(self, key: &str) -> String {
        self.known(key).unwrap_or_else(|| key.to_owned())
    }

    /// The same with values in it.
    pub fn say_with(self, key: &str, values: &[(&'static str, String)]) -> String {
        let values: HashMap<Cow<'static, str>, FluentValue<'_>> = values
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), written(value)))
            .collect();
        let id = self.id();
        let found = self.own.try_lookup_with_args(id, key, &values);
        let found = found.or_else(|| LOCALES.try_lookup_with_args(id, key, &values));
        found.unwrap_or_else(|| key.to_owned())
    }

    /// The same with one value in it, called `value`.
    pub fn say_of(self, key: &str, value: &str) -> String {
        self.say_with(key, &[("value", value.to_owned())])
    }

    /// One of the two.
    pub fn of(self, text: &Text) -> &str {
        text.of(self.language)
    }
}

/// A value of a text. One is a number there, so that a text may say it in the singular (`[1] 1 day`); it is written as it
/// came all the same.
fn written(value: &str) -> FluentValue<'_> {
    match value {
        "1" => FluentValue::from(1),
        other => FluentValue::from(other),
    }
}
