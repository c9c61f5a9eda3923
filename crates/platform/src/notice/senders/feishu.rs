//! A group robot of Feishu (飞书自定义机器人). Format, signature, limits and codes: open.feishu.cn,
//! document/client-docs/bot-v3/add-custom-bot; limits also document/server-docs/api-call-guide/frequency-control.
//!
//! Signed by its secret: `sign` is Base64 of HMAC-SHA-256 with `timestamp + "\n" + secret` as key over
//! nothing, the timestamp in seconds and within an hour; both go into the body, which has at most 20 KB. More
//! than 100 messages a minute or 5 a second are refused with code 11232, or, by the gateway, 99991400.

use jiff::SignedDuration;
use serde_json::json;

use super::robot::{Codes, Robot, judge, sign, text};
use super::secret::Secret;
use super::{ChannelError, Surroundings};
use crate::notice::{Letter, SendError, Sender};

pub(super) use super::robot::{KEYS, Settings};

/// Bytes of a text, so that the whole body stays below 20 KB.
const MOST: usize = 9_000;

/// 11232, 99991400: too often.
const CODES: Codes = Codes {
    // Answers of the first version say `StatusCode`.
    names: &["code", "StatusCode"],
    again: &[11_232, 99_991_400],
    pause: SignedDuration::from_secs(60),
};

/// Sends to a group of Feishu.
pub struct Feishu(Robot);

impl Feishu {
    pub(super) fn open(
        settings: &Settings,
        around: &Surroundings<'_>,
    ) -> Result<Self, ChannelError> {
        Robot::open(settings, around).map(Self)
    }
}

/// The signature of a request at `seconds`.
fn signature(secret: &Secret, seconds: i64) -> String {
    sign(format!("{seconds}\n{}", secret.expose()).as_bytes(), b"")
}

impl Sender for Feishu {
    fn send(&self, key: &str, letter: &Letter) -> Result<(), SendError> {
        let content = text(key, letter, self.0.language, MOST);
        let mut body = json!({"msg_type": "text", "content": {"text": content}});
        let now = self.0.clock.now();
        if let Some(secret) = &self.0.secret {
            let seconds = now.as_second();
            body["timestamp"] = seconds.to_string().into();
            body["sign"] = signature(secret, seconds).into();
        }
        let body = body.to_string();
        let answer = self.0.client.post(&[], &[], body.as_bytes(), now)?;
        judge(&answer, &CODES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `hmac`, as the vendor's page shows it.
    #[test]
    fn the_signature_is_the_vendors() {
        assert_eq!(
            signature(&Secret::new("this is secret"), 1_700_000_000),
            "OfGzRzoUICBOoc8wVra1e4A1hPfbZ9zqXozA8CWVUuY="
        );
    }
}
