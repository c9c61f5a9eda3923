//! `[screening]`: when everything is screened, when officers are told what came up, and how.

use jiff::civil::Time;

use super::NodeError;
use super::section::Section;

/// When what is done, as clocks in China show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreeningAt {
    /// When everything is screened.
    pub at: Time,
    /// When officers are told of what is not grave.
    pub digest: Time,
    /// The channel of `[notices]` by which they are told.
    pub channel: Option<String>,
}

impl Default for ScreeningAt {
    fn default() -> Self {
        Self {
            at: jiff::civil::time(2, 0, 0, 0),
            digest: jiff::civil::time(8, 30, 0, 0),
            channel: None,
        }
    }
}

impl ScreeningAt {
    /// With the channels that there are.
    pub(super) fn read(
        section: Option<Section<'_>>,
        channels: &toml::Table,
    ) -> Result<Self, NodeError> {
        let mut screening = Self::default();
        // Where there is one channel, it is meant.
        if let (1, Some(only)) = (channels.len(), channels.keys().next()) {
            screening.channel = Some(only.clone());
        }
        let Some(mut section) = section else {
            return Ok(screening);
        };
        for key in ["at", "digest"] {
            let Some(said) = section.text(key)? else {
                continue;
            };
            let time = Time::strptime("%H:%M", said.trim()).map_err(|_| {
                section.wrong(
                    key,
                    &format!("{key} 应为 24 小时制的时刻,如 02:00"),
                    &format!("{key} is a time of day, such as 02:00"),
                )
            })?;
            match key {
                "at" => screening.at = time,
                _ => screening.digest = time,
            }
        }
        if let Some(channel) = section.text("channel")? {
            if !channels.contains_key(&channel) {
                return Err(section.wrong(
                    "channel",
                    &format!("[notices] 中没有渠道 {channel}"),
                    &format!("[notices] has no channel {channel}"),
                ));
            }
            screening.channel = Some(channel);
        }
        section.end()?;
        Ok(screening)
    }

    /// The settings as a section of the file; nothing where all is as it would be without.
    pub(super) fn text(&self, quoted: fn(&str) -> String, channels: &toml::Table) -> String {
        let default = Self::read(None, channels).unwrap_or_default();
        if *self == default {
            return String::new();
        }
        let mut text = "\n[screening]\n".to_owned();
        for (key, time) in [("at", self.at), ("digest", self.digest)] {
            text.push_str(&format!("{key} = \"{}\"\n", time.strftime("%H:%M")));
        }
        if let Some(channel) = &self.channel {
            text.push_str(&format!("channel = {}\n", quoted(channel)));
        }
        text
    }
}
