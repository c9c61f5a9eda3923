//! The channels of a node: which senders there are and how each is set up. One file for each kind.
//!
//! ```toml
//! [log]
//! kind = "log"
//! file = "notices.jsonl"
//!
//! [duty]
//! kind = "wecom"
//! url = { file = "wecom-address" }
//!
//! [email]
//! kind = "email"
//! server = "mail.county.example"
//! security = "starttls"
//! from = "看灯 <kandeng@county.example>"
//! user = "kandeng"
//! password = { env = "KANDENG_MAIL_PASSWORD" }
//! addresses = "addresses.toml"
//! ```
//!
//! Secrets, and the addresses of group robots, which are secrets too, stand in files that nobody else may
//! read or in the environment; never in these settings, in an error or in a log.

mod dingtalk;
mod email;
mod feishu;
mod http;
mod log;
mod robot;
mod secret;
mod webhook;
mod wecom;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

pub use dingtalk::DingTalk;
pub use email::{AddressBook, Email};
pub use feishu::Feishu;
pub use log::Log;
pub use secret::{Secret, Source};
pub use webhook::Webhook;
pub use wecom::WeCom;

use super::Sender;
use crate::clock::Clock;
use crate::context::Text;

/// Channels that cannot be set up so. Says which, and what is wrong, without any secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.en)]
pub struct ChannelError(pub Text);

impl ChannelError {
    fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self(Text::new(zh, en))
    }

    fn of(self, channel: &str) -> Self {
        Self(Text::new(
            format!("通知渠道“{channel}”:{}", self.0.zh),
            format!("channel {channel:?}: {}", self.0.en),
        ))
    }
}

/// What the senders of a node share.
#[derive(Clone)]
pub struct Surroundings<'a> {
    /// The folder that relative paths start from.
    pub folder: &'a Path,
    /// Time, for signatures and for lines in the log.
    pub clock: Arc<dyn Clock>,
}

/// Channels by name: what [`crate::NewNotice::channel`] names.
#[derive(Clone, Debug, Default)]
pub struct Channels(BTreeMap<String, Channel>);

#[derive(Clone, Debug)]
enum Channel {
    Log(log::Settings),
    Webhook(webhook::Settings),
    Email(email::Settings),
    WeCom(wecom::Settings),
    DingTalk(dingtalk::Settings),
    Feishu(feishu::Settings),
}

/// What every kind is called in the settings, and what may be set.
const KINDS: &[(&str, &[&str])] = &[
    ("log", log::KEYS),
    ("webhook", webhook::KEYS),
    ("email", email::KEYS),
    ("wecom", wecom::KEYS),
    ("dingtalk", dingtalk::KEYS),
    ("feishu", feishu::KEYS),
];

impl Channels {
    /// Reads settings: a TOML table for each channel.
    ///
    /// # Errors
    /// What is wrong, in both languages: a key that is not known is an error, so that a slip of the pen does
    /// not silently leave something unset.
    pub fn parse(text: &str) -> Result<Self, ChannelError> {
        let table = text.parse::<toml::Table>().map_err(|error| {
            let problem = error.message();
            ChannelError::new(
                format!("不是 TOML:{problem}"),
                format!("no TOML: {problem}"),
            )
        })?;
        Self::from_table(table)
    }

    /// [`Channels::parse`] for settings that are part of others.
    ///
    /// # Errors
    /// As [`Channels::parse`].
    pub fn from_table(table: toml::Table) -> Result<Self, ChannelError> {
        let channels = table.into_iter().map(|(name, settings)| {
            let channel = channel(settings).map_err(|error| error.of(&name))?;
            Ok((name, channel))
        });
        channels.collect::<Result<_, _>>().map(Self)
    }

    /// The names of the channels.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Reads the secrets and makes the senders.
    ///
    /// # Errors
    /// When a secret cannot be read or an address is none.
    pub fn open(
        &self,
        surroundings: &Surroundings<'_>,
    ) -> Result<BTreeMap<String, Arc<dyn Sender>>, ChannelError> {
        let senders = self.0.iter().map(|(name, channel)| {
            let sender = channel.open(surroundings).map_err(|error| error.of(name))?;
            Ok((name.clone(), sender))
        });
        senders.collect()
    }
}

impl Channel {
    fn open(&self, around: &Surroundings<'_>) -> Result<Arc<dyn Sender>, ChannelError> {
        Ok(match self {
            Self::Log(settings) => Arc::new(Log::open(settings, around)),
            Self::Webhook(settings) => Arc::new(Webhook::open(settings, around)?),
            Self::Email(settings) => Arc::new(Email::open(settings, around)?),
            Self::WeCom(settings) => Arc::new(WeCom::open(settings, around)?),
            Self::DingTalk(settings) => Arc::new(DingTalk::open(settings, around)?),
            Self::Feishu(settings) => Arc::new(Feishu::open(settings, around)?),
        })
    }
}

fn channel(settings: toml::Value) -> Result<Channel, ChannelError> {
    let toml::Value::Table(mut settings) = settings else {
        return Err(ChannelError::new(
            "应为一组设置",
            "expected a table of settings",
        ));
    };
    let kinds = || {
        let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    };
    let Some(toml::Value::String(kind)) = settings.remove("kind") else {
        return Err(ChannelError::new(
            format!("缺少 kind,可取 {}", kinds()),
            format!("kind is missing; it is one of {}", kinds()),
        ));
    };
    let Some((_, keys)) = KINDS.iter().find(|(name, _)| *name == kind) else {
        return Err(ChannelError::new(
            format!("没有“{kind}”这一种,可取 {}", kinds()),
            format!("there is no kind {kind:?}; it is one of {}", kinds()),
        ));
    };
    if let Some(odd) = settings.keys().find(|key| !keys.contains(&key.as_str())) {
        let keys = keys.join(", ");
        return Err(ChannelError::new(
            format!("不认识设置“{odd}”,可设 {keys}"),
            format!("the setting {odd:?} is not known; there are {keys}"),
        ));
    }
    Ok(match kind.as_str() {
        "log" => Channel::Log(read(settings)?),
        "webhook" => Channel::Webhook(read(settings)?),
        "email" => Channel::Email(read(settings)?),
        "wecom" => Channel::WeCom(read(settings)?),
        "dingtalk" => Channel::DingTalk(read(settings)?),
        _ => Channel::Feishu(read(settings)?),
    })
}

fn read<T: DeserializeOwned>(settings: toml::Table) -> Result<T, ChannelError> {
    toml::Value::Table(settings)
        .try_into()
        .map_err(|error: toml::de::Error| {
            let problem = error.message();
            ChannelError::new(format!("设置有误:{problem}"), problem)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Text {
        Channels::parse(text).unwrap_err().0
    }

    #[test]
    fn a_key_that_is_not_known_is_said_in_both_languages() {
        let text = refused("[duty]\nkind = \"log\"\nfiel = \"x\"");
        assert_eq!(
            text.en,
            "channel \"duty\": the setting \"fiel\" is not known; there are file"
        );
        assert_eq!(text.zh, "通知渠道“duty”:不认识设置“fiel”,可设 file");
    }

    #[test]
    fn a_kind_that_is_not_there_or_unknown_names_those_there_are() {
        assert!(
            refused("[duty]\nfile = \"x\"")
                .en
                .contains("kind is missing")
        );
        let text = refused("[duty]\nkind = \"pigeon\"");
        assert!(
            text.en
                .ends_with("one of log, webhook, email, wecom, dingtalk, feishu")
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(refused("[duty]\nkind = \"wecom\"").en.contains("`url`"));
        assert!(refused("duty = 1").en.contains("a table"));
    }

    #[test]
    fn every_key_that_is_listed_can_be_set_and_no_other() {
        let settings = [
            "[a]\nkind = \"log\"\nfile = \"f\"",
            "[a]\nkind = \"webhook\"\nurl = \"https://x.example\"\nsecret = { env = \"X\" }\nauthority = \"a.pem\"\ntimeout_seconds = 5",
            "[a]\nkind = \"email\"\nserver = \"s\"\nport = 25\nsecurity = \"tls\"\nfrom = \"a@b.example\"\nuser = \"u\"\npassword = { env = \"X\" }\naddresses = \"a.toml\"\nlanguage = \"en\"\nauthority = \"a.pem\"\ntimeout_seconds = 5",
            "[a]\nkind = \"wecom\"\nurl = { env = \"X\" }\nlanguage = \"en\"\nauthority = \"a.pem\"\ntimeout_seconds = 5",
            "[a]\nkind = \"dingtalk\"\nurl = { env = \"X\" }\nsecret = { env = \"X\" }\nlanguage = \"zh\"\nauthority = \"a.pem\"\ntimeout_seconds = 5",
            "[a]\nkind = \"feishu\"\nurl = { env = \"X\" }\nsecret = { env = \"X\" }\nlanguage = \"zh\"\nauthority = \"a.pem\"\ntimeout_seconds = 5",
        ];
        for ((kind, keys), text) in KINDS.iter().zip(settings) {
            Channels::parse(text).unwrap();
            let set: Vec<&str> = text
                .lines()
                .skip(2)
                .filter_map(|line| line.split(' ').next())
                .collect();
            assert_eq!(set, *keys, "{kind}");
        }
    }
}
