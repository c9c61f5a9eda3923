//! How alike two names are: the Jaccard index of their padded character trigrams.
//! Pure: knows no table and no engine.

use unicode_normalization::UnicodeNormalization;

/// The distinct trigrams of one text, sorted.
///
/// The text is taken in NFKC and lower case without spaces, with two marks set before it and one
/// after, so that a text of n characters has n + 1 trigrams and beginnings weigh more than ends.
#[derive(Debug, Default, Clone)]
pub struct Trigrams {
    sorted: Vec<u64>,
}

/// Stands before and after a text; 21 bits hold any character, so no character has this value.
const MARK: u64 = 0x1f_ffff;

impl Trigrams {
    /// The trigrams of `text`.
    pub fn of(text: &str) -> Self {
        let mut trigrams = Self::default();
        trigrams.read(text);
        trigrams
    }

    /// Forgets what it held and takes the trigrams of `text`.
    pub fn read(&mut self, text: &str) {
        self.sorted.clear();
        let mut last = (MARK << 21) | MARK;
        let mut push = |character: u64| {
            let trigram = ((last << 21) | character) & 0x7fff_ffff_ffff_ffff;
            self.sorted.push(trigram);
            last = trigram;
        };
        for character in text.nfkc().filter(|character| !character.is_whitespace()) {
            for lower in character.to_lowercase() {
                push(u64::from(u32::from(lower)));
            }
        }
        push(MARK);
        self.sorted.sort_unstable();
        self.sorted.dedup();
    }

    /// |A ∩ B| ÷ |A ∪ B|: 1 for texts that are the same but for case, width and spaces.
    pub fn similarity(&self, other: &Self) -> f64 {
        let (mut mine, mut theirs) = (
            self.sorted.iter().peekable(),
            other.sorted.iter().peekable(),
        );
        let mut shared = 0usize;
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            match a.cmp(b) {
                std::cmp::Ordering::Less => {
                    mine.next();
                }
                std::cmp::Ordering::Greater => {
                    theirs.next();
                }
                std::cmp::Ordering::Equal => {
                    shared += 1;
                    mine.next();
                    theirs.next();
                }
            }
        }
        shared as f64 / (self.sorted.len() + other.sorted.len() - shared) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn similarity(a: &str, b: &str) -> f64 {
        Trigrams::of(a).similarity(&Trigrams::of(b))
    }

    #[test]
    fn four_characters_with_the_last_changed_share_three_of_seven_trigrams() {
        // ##道 #道路 道路硬 | 路硬化 硬化# against 路硬底 硬底#
        assert!((similarity("道路硬化", "道路硬底") - 3.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn case_width_and_spaces_make_no_difference() {
        assert!((similarity("Ａ 区道路", "a区道路") - 1.0).abs() < 1e-12);
    }

    #[test]
    fn texts_without_a_common_trigram_have_similarity_zero() {
        assert!(similarity("蓄水池", "文化广场").abs() < 1e-12);
        assert!(similarity("", "文化广场").abs() < 1e-12);
        assert!((similarity("", "") - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_and_within_zero_and_one(a in "[一-三a-c ]{0,12}", b in "[一-三a-c ]{0,12}") {
            let forth = similarity(&a, &b);
            prop_assert!((0.0..=1.0).contains(&forth));
            prop_assert!((forth - similarity(&b, &a)).abs() < 1e-15);
        }

        #[test]
        fn equal_texts_have_similarity_one(a in any::<String>()) {
            prop_assert!((similarity(&a, &a) - 1.0).abs() < 1e-15);
        }
    }
}
