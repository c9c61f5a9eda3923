//! Letters as Chinese keyboards write them, and as they are compared.

/// A letter of full width as the other: from `！` to `～` they stand in the order of those from `!` to `~` (Unicode, U+FF01
/// to U+FF5E).
pub(crate) fn half(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    }
}
