//! What the group robots of WeCom, DingTalk and Feishu have in common: a text message, and an answer whose
//! status is mostly 200 and whose code says what came of it.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

use super::http::{Answer, Client};
use super::secret::{Secret, Source};
use super::{ChannelError, Surroundings};
use crate::clock::Clock;
use crate::context::Language;
use crate::notice::{Letter, SendError};

/// The keys of [`Settings`].
pub(super) const KEYS: &[&str] = &["url", "secret", "language", "authority", "timeout_seconds"];

/// The settings of a robot whose messages may be signed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    url: Source,
    secret: Option<Source>,
    #[serde(default)]
    language: Language,
    authority: Option<PathBuf>,
    timeout_seconds: Option<u64>,
}

/// A robot whose messages may be signed.
pub(super) struct Robot {
    pub client: Client,
    pub secret: Option<Secret>,
    pub language: Language,
    pub clock: Arc<dyn Clock>,
}

impl Robot {
    pub(super) fn open(
        settings: &Settings,
        around: &Surroundings<'_>,
    ) -> Result<Self, ChannelError> {
        let address = settings.url.read(around.folder)?;
        let secret = settings.secret.as_ref();
        Ok(Self {
            client: Client::new(
                address.expose(),
                around.folder,
                settings.authority.as_ref(),
                settings.timeout_seconds,
            )?,
            secret: secret
                .map(|source| source.read(around.folder))
                .transpose()?,
            language: settings.language,
            clock: Arc::clone(&around.clock),
        })
    }
}

/// How a vendor's answers are read.
pub(super) struct Codes {
    /// The names that the code stands under, newest first.
    pub names: &'static [&'static str],
    /// Codes that say: not now.
    pub again: &'static [i64],
    /// How long the vendor wants to be left alone then.
    pub pause: SignedDuration,
}

/// The message: subject, body, and the last digits of the notice's id, by which a person tells a double. Not
/// longer than `most` bytes.
pub(super) fn text(key: &str, letter: &Letter, language: Language, most: usize) -> String {
    let id = key.get(key.len().saturating_sub(8)..).unwrap_or(key);
    let end = match language {
        Language::Zh => format!("\n(编号 {id})"),
        Language::En => format!("\n(no. {id})"),
    };
    let mut text = letter.subject.of(language).to_owned();
    let body = letter.body.of(language);
    if !body.is_empty() {
        text.push('\n');
        text.push_str(body);
    }
    let room = most.saturating_sub(end.len());
    if text.len() > room {
        let mut cut = room.saturating_sub('…'.len_utf8());
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        text.truncate(cut);
        text.push('…');
    }
    text + &end
}

/// What the answer says.
pub(super) fn judge(answer: &Answer, codes: &Codes) -> Result<(), SendError> {
    let said: Option<Value> = answer
        .body
        .as_ref()
        .and_then(|body| serde_json::from_slice(body).ok());
    let code = said.as_ref().and_then(|said| {
        let found = codes.names.iter().find_map(|name| said.get(*name));
        found.and_then(Value::as_i64)
    });
    match code {
        Some(0) => answer.taken(),
        Some(code) if codes.again.contains(&code) => Err(SendError::again(
            format!("机器人暂不受理(代码 {code})"),
            format!("the robot does not take it now (code {code})"),
        )
        .after(Some(answer.after().unwrap_or(codes.pause)))),
        Some(code) => match answer.taken() {
            Err(busy) if !busy.for_good => Err(busy),
            _ => Err(SendError::for_good(
                format!("机器人拒收(代码 {code})"),
                format!("the robot refuses it (code {code})"),
            )),
        },
        // It may have been taken: it is sent again rather than lost.
        None => answer.taken().and_then(|()| {
            Err(SendError::again(
                "机器人的答复不完整",
                "the robot's answer is not complete",
            ))
        }),
    }
}

/// HMAC-SHA-256 in Base64.
pub(super) fn sign(key: &[u8], message: &[u8]) -> String {
    // Cannot fail: HMAC takes keys of every length.
    let Ok(mut hash) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    hash.update(message);
    BASE64_STANDARD.encode(hash.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::context::Text;

    #[test]
    fn a_long_message_is_cut_between_characters_and_keeps_its_number() {
        let letter = Letter {
            to: Uuid::nil(),
            channel: "duty".to_owned(),
            subject: Text::new("办件逾期", "A case"),
            body: Text::new("请处理".repeat(1_000), "x".repeat(5_000)),
        };
        for most in 60..160 {
            for language in [Language::Zh, Language::En] {
                let text = text("notice/0190-89abcdef", &letter, language, most);
                assert!(
                    text.len() <= most && text.len() > most - 4,
                    "{} {most}",
                    text.len()
                );
                assert!(text.contains("89abcdef") && text.contains('…'));
            }
        }
    }
}
