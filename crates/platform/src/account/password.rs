//! Passwords: which are taken, and how they are kept.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::context::Refusal;

/// Memory in KiB, passes and lanes: the first of the equal choices of OWASP's Password Storage Cheat Sheet.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// The fewest and most characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 12..=200;

/// Beginnings and middles of what people choose first; a password that is little more than one of them is none.
const COMMON: &[&str] = &[
    "password", "qwerty", "asdfgh", "zxcvbn", "123456", "654321", "111111", "000000", "888888",
    "666666", "abcdef", "abc123", "iloveyou", "woaini", "admin", "welcome", "letmein", "kandeng",
    "5201314", "1314520", "a1b2c3",
];

fn argon2() -> Argon2<'static> {
    // Cannot fail: the numbers are within what the algorithm takes.
    let params = Params::new(COST.0, COST.1, COST.2, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Whether a password may be used by whoever signs in as `login`.
///
/// # Errors
/// Why not, and what to do.
pub(super) fn acceptable(password: &str, login: &str) -> Result<(), Refusal> {
    let length = password.chars().count();
    if !LENGTHS.contains(&length) {
        return Err(Refusal::new(
            "password-length",
            format!(
                "密码须有 {} 至 {} 个字符;一句好记的话就很好",
                LENGTHS.start(),
                LENGTHS.end()
            ),
            format!(
                "a password has {} to {} characters; a sentence that you remember is a good one",
                LENGTHS.start(),
                LENGTHS.end()
            ),
        ));
    }
    let plain = password.to_lowercase();
    let login = login.trim().to_lowercase();
    let mut rest = plain.clone();
    for word in COMMON.iter().copied().chain([login.as_str()]) {
        if !word.is_empty() {
            rest = rest.replace(word, "");
        }
    }
    let mut letters: Vec<char> = rest.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < 6 {
        return Err(Refusal::new(
            "password-common",
            "这个密码太容易猜到(常见的词、登录名,或反复的几个字符),请换一个",
            "this password is guessed too easily: common words, your login, or few characters repeated; take another",
        ));
    }
    Ok(())
}

/// The hash that is kept, as a PHC string with a salt of its own; nothing when the machine gives no randomness.
pub(super) fn hash(password: &str) -> Option<String> {
    let hashed = argon2().hash_password(password.as_bytes()).ok()?;
    Some(hashed.to_string())
}

/// Whether it is the password of that hash. Takes as long when there is none, so that nobody learns from the time
/// whether a login exists.
pub(super) fn is_right(password: &str, hash: Option<&str>) -> bool {
    match hash.and_then(|hash| PasswordHash::new(hash).ok()) {
        Some(kept) => argon2().verify_password(password.as_bytes(), &kept).is_ok(),
        None => {
            let _ = argon2().hash_password_with_salt(password.as_bytes(), &[7; 16]);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_right_for_its_own_hash_alone() {
        let kept = hash("早看窗帘晚看灯-2026").unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(is_right("早看窗帘晚看灯-2026", Some(&kept)));
        assert!(!is_right("早看窗帘晚看灯-2025", Some(&kept)));
        assert!(!is_right("早看窗帘晚看灯-2026", None));
        assert!(!is_right("x", Some("no hash")));
        // With a salt of its own each time.
        assert_ne!(hash("早看窗帘晚看灯-2026").unwrap(), kept);
    }

    #[test]
    fn what_is_guessed_first_is_not_taken() {
        for poor in [
            "short",
            "password1234",
            "Password1234!",
            "123456123456",
            "aaaaaaaaaaaaaaaa",
            "wang.guixiang1",
            "qwerty123456",
        ] {
            assert!(acceptable(poor, "wang.guixiang").is_err(), "{poor}");
        }
        for good in [
            "早看窗帘晚看灯,一天也不落下",
            "correct horse battery staple",
        ] {
            assert!(acceptable(good, "wang.guixiang").is_ok(), "{good}");
        }
        assert!(acceptable(&"长".repeat(201), "x").is_err());
    }
}
