//! A group robot of WeCom (企业微信群机器人). Format and limits: developer.work.weixin.qq.com,
//! document 91770 “群机器人配置说明”; codes: document 90313/90455 “全局错误码”.
//!
//! The robot's address holds its key, so the address is the secret. A text has at most 2,048 bytes; more than
//! 20 messages a minute are refused with code 45009.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;

use super::http::Client;
use super::robot::{Codes, judge, text};
use super::secret::Source;
use super::{ChannelError, Surroundings};
use crate::clock::Clock;
use crate::context::Language;
use crate::notice::{Letter, SendError, Sender};

pub(super) const KEYS: &[&str] = &["url", "language", "authority", "timeout_seconds"];

/// Bytes of a text.
const MOST: usize = 2_048;

/// -1: the system is busy; 6000: somebody else writes the same; 45009, 45033: too often.
const CODES: Codes = Codes {
    names: &["errcode"],
    again: &[-1, 6_000, 45_009, 45_033],
    pause: SignedDuration::from_secs(60),
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    url: Source,
    #[serde(default)]
    language: Language,
    authority: Option<PathBuf>,
    timeout_seconds: Option<u64>,
}

/// Sends to a group of WeCom.
pub struct WeCom {
    client: Client,
    language: Language,
    clock: Arc<dyn Clock>,
}

impl WeCom {
    pub(super) fn open(
        settings: &Settings,
        around: &Surroundings<'_>,
    ) -> Result<Self, ChannelError> {
        let address = settings.url.read(around.folder)?;
        Ok(Self {
            client: Client::new(
                address.expose(),
                around.folder,
                settings.authority.as_ref(),
                settings.timeout_seconds,
            )?,
            language: settings.language,
            clock: Arc::clone(&around.clock),
        })
    }
}

impl Sender for WeCom {
    fn send(&self, key: &str, letter: &Letter) -> Result<(), SendError> {
        let content = text(key, letter, self.language, MOST);
        let body = json!({"msgtype": "text", "text": {"content": content}}).to_string();
        let answer = self
            .client
            .post(&[], &[], body.as_bytes(), self.clock.now())?;
        judge(&answer, &CODES)
    }
}
