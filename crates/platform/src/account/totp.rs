//! One-time codes (RFC 6238), as applications on phones make them.

use jiff::Timestamp;
use totp_rs::{Builder, Secret, Totp};

/// What a one-time code's application shows beside the code.
const ISSUER: &str = "Kandeng";

/// The secret of one-time codes, before it is accepted.
pub struct TotpSecret(Totp);

impl TotpSecret {
    /// The secret that was written down; nothing where it is none.
    pub fn of(base32: &str, login: &str) -> Option<Self> {
        let secret = Secret::try_from_base32(base32).ok()?;
        let name: String = login.chars().filter(|c| *c != ':').collect();
        let totp = Builder::new()
            .with_secret(secret)
            .with_account_name(name)
            .with_issuer(Some(ISSUER))
            .build();
        totp.ok().map(Self)
    }

    /// For typing it into an application.
    pub fn base32(&self) -> String {
        self.0.secret().to_base32()
    }

    /// For an application that reads a picture: `otpauth://…`.
    pub fn url(&self) -> Option<String> {
        self.0.to_url().ok()
    }

    /// The code of a moment.
    pub fn code(&self, at: Timestamp) -> String {
        self.0.generate(seconds(at)).to_string()
    }

    /// The step of 30 seconds whose code it is, near a moment; nothing for a wrong one.
    pub(super) fn step(&self, code: &str, at: Timestamp) -> Option<u64> {
        self.0.check(code, seconds(at))
    }
}

fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_second()).unwrap_or(0)
}
