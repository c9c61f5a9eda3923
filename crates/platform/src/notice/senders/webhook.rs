//! A webhook of anybody's. Signed as Standard Webhooks says (github.com/standard-webhooks/standard-webhooks,
//! spec/standard-webhooks.md), for which there are libraries in most languages:
//!
//! ```text
//! POST …
//! content-type: application/json; charset=utf-8
//! webhook-id: notice/01890a5d-ac96-774b-bcce-b302099a8057     the same for every try
//! webhook-timestamp: 1700000000                               seconds, of this try
//! webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=
//!
//! {"type": "notice", "timestamp": "2026-06-30T08:00:00Z", "data": {"to": "…", "subject": {…}, "body": {…}}}
//! ```
//!
//! The signature is Base64 of HMAC-SHA-256 over `id.timestamp.body`; the key is the secret, Base64 with or
//! without `whsec_` in front, of 24 to 64 bytes. Any status from 200 to 299 says that it was taken. A receiver
//! refuses timestamps that are far from its own clock, and ids that it has seen.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::http::Client;
use super::robot::sign;
use super::secret::{Secret, Source};
use super::{ChannelError, Surroundings};
use crate::clock::Clock;
use crate::notice::{Letter, SendError, Sender};

pub(super) const KEYS: &[&str] = &["url", "secret", "authority", "timeout_seconds"];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    url: String,
    secret: Source,
    authority: Option<PathBuf>,
    timeout_seconds: Option<u64>,
}

/// Sends to a webhook.
pub struct Webhook {
    client: Client,
    key: Vec<u8>,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    pub(super) fn open(
        settings: &Settings,
        around: &Surroundings<'_>,
    ) -> Result<Self, ChannelError> {
        let secret = settings.secret.read(around.folder)?;
        Ok(Self {
            client: Client::new(
                &settings.url,
                around.folder,
                settings.authority.as_ref(),
                settings.timeout_seconds,
            )?,
            key: key(&secret)?,
            clock: Arc::clone(&around.clock),
        })
    }
}

fn key(secret: &Secret) -> Result<Vec<u8>, ChannelError> {
    let text = secret.expose();
    let text = text.strip_prefix("whsec_").unwrap_or(text);
    match BASE64_STANDARD.decode(text) {
        Ok(key) if (24..=64).contains(&key.len()) => Ok(key),
        _ => Err(ChannelError::new(
            "密钥应为 24 至 64 字节的 Base64",
            "the secret should be Base64 of 24 to 64 bytes",
        )),
    }
}

/// The signature of a body.
fn signature(key: &[u8], id: &str, seconds: i64, body: &str) -> String {
    format!(
        "v1,{}",
        sign(key, format!("{id}.{seconds}.{body}").as_bytes())
    )
}

impl Sender for Webhook {
    fn send(&self, key: &str, letter: &Letter) -> Result<(), SendError> {
        let now = self.clock.now();
        let body = json!({
            "type": "notice",
            "timestamp": now.to_string(),
            "data": {
                "to": letter.to.to_string(),
                "subject": letter.subject,
                "body": letter.body,
            },
        })
        .to_string();
        let seconds = now.as_second();
        let headers = [
            ("webhook-id", key.to_owned()),
            ("webhook-timestamp", seconds.to_string()),
            (
                "webhook-signature",
                signature(&self.key, key, seconds, &body),
            ),
        ];
        self.client
            .post(&[], &headers, body.as_bytes(), now)?
            .taken()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac`.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(
            signature(
                &key(&secret).unwrap(),
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                "{\"test\": 2432232314}"
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_that_is_too_short_is_refused_without_being_told() {
        let error = key(&Secret::new("c2hvcnQ=")).unwrap_err();
        assert!(!error.to_string().contains("c2hvcnQ"));
    }
}
