//! The arguments of every command. What is told about them comes from the locale files, see `help`.

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use kandeng_screening::Severity;

use crate::help;
use crate::language::Words;

#[derive(Debug, Parser)]
#[command(name = "kandeng", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[arg(long, global = true, value_enum)]
    lang: Option<Lang>,
}

/// The language of what is printed and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    Zh,
    En,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Screen(Screen),
    Template(Template),
    Rules(Rules),
    Synth(Synth),
    Demo(Demo),
    Init(Init),
    Verify(Verify),
    Receipt(Receipt),
    Ledger(Ledger),
    Rebuild(Rebuild),
    Backup(Backup),
    Restore(Restore),
    Migrate(Migrate),
    Vault(Vault),
    Notices(Notices),
    Invite(Invite),
    Serve(Serve),
    Config(ConfigCheck),
}

/// How the findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Csv,
    Parquet,
    Xlsx,
}

/// Who reads the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reader {
    Filer,
    Officer,
}

/// What an input is, where it is not to be detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    County,
    Ocds,
}

/// From which severity on the exit status is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Low,
    Medium,
    High,
}

impl FailOn {
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Low => Severity::Low,
            Self::Medium => Severity::Medium,
            Self::High => Severity::High,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Screen {
    #[arg(required = true)]
    pub input: Vec<PathBuf>,
    #[command(flatten)]
    pub how: How,
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    #[arg(long, value_enum)]
    pub fail_on: Option<FailOn>,
    #[arg(long)]
    pub hide_numbers: bool,
    #[arg(long)]
    pub into: Option<PathBuf>,
}

/// What screening is told, whether its findings or its figures are wanted.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct How {
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    #[arg(long)]
    pub as_of: Option<jiff::civil::Date>,
    #[arg(long, value_enum)]
    pub audience: Option<Reader>,
    #[arg(long)]
    pub rules: Vec<PathBuf>,
    #[arg(long)]
    pub set: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    #[arg(long)]
    pub registers: Option<PathBuf>,
    #[arg(long)]
    pub photos: Option<PathBuf>,
    #[arg(long)]
    pub currency: Option<String>,
    #[arg(long)]
    pub encoding: Option<String>,
    #[arg(long)]
    pub datum: Option<String>,
    #[arg(long)]
    pub filing: Option<PathBuf>,
    #[arg(long)]
    pub key: Option<PathBuf>,
    #[arg(long)]
    pub memory: Option<NonZeroUsize>,
    #[arg(long)]
    pub time_limit: Option<NonZeroU64>,
}

#[derive(Debug, Args)]
pub(crate) struct Template {
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    #[arg(long)]
    pub filing: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Rules {
    #[command(subcommand)]
    pub command: RulesCommand,
    #[arg(long, global = true)]
    pub rules: Vec<PathBuf>,
    #[arg(long, global = true)]
    pub filing: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    List,
    Show {
        id: String,
    },
    Test {
        ids: Vec<String>,
    },
    Docs {
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    Profile {
        #[arg(required = true)]
        input: Vec<PathBuf>,
        #[command(flatten)]
        how: Box<ProfileHow>,
        #[arg(long)]
        plans: bool,
    },
}

/// The same as for screening; the rules' folders come from the command above.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ProfileHow {
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    #[arg(long)]
    pub as_of: Option<jiff::civil::Date>,
    #[arg(long, value_delimiter = ',')]
    pub only: Vec<String>,
    #[arg(long)]
    pub registers: Option<PathBuf>,
    #[arg(long)]
    pub photos: Option<PathBuf>,
    #[arg(long)]
    pub key: Option<PathBuf>,
    #[arg(long)]
    pub memory: Option<NonZeroUsize>,
    #[arg(long)]
    pub time_limit: Option<NonZeroU64>,
}

/// What `synth` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SynthFormat {
    Xlsx,
    Csv,
    Parquet,
}

#[derive(Debug, Args)]
pub(crate) struct Synth {
    #[arg(long, value_enum, default_value = "county")]
    pub kind: Kind,
    #[arg(long, default_value_t = 2000)]
    pub projects: usize,
    #[arg(long, default_value_t = 10_000)]
    pub releases: usize,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[arg(long)]
    pub as_of: Option<jiff::civil::Date>,
    #[arg(long, value_enum, default_value = "xlsx")]
    pub format: SynthFormat,
    #[arg(long)]
    pub photos: Option<usize>,
    #[arg(long)]
    pub payments: Option<usize>,
    #[arg(short, long)]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[arg(long, default_value_t = 3_200, value_parser = clap::value_parser!(u32).range(50..=20_000))]
    pub projects: u32,
    #[arg(long)]
    pub port: Option<u16>,
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Only make the county, for the program that started this one.
    #[arg(long, hide = true, requires = "dir")]
    pub make: bool,
}

/// How what a ledger holds is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Plain {
    #[default]
    Text,
    Json,
}

/// Which parts of an entry a receipt opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Opened {
    #[default]
    Both,
    Envelope,
    Payload,
    None,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    pub dir: PathBuf,
    #[arg(long)]
    pub origin: Option<String>,
    #[arg(long)]
    pub jurisdiction: Option<String>,
    #[arg(long)]
    pub second: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A folder or an address.
    pub node: String,
    #[arg(long)]
    pub checkpoint: Vec<PathBuf>,
    #[arg(long)]
    pub public_key: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: Plain,
}

#[derive(Debug, Args)]
pub(crate) struct Receipt {
    pub dir: PathBuf,
    pub position: u64,
    #[arg(long, value_enum, default_value = "both")]
    pub open: Opened,
    #[arg(short, long)]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Ledger {
    #[command(subcommand)]
    pub command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    Tail {
        dir: PathBuf,
        #[arg(short = 'n', long, default_value_t = 10)]
        count: u64,
        #[arg(long)]
        follow: bool,
        #[arg(long, value_enum, default_value = "text")]
        format: Plain,
    },
    Show {
        dir: PathBuf,
        position: u64,
        #[arg(long, value_enum, default_value = "text")]
        format: Plain,
    },
    Stats {
        dir: PathBuf,
        #[arg(long, value_enum, default_value = "text")]
        format: Plain,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Rebuild {
    pub dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    pub dir: PathBuf,
    pub to: PathBuf,
    #[arg(long)]
    pub with_keys: bool,
    #[arg(long)]
    pub people: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    pub from: PathBuf,
    pub dir: PathBuf,
    #[arg(long)]
    pub keys: Option<PathBuf>,
    #[arg(long)]
    pub people: Option<PathBuf>,
    #[arg(long)]
    pub accept_loss: bool,
    #[arg(long, requires = "accept_loss")]
    pub decided_by: Option<uuid::Uuid>,
    #[arg(long, requires = "accept_loss")]
    pub reason: Option<String>,
    #[arg(long)]
    pub checkpoint: Vec<PathBuf>,
}

/// Where a ledger can be moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MoveTo {
    Postgres,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    pub dir: PathBuf,
    #[arg(long = "to", value_enum)]
    pub move_to: MoveTo,
    #[arg(long)]
    pub address_file: Option<PathBuf>,
    #[arg(long, conflicts_with = "address_file")]
    pub address_variable: Option<String>,
    #[arg(long)]
    pub certificates: Option<PathBuf>,
    #[arg(long)]
    pub keys_address_file: Option<PathBuf>,
    #[arg(long, conflicts_with = "keys_address_file")]
    pub keys_address_variable: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Vault {
    #[command(subcommand)]
    pub command: VaultCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    Rotate {
        dir: PathBuf,
        #[arg(long)]
        new_key: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Notices {
    #[command(subcommand)]
    pub command: NoticesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NoticesCommand {
    List {
        dir: PathBuf,
        #[arg(long, value_enum, default_value = "text")]
        format: Plain,
    },
    Retry {
        dir: PathBuf,
        #[arg(required_unless_present = "all")]
        notices: Vec<String>,
        #[arg(long, conflicts_with = "notices")]
        all: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Invite {
    pub dir: PathBuf,
    #[arg(long)]
    pub login: String,
    #[arg(long)]
    pub name: String,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The settings of the node; the folder that they lie in is the node's.
    #[arg(long, default_value = "kandeng.toml")]
    pub config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigCheck {
    #[command(subcommand)]
    pub command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    Check {
        #[arg(long, default_value = "kandeng.toml")]
        config: PathBuf,
    },
}

/// The command line of this process.
pub(crate) fn parse(words: Words) -> Result<Cli, clap::Error> {
    parse_from(words, std::env::args_os())
}

pub(crate) fn parse_from(
    words: Words,
    args: impl IntoIterator<Item = OsString>,
) -> Result<Cli, clap::Error> {
    let matches = help::described(Cli::command(), words).try_get_matches_from(args)?;
    Cli::from_arg_matches(&matches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kandeng_screening::Language;

    #[test]
    fn a_command_line_is_read() {
        let line = "kandeng screen county.xlsx --as-of 2026-06-30 --audience officer --only K17,K18 --fail-on high --lang en";
        let cli = parse_from(
            Words::new(Language::En),
            line.split(' ').map(OsString::from),
        )
        .unwrap();
        let Command::Screen(screen) = cli.command else {
            panic!("another command");
        };
        assert_eq!(screen.how.only, ["K17", "K18"]);
        assert_eq!(screen.fail_on, Some(FailOn::High));
    }
}
