//! A group robot of DingTalk (钉钉自定义机器人). Format, signature and limits: open.dingtalk.com,
//! document/orgapp/custom-robot-access and customize-robot-security-settings; codes: “全局错误码”.
//!
//! Signed by its secret: `sign` is Base64 of HMAC-SHA-256 with the secret as key over
//! `timestamp + "\n" + secret`, the timestamp in milliseconds and within an hour; both go into the query.
//! More than 20 messages a minute are refused for ten minutes (code 130101, formerly 410100).

use jiff::SignedDuration;
use serde_json::json;

use super::robot::{Codes, Robot, judge, sign, text};
use super::secret::Secret;
use super::{ChannelError, Surroundings};
use crate::notice::{Letter, SendError, Sender};

pub(super) use super::robot::{KEYS, Settings};

/// Bytes of a text; a whole message may have 20,000.
const MOST: usize = 15_000;

/// -1: the system is busy; 130101, 410100: too often.
const CODES: Codes = Codes {
    names: &["errcode"],
    again: &[-1, 130_101, 410_100],
    pause: SignedDuration::from_mins(10),
};

/// Sends to a group of DingTalk.
pub struct DingTalk(Robot);

impl DingTalk {
    pub(super) fn open(
        settings: &Settings,
        around: &Surroundings<'_>,
    ) -> Result<Self, ChannelError> {
        Robot::open(settings, around).map(Self)
    }
}

/// The signature of a request at `millis`.
fn signature(secret: &Secret, millis: i64) -> String {
    let secret = secret.expose();
    sign(secret.as_bytes(), format!("{millis}\n{secret}").as_bytes())
}

impl Sender for DingTalk {
    fn send(&self, key: &str, letter: &Letter) -> Result<(), SendError> {
        let content = text(key, letter, self.0.language, MOST);
        let body = json!({"msgtype": "text", "text": {"content": content}}).to_string();
        let now = self.0.clock.now();
        let query: Vec<(&str, String)> = match &self.0.secret {
            Some(secret) => {
                let millis = now.as_millisecond();
                vec![
                    ("timestamp", millis.to_string()),
                    ("sign", signature(secret, millis)),
                ]
            }
            None => Vec::new(),
        };
        let answer = self.0.client.post(&query, &[], body.as_bytes(), now)?;
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
            signature(&Secret::new("this is secret"), 1_700_000_000_000),
            "sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0="
        );
    }
}
