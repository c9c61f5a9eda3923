//! `kandeng.toml`: what a node is called and where its parts are. No secret stands in it, only names of files
//! and variables that hold one. A key that nobody knows is an error that names it.

use std::path::{Path, PathBuf};

use super::NodeError;

/// The name of the file in a node's folder.
pub const CONFIG: &str = "kandeng.toml";

/// How many days a backup of people's keys lives when nobody says otherwise. The most that is allowed.
const MOST_BACKUP_DAYS: u32 = 30;

/// Where a secret is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// In a file, relative to the node's folder.
    File(PathBuf),
    /// In a variable of the environment.
    Variable(String),
}

/// Where the ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreAt {
    /// In the node's own file, together with the read model.
    Sqlite,
    /// In PostgreSQL.
    Postgres {
        /// Its address, password included.
        address: Secret,
        /// The certificates that the server's must come from, where the address asks for TLS.
        certificates: Option<PathBuf>,
    },
}

impl StoreAt {
    /// The server whose address is there, without TLS.
    pub fn postgres(address: Secret) -> Self {
        Self::Postgres {
            address,
            certificates: None,
        }
    }
}

/// A witness that cosigns checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessAt {
    /// Its address.
    pub url: String,
    /// Its public key.
    pub key: String,
}

/// The settings of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The ledger's name.
    pub origin: String,
    /// The division code that the node is for.
    pub jurisdiction: String,
    /// Where the ledger is.
    pub store: StoreAt,
    /// A folder elsewhere that every checkpoint goes to, with its tiles.
    pub second_place: Option<PathBuf>,
    /// A witness that every checkpoint is shown to.
    pub witness: Option<WitnessAt>,
    /// Where the master key is.
    pub master: Secret,
    /// How many days a backup of people's keys lives.
    pub backup_days: u32,
    /// Channels that notices leave by, each a table of its own.
    pub channels: toml::Table,
}

impl Config {
    /// Settings of a new node.
    pub fn new(origin: &str, jurisdiction: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            jurisdiction: jurisdiction.to_owned(),
            store: StoreAt::Sqlite,
            second_place: None,
            witness: None,
            master: Secret::File(PathBuf::from("keys/master.key")),
            backup_days: MOST_BACKUP_DAYS,
            channels: toml::Table::new(),
        }
    }

    /// Reads the settings of the node in `folder`.
    ///
    /// # Errors
    /// With the line and the key that is wrong.
    pub fn read(folder: &Path) -> Result<Self, NodeError> {
        let path = folder.join(CONFIG);
        let text = std::fs::read_to_string(&path).map_err(NodeError::unread(&path))?;
        Self::parse(&text, &path)
    }

    /// Settings from a text; `path` is what errors name.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, NodeError> {
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            });
            let at = format!("{}:{line}", path.display());
            NodeError::wrong(
                format!("{at}:不是有效的 TOML:{}", error.message()),
                format!("{at}: no valid TOML: {}", error.message()),
            )
        })?;
        let mut all = Section::new(text, path, "", table);
        let config = Self {
            origin: all.needed("origin")?,
            jurisdiction: all.needed("jurisdiction")?,
            store: store(&mut all)?,
            ..Self::new("", "")
        };
        let config = Self {
            ..second_place(config, &mut all)?
        };
        let mut config = people(config, &mut all)?;
        if let Some(notices) = all.section("notices")? {
            let senders = crate::notice::senders::Channels::from_table(notices.table.clone());
            senders.map_err(|error| notices.wrong("notices", &error.0.zh, &error.0.en))?;
            config.channels = notices.table;
        }
        all.end()?;
        Ok(config)
    }

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
        text.push_str(&match &self.master {
            Secret::File(path) => format!("master_key = {}\n", quoted(&path.to_string_lossy())),
            Secret::Variable(name) => format!("master_key_variable = {}\n", quoted(name)),
        });
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
pub(super) fn with_origin(text: &str, origin: &str) -> String {
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
pub(super) fn with_second_place(text: &str, second: &Path) -> String {
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
pub(super) fn with_store(text: &str, store: &StoreAt) -> String {
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

/// The name in a line such as `[store] # where`.
fn header_of(line: &str) -> &str {
    let line = line.split('#').next().unwrap_or_default().trim();
    line.trim_start_matches('[').trim_end_matches(']').trim()
}

fn store_text(store: &StoreAt) -> String {
    match store {
        StoreAt::Sqlite => "[store]\nkind = \"sqlite\"".to_owned(),
        StoreAt::Postgres {
            address,
            certificates,
        } => {
            let (key, value) = match address {
                Secret::File(path) => ("address_file", path.to_string_lossy().into_owned()),
                Secret::Variable(name) => ("address_variable", name.clone()),
            };
            let mut text = format!("[store]\nkind = \"postgres\"\n{key} = {}", quoted(&value));
            if let Some(path) = certificates {
                text.push_str(&format!(
                    "\ncertificates = {}",
                    quoted(&path.to_string_lossy())
                ));
            }
            text
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn store(all: &mut Section<'_>) -> Result<StoreAt, NodeError> {
    let Some(mut section) = all.section("store")? else {
        return Ok(StoreAt::Sqlite);
    };
    let kind = section.needed("kind")?;
    let store = match kind.as_str() {
        "sqlite" => StoreAt::Sqlite,
        "postgres" => {
            let file = section.text("address_file")?.map(PathBuf::from);
            let variable = section.text("address_variable")?;
            let address = match (file, variable) {
                (Some(file), None) => Secret::File(file),
                (None, Some(name)) => Secret::Variable(name),
                _ => {
                    return Err(section.wrong(
                        "kind",
                        "PostgreSQL 的地址应由 address_file 或 address_variable 之一给出",
                        "the address of PostgreSQL comes from one of address_file and address_variable",
                    ));
                }
            };
            StoreAt::Postgres {
                address,
                certificates: section.text("certificates")?.map(PathBuf::from),
            }
        }
        other => {
            return Err(section.wrong(
                "kind",
                &format!("没有存储 {other};可选 sqlite、postgres"),
                &format!("there is no store {other}; it is sqlite or postgres"),
            ));
        }
    };
    section.end()?;
    Ok(store)
}

fn second_place(mut config: Config, all: &mut Section<'_>) -> Result<Config, NodeError> {
    let Some(mut section) = all.section("second_place")? else {
        return Ok(config);
    };
    config.second_place = section.text("folder")?.map(PathBuf::from);
    config.witness = match (section.text("witness")?, section.text("witness_key")?) {
        (Some(url), Some(key)) => Some(WitnessAt { url, key }),
        (None, None) => None,
        _ => {
            return Err(section.wrong(
                "witness",
                "witness 与 witness_key 应同时给出",
                "witness and witness_key are given together",
            ));
        }
    };
    section.end()?;
    Ok(config)
}

fn people(mut config: Config, all: &mut Section<'_>) -> Result<Config, NodeError> {
    let Some(mut section) = all.section("people")? else {
        return Ok(config);
    };
    if let Some(days) = section.number("backup_days")? {
        config.backup_days = u32::try_from(days)
            .ok()
            .filter(|days| (1..=MOST_BACKUP_DAYS).contains(days))
            .ok_or_else(|| {
                section.wrong(
                    "backup_days",
                    "个人密钥的备份可留 1 至 30 天",
                    "a backup of people's keys lives for 1 to 30 days",
                )
            })?;
    }
    let file = section.text("master_key")?.map(PathBuf::from);
    let variable = section.text("master_key_variable")?;
    config.master = match (file, variable) {
        (Some(file), None) => Secret::File(file),
        (None, Some(name)) => Secret::Variable(name),
        (None, None) => config.master,
        (Some(_), Some(_)) => {
            return Err(section.wrong(
                "master_key",
                "master_key 与 master_key_variable 只能给出一个",
                "only one of master_key and master_key_variable is given",
            ));
        }
    };
    section.end()?;
    Ok(config)
}

/// A table of the file whose keys are taken one by one: what is left over at the end is unknown.
struct Section<'a> {
    text: &'a str,
    path: &'a Path,
    name: String,
    table: toml::Table,
    known: Vec<String>,
}

impl<'a> Section<'a> {
    fn new(text: &'a str, path: &'a Path, name: &str, table: toml::Table) -> Self {
        Self {
            text,
            path,
            name: name.to_owned(),
            table,
            known: Vec::new(),
        }
    }

    fn take(&mut self, key: &str) -> Option<toml::Value> {
        self.known.push(key.to_owned());
        self.table.remove(key)
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, NodeError> {
        match self.take(key) {
            None => Ok(None),
            Some(toml::Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(_) => Err(self.wrong(
                key,
                &format!("{key} 应为引号中的文字"),
                &format!("{key} is a text in quotation marks"),
            )),
        }
    }

    fn needed(&mut self, key: &str) -> Result<String, NodeError> {
        self.text(key)?
            .ok_or_else(|| self.wrong(key, &format!("缺少 {key}"), &format!("{key} is missing")))
    }

    fn number(&mut self, key: &str) -> Result<Option<i64>, NodeError> {
        match self.take(key) {
            None => Ok(None),
            Some(toml::Value::Integer(number)) => Ok(Some(number)),
            Some(_) => Err(self.wrong(
                key,
                &format!("{key} 应为整数"),
                &format!("{key} is a whole number"),
            )),
        }
    }

    fn section(&mut self, key: &str) -> Result<Option<Self>, NodeError> {
        match self.take(key) {
            None => Ok(None),
            Some(toml::Value::Table(table)) => {
                Ok(Some(Self::new(self.text, self.path, key, table)))
            }
            Some(_) => Err(self.wrong(
                key,
                &format!("{key} 应写成一节:[{key}]"),
                &format!("{key} is a section: [{key}]"),
            )),
        }
    }

    /// Nothing may be left over.
    fn end(self) -> Result<(), NodeError> {
        let Some(key) = self.table.keys().next() else {
            return Ok(());
        };
        let known = self.known.join(", ");
        let within = if self.name.is_empty() {
            String::new()
        } else {
            format!("[{}] ", self.name)
        };
        Err(self.wrong(
            key,
            &format!("{within}没有 {key} 这一项;可用:{known}"),
            &format!("{within}has no key {key}; there are {known}"),
        ))
    }

    fn wrong(&self, key: &str, zh: &str, en: &str) -> NodeError {
        let at = match self.line(key) {
            Some(line) => format!("{}:{line}", self.path.display()),
            None => self.path.display().to_string(),
        };
        NodeError::wrong(format!("{at}:{zh}"), format!("{at}: {en}"))
    }

    /// Where a key stands, from 1.
    fn line(&self, key: &str) -> Option<usize> {
        let mut section = String::new();
        for (line, number) in self.text.lines().zip(1..) {
            let line = line.trim();
            if line.starts_with('[') {
                header_of(line).clone_into(&mut section);
                let is_within = section.starts_with(&format!("{key}."));
                if (self.name.is_empty() || self.name == key) && (section == key || is_within) {
                    return Some(number);
                }
            }
            let name = line.split('=').next().unwrap_or_default().trim();
            if section == self.name && name.trim_matches('"') == key {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, NodeError> {
        Config::parse(text, Path::new("kandeng.toml"))
    }

    fn full() -> Config {
        Config {
            store: StoreAt::Postgres {
                address: Secret::File("keys/postgres".into()),
                certificates: Some("/etc/ssl/certs/ca-certificates.crt".into()),
            },
            second_place: Some("/mnt/else where/\"ledger\"".into()),
            witness: Some(WitnessAt {
                url: "https://witness.example".to_owned(),
                key: "witness.example+01020304+BAAA".to_owned(),
            }),
            master: Secret::Variable("KANDENG_MASTER".to_owned()),
            backup_days: 7,
            channels: "[duty]\nkind = \"log\"\nfile = \"notices.jsonl\""
                .parse()
                .unwrap(),
            ..Config::new("ledger.example/99", "990121")
        }
    }

    #[test]
    fn settings_come_back_from_their_text() {
        for config in [Config::new("ledger.example/99", "990121"), full()] {
            assert_eq!(parse(&config.text()).unwrap(), config, "{}", config.text());
        }
    }

    #[test]
    fn another_store_leaves_the_rest_of_the_file_alone() {
        let postgres = StoreAt::postgres(Secret::File("address".into()));
        let text = "# mine\norigin = \"o\"\njurisdiction = \"9\"\n[store] # where\nkind = \"sqlite\"\n\n[people] # mine too\nbackup_days = 9\n";
        let changed = with_store(text, &postgres);
        assert!(changed.contains("# mine\n") && changed.contains("[people] # mine too"));
        let config = parse(&changed).unwrap();
        assert_eq!(config.store, postgres);
        assert_eq!(config.backup_days, 9);
        // Also where nobody wrote down what it is.
        let without = "origin = \"o\"\njurisdiction = \"9\"\n";
        assert_eq!(
            parse(&with_store(without, &postgres)).unwrap().store,
            postgres
        );
        let named = parse(&with_origin(&changed, "o/2")).unwrap();
        assert_eq!((named.origin.as_str(), named.backup_days), ("o/2", 9));
        let moved = with_second_place(&full().text(), Path::new("/mnt/2"));
        let moved = parse(&moved).unwrap();
        assert_eq!(moved.second_place, Some("/mnt/2".into()));
        assert_eq!(moved.witness, full().witness);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_in_both_languages() {
        let head = "origin = \"o\"\njurisdiction = \"9\"\n";
        for (text, line, word) in [
            ("colour = \"red\"\n", 3, "colour"),
            ("[store]\nkind = \"oracle\"\n", 4, "oracle"),
            ("[store]\nkind = \"postgres\"\n", 4, "address_file"),
            (
                "[store]\nkind = \"sqlite\"\naddress = \"x\"\n",
                5,
                "address",
            ),
            ("[people]\nbackup_days = 31\n", 4, "30"),
            ("[people]\nbackup_days = \"7\"\n", 4, "backup_days"),
            ("[second_place]\nwitness = \"http://x\"\n", 4, "witness_key"),
            ("[second]\nfolder = \"x\"\n", 3, "second"),
            ("second_place = \"x\"\n", 3, "second_place"),
            ("[notices.duty]\nkind = \"pigeon\"\n", 3, "pigeon"),
            ("= 7\n", 3, "TOML"),
        ] {
            let Err(NodeError::Wrong(told)) = parse(&format!("{head}{text}")) else {
                panic!("{text} is taken");
            };
            for told in [&told.zh, &told.en] {
                assert!(told.starts_with(&format!("kandeng.toml:{line}")), "{told}");
                assert!(told.contains(word), "{word} is not in {told}");
            }
        }
        let Err(NodeError::Wrong(told)) = parse("origin = \"o\"\n") else {
            panic!("it is taken");
        };
        assert!(told.en.contains("jurisdiction is missing"), "{}", told.en);
    }
}
