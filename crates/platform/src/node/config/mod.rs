//! `kandeng.toml`: what a node is called and where its parts are. No secret stands in it, only names of files
//! and variables that hold one. A key that nobody knows is an error that names it.

mod desk;
mod disk;
mod screening;
mod section;
mod server;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::NodeError;
use crate::vault::backup::MOST_DAYS;
pub use desk::DeskAt;
pub use disk::DiskAt;
pub use screening::ScreeningAt;
use section::Section;
pub use server::{ServerAt, WatchAt};
pub(super) use text::{with_master, with_origin, with_second_place, with_store};

/// The name of the file in a node's folder.
pub const CONFIG: &str = "kandeng.toml";

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
        /// The address of the database that holds people's keys, where it is not the ledger's.
        keys: Option<Secret>,
    },
}

impl StoreAt {
    /// The server whose address is there, without TLS.
    pub fn postgres(address: Secret) -> Self {
        Self::Postgres {
            address,
            certificates: None,
            keys: None,
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
    /// Where pages are served.
    pub server: ServerAt,
    /// Where it is told how the server does.
    pub watch: WatchAt,
    /// When everything is screened, and how officers are told.
    pub screening: ScreeningAt,
    /// How long people have for what they work on.
    pub desk: DeskAt,
    /// What is kept free on the disk.
    pub disk: DiskAt,
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
            backup_days: MOST_DAYS,
            channels: toml::Table::new(),
            server: ServerAt::default(),
            watch: WatchAt::default(),
            screening: ScreeningAt::default(),
            desk: DeskAt::default(),
            disk: DiskAt::default(),
        }
    }

    /// Reads the settings of the node in `folder`. A variable of the environment stands above the file:
    /// `KANDENG_SERVER_ADDRESS` says `address` of `[server]`.
    ///
    /// # Errors
    /// With the line and the key that is wrong.
    pub fn read(folder: &Path) -> Result<Self, NodeError> {
        let path = folder.join(CONFIG);
        let text = std::fs::read_to_string(&path).map_err(NodeError::unread(&path))?;
        let instead = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("KANDENG_"))
            .collect();
        Self::parse_with(&text, &path, &instead)
    }

    /// Settings from a text; `path` is what errors name.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, NodeError> {
        Self::parse_with(text, path, &BTreeMap::new())
    }

    /// [`Config::parse`], with what variables of the environment say instead.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse_with(
        text: &str,
        path: &Path,
        instead: &BTreeMap<String, String>,
    ) -> Result<Self, NodeError> {
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
        let mut all = Section::new(text, path, instead, "", table);
        let config = Self {
            origin: all.needed("origin")?,
            jurisdiction: all.needed("jurisdiction")?,
            store: store(&mut all)?,
            ..Self::new("", "")
        };
        let config = second_place(config, &mut all)?;
        let mut config = people(config, &mut all)?;
        config.server = ServerAt::read(all.section("server")?)?;
        config.watch = WatchAt::read(all.section("metrics")?, all.section("telemetry")?)?;
        if let Some(mut notices) = all.section("notices")? {
            notices.tables_said();
            let senders = crate::notice::senders::Channels::from_table(notices.table.clone());
            senders.map_err(|error| notices.wrong("notices", &error.0.zh, &error.0.en))?;
            config.channels = notices.table;
        }
        config.screening = ScreeningAt::read(all.section("screening")?, &config.channels)?;
        config.desk = DeskAt::read(all.section("desk")?)?;
        config.disk = DiskAt::read(all.section("disk")?)?;
        all.end()?;
        Ok(config)
    }
}

fn store(all: &mut Section<'_>) -> Result<StoreAt, NodeError> {
    let Some(mut section) = all.section("store")? else {
        return Ok(StoreAt::Sqlite);
    };
    let kind = section.needed("kind")?;
    let store = match kind.as_str() {
        "sqlite" => StoreAt::Sqlite,
        "postgres" => {
            let Some(address) = section.secret("address_file", "address_variable")? else {
                return Err(section.wrong(
                    "kind",
                    "PostgreSQL 的地址应由 address_file 或 address_variable 之一给出",
                    "the address of PostgreSQL comes from one of address_file and address_variable",
                ));
            };
            StoreAt::Postgres {
                address,
                certificates: section.text("certificates")?.map(PathBuf::from),
                keys: section.secret("keys_address_file", "keys_address_variable")?,
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
            .filter(|days| (1..=MOST_DAYS).contains(days))
            .ok_or_else(|| {
                section.wrong(
                    "backup_days",
                    "个人密钥的备份可留 1 至 30 天",
                    "a backup of people's keys lives for 1 to 30 days",
                )
            })?;
    }
    if let Some(master) = section.secret("master_key", "master_key_variable")? {
        config.master = master;
    }
    section.end()?;
    Ok(config)
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
                keys: Some(Secret::Variable("KANDENG_KEYS".to_owned())),
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
            server: ServerAt {
                address: ([0, 0, 0, 0], 443).into(),
                hosts: vec!["kandeng.example".to_owned(), "10.0.0.7".to_owned()],
                passkeys: Some("kandeng.example".to_owned()),
                tls: Some(("server.pem".into(), "server key.pem".into())),
                behind_tls: true,
                connections: 64,
            },
            watch: WatchAt {
                metrics: Some(([127, 0, 0, 1], 9_464).into()),
                traces: Some("http://127.0.0.1:4318/v1/traces".to_owned()),
                one_in: 10,
            },
            screening: ScreeningAt {
                at: jiff::civil::time(3, 15, 0, 0),
                digest: jiff::civil::time(7, 0, 0, 0),
                channel: Some("duty".to_owned()),
            },
            desk: DeskAt {
                urge: 7,
                supervise: 3,
                forget: 365,
                ..DeskAt::default()
            },
            disk: DiskAt { reserve: 200 },
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
    fn what_the_environment_says_stands_above_the_file() {
        let said = |pairs: &[(&str, &str)]| {
            let instead = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let text = "origin = \"o\"\njurisdiction = \"990121\"\n[people]\nbackup_days = 9\n";
            Config::parse_with(text, Path::new("kandeng.toml"), &instead)
        };
        let config = said(&[
            ("KANDENG_ORIGIN", "p"),
            ("KANDENG_PEOPLE_BACKUP_DAYS", "7"),
            ("KANDENG_SERVER_ADDRESS", "0.0.0.0:443"),
            ("KANDENG_SERVER_BEHIND_TLS", "true"),
            ("KANDENG_STORE_KIND", "postgres"),
            ("KANDENG_STORE_ADDRESS_FILE", "address"),
        ])
        .unwrap();
        assert_eq!((config.origin.as_str(), config.backup_days), ("p", 7));
        assert_eq!(config.server.address.port(), 443);
        let config = said(&[
            ("KANDENG_SERVER_PORT", "8081"),
            ("KANDENG_METRICS_ADDRESS", "127.0.0.1:9464"),
            (
                "KANDENG_TELEMETRY_ENDPOINT",
                "http://127.0.0.1:4318/v1/traces",
            ),
        ])
        .unwrap();
        assert_eq!(config.server.address.port(), 8_081);
        assert_eq!(config.watch.metrics.map(|at| at.port()), Some(9_464));
        assert!(config.watch.traces.is_some());
        let config = said(&[
            ("KANDENG_STORE_KIND", "postgres"),
            ("KANDENG_STORE_ADDRESS_FILE", "address"),
        ])
        .unwrap();
        assert_eq!(
            config.store,
            StoreAt::postgres(Secret::File("address".into()))
        );
        for (name, value, word) in [
            ("KANDENG_PEOPLE_BACKUP_DAYS", "many", "backup_days"),
            ("KANDENG_SERVER_ADDRESS", "here", "here"),
            ("KANDENG_SERVER_ADDRESS", "0.0.0.0:80", "certificate"),
            ("KANDENG_SERVER_BEHIND_TLS", "perhaps", "behind_tls"),
            ("KANDENG_SERVER_KEY", "key.pem", "certificate"),
        ] {
            let Err(NodeError::Wrong(told)) = said(&[(name, value)]) else {
                panic!("{name}={value} is taken");
            };
            assert!(
                told.en.contains(word) && told.zh.contains(word),
                "{}",
                told.en
            );
        }
    }

    #[test]
    fn channels_are_said_by_the_environment_too() {
        let said = |text: &str, pairs: &[(&str, &str)]| {
            let instead = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let text = format!("origin = \"o\"\njurisdiction = \"990121\"\n{text}");
            Config::parse_with(&text, Path::new("kandeng.toml"), &instead)
        };
        let whole = [
            ("KANDENG_NOTICES_DUTY_KIND", "webhook"),
            ("KANDENG_NOTICES_DUTY_URL", "https://x.example"),
            ("KANDENG_NOTICES_DUTY_SECRET", "{ env = \"X\" }"),
            ("KANDENG_NOTICES_DUTY_TIMEOUT_SECONDS", "5"),
        ];
        let config = said("", &whole).unwrap();
        let duty = config.channels["duty"].as_table().unwrap();
        assert_eq!(duty["timeout_seconds"].as_integer(), Some(5));
        assert_eq!(duty["secret"]["env"].as_str(), Some("X"));
        assert_eq!(config.screening.channel.as_deref(), Some("duty"));
        // One that stands in the file, with a name of two words.
        let text = "[notices.on_duty]\nkind = \"log\"\nfile = \"a\"\n";
        let config = said(text, &[("KANDENG_NOTICES_ON_DUTY_FILE", "b")]).unwrap();
        assert_eq!(config.channels["on_duty"]["file"].as_str(), Some("b"));
        // The name of a secret is no setting, and a key that nobody knows is an error here as well.
        let text = "[notices.duty]\nkind = \"webhook\"\nurl = \"https://x.example\"\nsecret = { env = \"KANDENG_NOTICES_DUTY_SECRET\" }\n";
        let secret = [("KANDENG_NOTICES_DUTY_SECRET", "s3cret")];
        let config = said(text, &secret).unwrap();
        assert!(config.channels["duty"]["secret"].is_table());
        let odd = [("KANDENG_NOTICES_DUTY_FIEL", "b")];
        let Err(NodeError::Wrong(told)) = said(text, &odd) else {
            panic!("it is taken");
        };
        assert!(told.en.contains("fiel"), "{}", told.en);
    }

    #[test]
    fn a_variable_that_says_no_setting_is_an_error_that_names_it() {
        let said = |text: &str, name: &str| {
            let instead = BTreeMap::from([(name.to_owned(), "1".to_owned())]);
            let text = format!("origin = \"o\"\njurisdiction = \"990121\"\n{text}");
            Config::parse_with(&text, Path::new("kandeng.toml"), &instead)
        };
        for name in [
            "KANDENG_SERVER_ADRESS",
            "KANDENG_DESK_URGE_DAY",
            "KANDENG_SECOND_PLACE_FOLDRE",
        ] {
            let Err(NodeError::Wrong(told)) = said("", name) else {
                panic!("{name} is taken");
            };
            assert!(
                told.en.contains(name) && told.zh.contains(name),
                "{}",
                told.en
            );
        }
        // Others are nobody's settings, and some hold secrets that a setting names.
        for name in ["KANDENG_LOG", "KANDENG_CACHE", "KANDENG_NODE"] {
            assert!(said("", name).is_ok(), "{name}");
        }
        let named = "[people]\nmaster_key_variable = \"KANDENG_PEOPLE_MASTER\"\n";
        assert!(said(named, "KANDENG_PEOPLE_MASTER").is_ok());
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
    fn another_master_key_leaves_the_rest_of_the_file_alone() {
        let new = Path::new("/safe/master \"2\"");
        for text in [
            full().text(),
            Config::new("o", "9").text(),
            "origin = \"o\"\njurisdiction = \"9\"\n[store]\nkind = \"sqlite\"\n".to_owned(),
            "origin = \"o\"\njurisdiction = \"9\"\n[people] # of mine\nbackup_days = 9\n"
                .to_owned(),
        ] {
            let config = parse(&text).unwrap();
            let changed = parse(&with_master(&text, new)).unwrap();
            assert_eq!(changed.master, Secret::File(new.to_owned()));
            assert_eq!(
                Config {
                    master: config.master.clone(),
                    ..changed
                },
                config
            );
        }
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
            (
                "[store]\nkind = \"postgres\"\naddress_file = \"a\"\naddress_variable = \"A\"\n",
                5,
                "address_variable",
            ),
            (
                "[store]\nkind = \"postgres\"\naddress_file = \"a\"\nkeys_address_file = \"a\"\nkeys_address_variable = \"A\"\n",
                6,
                "keys_address_variable",
            ),
            ("[people]\nbackup_days = 31\n", 4, "30"),
            ("[people]\nbackup_days = \"7\"\n", 4, "backup_days"),
            ("[second_place]\nwitness = \"http://x\"\n", 4, "witness_key"),
            ("[second]\nfolder = \"x\"\n", 3, "second"),
            ("[desk]\nurge_days = 0\n", 4, "urge_days"),
            ("[desk]\nforget_dismissed_days = 9999\n", 4, "3660"),
            ("[desk]\nquestion_days = \"5\"\n", 4, "question_days"),
            ("[desk]\nlunch_days = 5\n", 4, "lunch_days"),
            ("[server]\ncolour = 80\n", 4, "colour"),
            ("[server]\nport = 80000\n", 4, "port"),
            ("[server]\nhosts = \"http://x\"\n", 4, "http://x"),
            ("[server]\nconnections = 0\n", 4, "connections"),
            (
                "[server]\nhosts = \"a.example\"\npasskeys = \"b.example\"\n",
                5,
                "b.example",
            ),
            ("[metrics]\naddress = \"here\"\n", 4, "here"),
            ("[telemetry]\nendpoint = \"here\"\n", 4, "here"),
            (
                "[telemetry]\nendpoint = \"http://x\"\none_in = 0\n",
                5,
                "one_in",
            ),
            ("[server]\naddress = \"0.0.0.0:80\"\n", 4, "behind_tls"),
            ("[server]\nbehind_tls = 1\n", 4, "behind_tls"),
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
