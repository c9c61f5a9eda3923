//! Strings into small numbers: each different one is kept once, in order of first sight.

use ahash::RandomState;

/// No string.
pub(super) const NONE: u32 = u32::MAX;

/// A table of different strings. Open addressing over one arena: no allocation for each string.
pub(super) struct Interner {
    texts: Texts,
    hashes: Vec<u32>,
    /// Number of a string plus one; 0 where free. Length is a power of two.
    slots: Vec<u32>,
    hasher: RandomState,
    /// Numbers, plus one, of strings looked up lately, by length and first byte.
    recent: [u32; 64],
}

impl Interner {
    pub(super) fn new() -> Self {
        Self {
            texts: Texts::default(),
            hashes: Vec::new(),
            slots: vec![0; 64],
            hasher: RandomState::new(),
            recent: [0; 64],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The string of that number.
    pub(super) fn get(&self, number: u32) -> &str {
        self.texts.get(number)
    }

    /// The string of that number, `None` for [`NONE`].
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        self.texts.text(number)
    }

    /// The number of `text`, if it was seen before.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.look_up(text, self.hasher.hash_one(text) as u32).ok()
    }

    /// The number of `text`, or the free slot where it belongs.
    fn look_up(&self, text: &str, hash: u32) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let held = self.slots[slot];
            if held == 0 {
                return Err(slot);
            }
            let number = held - 1;
            if self.hashes[number as usize] == hash && self.get(number) == text {
                return Ok(number);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The number of `text`, given anew when it was not seen before.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text) as u32;
        let slot = match self.look_up(text, hash) {
            Ok(number) => return number,
            Err(slot) => slot,
        };
        let number = self.texts.push(text);
        self.hashes.push(hash);
        self.slots[slot] = number + 1;
        if self.hashes.len() * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    /// The same for words of which there are few: mostly without hashing.
    pub(super) fn word(&mut self, text: &str) -> u32 {
        let first = text.as_bytes().first().map_or(0, |byte| *byte as usize);
        let place = (first + text.len()) % self.recent.len();
        let recent = self.recent[place];
        if recent > 0 && self.get(recent - 1) == text {
            return recent - 1;
        }
        let number = self.number(text);
        self.recent[place] = number + 1;
        number
    }

    fn grow(&mut self) {
        let mask = self.slots.len() * 2 - 1;
        self.slots.clear();
        self.slots.resize(mask + 1, 0);
        for (number, hash) in self.hashes.iter().enumerate() {
            let mut slot = *hash as usize & mask;
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = number as u32 + 1;
        }
    }
}

/// Strings that are nearly all different, in order; numbered like those of an [`Interner`].
#[derive(Default)]
pub(super) struct Texts {
    arena: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Keeps `text` and gives it the next number.
    pub(super) fn push(&mut self, text: &str) -> u32 {
        self.arena.push_str(text);
        self.ends.push(self.arena.len() as u32);
        self.ends.len() as u32 - 1
    }

    /// The string of that number.
    pub(super) fn get(&self, number: u32) -> &str {
        let index = number as usize;
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1] as usize,
        };
        &self.arena[start..self.ends[index] as usize]
    }

    /// The string of that number, `None` for [`NONE`].
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        (number != NONE).then(|| self.get(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_share_a_number_and_keep_their_order() {
        let mut interner = Interner::new();
        for round in 0..2 {
            for index in 0..1000 {
                let text = format!("org-{index}");
                assert_eq!(interner.number(&text), index, "round {round}");
                assert_eq!(interner.word(&text), index, "round {round}");
            }
        }
        assert_eq!(interner.len(), 1000);
        assert_eq!(interner.text(7), Some("org-7"));
        assert_eq!(interner.text(NONE), None);
    }
}
