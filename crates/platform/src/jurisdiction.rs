//! The tree of divisions: province, city, county, township, village, by code. A code begins with the code of
//! what it lies in (GB/T 2260 to the county, the statistical division codes below it).

/// How many digits a code has at each level, from the province down.
pub const LEVELS: [usize; 5] = [2, 4, 6, 9, 12];

/// Whether `code` is the code of some level.
pub fn is_code(code: &str) -> bool {
    LEVELS.contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `inner` is `outer` or lies in it.
///
/// ```
/// use kandeng_platform::jurisdiction::contains;
/// assert!(contains("990101", "990101003001"));
/// assert!(contains("990101", "990101"));
/// assert!(!contains("990101003", "990101"));
/// assert!(!contains("", "990101"));
/// ```
pub fn contains(outer: &str, inner: &str) -> bool {
    is_code(outer) && is_code(inner) && inner.starts_with(outer)
}

/// The codes of everything that `code` lies in, itself first, the province last.
///
/// ```
/// use kandeng_platform::jurisdiction::ancestors;
/// let above: Vec<&str> = ancestors("990101003").collect();
/// assert_eq!(above, ["990101003", "990101", "9901", "99"]);
/// ```
pub fn ancestors(code: &str) -> impl Iterator<Item = &str> {
    let digits = if is_code(code) { code.len() } else { 0 };
    LEVELS
        .into_iter()
        .rev()
        .filter(move |level| *level <= digits)
        .map(move |level| &code[..level])
}
