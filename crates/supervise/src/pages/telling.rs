//! What is told of a doubt to whoever may see doubts: its sentence, unless it rests on a register that nobody may read.
//! The officers of its case are told what the rule found.

use std::collections::BTreeSet;
use std::sync::Arc;

use kandeng_platform::Language;
use kandeng_platform::api::Both;
use kandeng_platform::page::{Problem, Site, Words};

use super::words::{pick, words};
use crate::filing::Filing;
use crate::register::Confided;
use crate::scene::Supervise;

/// Tells sentences of doubts in one language.
pub(crate) struct Telling {
    words: Words,
    filing: Arc<Filing>,
    confided: Confided,
}

impl Telling {
    pub fn new(site: &Site, scene: &Supervise, words: Words) -> Result<Self, Problem> {
        Ok(Self {
            words,
            filing: scene.newest(site)?.filing,
            confided: scene.confided(site)?,
        })
    }

    /// Whether what a rule finds is told to the officers of a case alone.
    pub fn is_confided(&self, rule: &str) -> bool {
        self.confided.registers_of(rule).is_some()
    }

    /// The sentence of a rule's finding; instead of what a register shows, which registers it was compared with.
    pub fn says(&self, rule: &str, sentence: String) -> String {
        match self.confided.registers_of(rule) {
            Some(registers) => self.held_back(registers),
            None => sentence,
        }
    }

    fn held_back(&self, registers: &BTreeSet<String>) -> String {
        let said = registers.iter().filter(|register| !register.is_empty());
        let names = said.map(|register| {
            let sheets = self.filing.registers.iter();
            let sheet = sheets.clone().find(|sheet| sheet.table == *register);
            sheet.map_or(&**register, |sheet| pick(self.words, &sheet.zh, &sheet.en))
        });
        let names: Vec<&str> = names.collect();
        if names.is_empty() {
            return self.words.say("doubt-from-some-register");
        }
        let names = names.join(pick(self.words, "、", ", "));
        self.words.say_of("doubt-from-register", &names)
    }
}

/// Tells sentences of doubts in both languages, as programs are told.
pub(crate) struct InBoth {
    zh: Telling,
    en: Telling,
    in_case: bool,
}

impl InBoth {
    pub fn new(site: &Site, scene: &Supervise) -> Result<Self, Problem> {
        Ok(Self {
            zh: Telling::new(site, scene, words(Language::Zh))?,
            en: Telling::new(site, scene, words(Language::En))?,
            in_case: false,
        })
    }

    /// To the officers of a case.
    pub fn in_case(self, in_case: bool) -> Self {
        Self { in_case, ..self }
    }

    /// Whether what a rule finds is not told here.
    pub fn is_confided(&self, rule: &str) -> bool {
        !self.in_case && self.zh.is_confided(rule)
    }

    /// The sentence of a rule's finding.
    pub fn says(&self, rule: &str, zh: &str, en: &str) -> Both {
        let (zh, en) = (zh.to_owned(), en.to_owned());
        if self.is_confided(rule) {
            Both {
                zh: self.zh.says(rule, zh),
                en: self.en.says(rule, en),
            }
        } else {
            Both { zh, en }
        }
    }
}
