//! `kandeng.toml` as it is written: whole for a new node, and changed in one place of a file that somebody has
//! put words of their own into.

use std::path::Path;

use super::{Config, Secret, StoreAt};

impl Config {
    /// The settings as the text of a file, with what each is for.
    pub fn text(&self) -> String {
        let mut text = format!(
            "# 看灯节点的配置;密钥与口令另存文件。Settings of a Kandeng node; secrets stand in files of their own.\n\
             origin = {}\njurisdiction = {}\n\n{}\n",
            quoted(&self.origin),
            quoted(&self.jurisdiction),
            store_text(&self.store)
        );
        if self.second_place.is_some() || self.witness.is_some() {
            text.push_str("\n[second_place]\n");
        }
        if let Some(folder) = &self.second_place {
            text.push_str(&format!("folder = {}\n", quoted(&folder.to_string_lossy())));
        }
        if let Some(witness) = &self.witness {
            text.push_str(&format!(
                "witness = {}\nwitness_key = {}\n",
                quoted(&witness.url),
                quoted(&witness.key)
            ));
        }
        text.push_str(&format!("\n[people]\nbackup_days = {}\n", self.backup_days));
        text.push_str(&secret_text(
            "master_key",
            "master_key_variable",
            &self.master,
        ));
        text.push('\n');
        text.push_str(&self.server.text(quoted));
        text.push_str(&self.watch.text(quoted));
        text.push_str(&self.screening.text(quoted, &self.channels));
        text.push_str(&self.desk.text());
        text.push_str(&self.disk.text());
        if !self.channels.is_empty() {
            let mut notices = toml::Table::new();
            notices.insert("notices".to_owned(), self.channels.clone().into());
            text.push('\n');
            // Cannot fail: it was read from such a text.
            text.push_str(&toml::to_string(&notices).unwrap_or_default());
        }
        text
    }
}

/// The text of a configuration with another origin; everything else stays as somebody wrote it.
pub(in crate::node) fn with_origin(text: &str, origin: &str) -> String {
    let mut done = false;
    let mut lines = String::new();
    for line in text.lines() {
        let is_origin = !done
            && line
                .trim_start()
                .strip_prefix("origin")
                .is_some_and(|rest| rest.trim_start().starts_with('='));
        if is_origin {
            done = true;
            lines.push_str(&format!("origin = {}\n", quoted(origin)));
        } else {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    lines
}

/// The text of a configuration with another folder as its second place; everything else stays as somebody wrote it.
pub(in crate::node) fn with_second_place(text: &str, second: &Path) -> String {
    let mut lines = String::new();
    let mut within = false;
    for line in text.lines() {
        if line.trim_start().starts_with('[') {
            within = header_of(line) == "second_place";
        }
        let key = line.split('=').next().unwrap_or_default().trim();
        if within && key == "folder" {
            lines.push_str(&format!("folder = {}\n", quoted(&second.to_string_lossy())));
        } else {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    lines
}

/// The text of a configuration with another store; everything else stays as somebody wrote it.
pub(in crate::node) fn with_store(text: &str, store: &StoreAt) -> String {
    let mut lines = String::new();
    let mut within = false;
    let mut written = false;
    for line in text.lines() {
        let header = line.trim_start().starts_with('[');
        if header && header_of(line) == "store" {
            within = true;
            written = true;
            lines.push_str(&store_text(store));
            lines.push('\n');
            continue;
        }
        if header && within {
            within = false;
            lines.push('\n');
        }
        if !within {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    if !written {
        lines.push('\n');
        lines.push_str(&store_text(store));
        lines.push('\n');
    }
    lines
}

/// The text of a configuration with the master key in another file; everything else stays as somebody wrote it.
pub(in crate::node) fn with_master(text: &str, file: &Path) -> String {
    let line = format!("master_key = {}\n", quoted(&file.to_string_lossy()));
    let mut lines = String::new();
    let mut within = false;
    let mut written = false;
    for old in text.lines() {
        if old.trim_start().starts_with('[') {
            within = header_of(old) == "people";
            lines.push_str(old);
            lines.push('\n');
            if within && !written {
                lines.push_str(&line);
                written = true;
            }
            continue;
        }
        let key = old.split('=').next().unwrap_or_default().trim();
        if within && matches!(key, "master_key" | "master_key_variable") {
            continue;
        }
        lines.push_str(old);
        lines.push('\n');
    }
    if !written {
        lines.push_str("\n[people]\n");
        lines.push_str(&line);
    }
    lines
}

/// The name in a line such as `[store] # where`.
pub(super) fn header_of(line: &str) -> &str {
    let line = line.split('#').next().unwrap_or_default().trim();
    line.trim_start_matches('[').trim_end_matches(']').trim()
}

fn store_text(store: &StoreAt) -> String {
    match store {
        StoreAt::Sqlite => "[store]\nkind = \"sqlite\"".to_owned(),
        StoreAt::Postgres {
            address,
            certificates,
            keys,
        } => {
            let mut text = "[store]\nkind = \"postgres\"\n".to_owned();
            text.push_str(&secret_text("address_file", "address_variable", address));
            if let Some(path) = certificates {
                text.push_str(&format!(
                    "\ncertificates = {}",
                    quoted(&path.to_string_lossy())
                ));
            }
            if let Some(keys) = keys {
                text.push('\n');
                text.push_str(&secret_text(
                    "keys_address_file",
                    "keys_address_variable",
                    keys,
                ));
            }
            text
        }
    }
}

fn secret_text(file: &str, variable: &str, secret: &Secret) -> String {
    match secret {
        Secret::File(path) => format!("{file} = {}", quoted(&path.to_string_lossy())),
        Secret::Variable(name) => format!("{variable} = {}", quoted(name)),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
