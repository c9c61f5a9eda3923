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
            None => readable(&sentence),
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

/// A sentence with a short mark for each hash of a number: enough to tell two accounts apart, and nothing that anybody
/// would read out.
pub(crate) fn readable(sentence: &str) -> String {
    const KEY: usize = 8;
    const HASH: usize = 32;
    const SHOWN: usize = 6;
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let bytes = sentence.as_bytes();
    let mut shown = String::with_capacity(sentence.len());
    let mut from = 0;
    for (colon, _) in sentence.match_indices(':') {
        let (Some(start), end) = (colon.checked_sub(KEY), colon + 1 + HASH) else {
            continue;
        };
        let is_hash = start >= from
            && bytes[start..colon].iter().all(is_hex)
            && bytes
                .get(colon + 1..end)
                .is_some_and(|hash| hash.iter().all(is_hex))
            && !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        if is_hash {
            shown.push_str(&sentence[from..start]);
            shown.push('#');
            shown.push_str(&sentence[colon + 1..colon + 1 + SHOWN]);
            from = end;
        }
    }
    shown.push_str(&sentence[from..]);
    shown
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
        if self.is_confided(rule) {
            Both {
                zh: self.zh.says(rule, zh.to_owned()),
                en: self.en.says(rule, en.to_owned()),
            }
        } else {
            Both {
                zh: readable(zh),
                en: readable(en),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn a_hash_of_a_number_is_told_by_its_first_letters() {
        let one = "9f7656e2:002f6d66147e7178d9dd493146d18c29";
        let other = "9f7656e2:1a2b3c66147e7178d9dd493146d18c29";
        let told = readable(&format!("账户 {one} 与 {other} 同户:12:30"));
        assert_eq!(told, "账户 #002f6d 与 #1a2b3c 同户:12:30");
        for other in [
            "",
            ":",
            "比对:一致",
            &one[..40],
            "比对比对:002f6d66147e7178d9dd493146d18c29",
        ] {
            assert_eq!(readable(other), other);
        }
    }
}
