//! The people of the demonstration: freshly made passwords and keys for programs, written to a file that only its owner
//! reads.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use kandeng_platform::account::{
    Grant, MOST_KEY_DAYS, NewKey, NewPerson, People, PeopleError, Role, Scope, Scopes, TotpSecret,
};
use kandeng_platform::{Clock as _, Context, Language as Reads, SystemClock};
use kandeng_screening::Language;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::JURISDICTION;
use crate::failure::Failure;
use crate::language::Words;

/// Where they are written down.
pub(super) const FILE: &str = "accounts.json";

/// The township that the clerk and the reviewer work in.
pub(super) const TOWNSHIP: &str = "990121100";

/// Login, name, role, jurisdiction. Those whose login begins with a dot filed in the years before, and nobody signs in
/// as them.
const PEOPLE: [(&str, &str, Role, &str); 12] = [
    ("clerk", "何填", Role::Clerk, TOWNSHIP),
    ("reviewer", "沈阅", Role::Reviewer, TOWNSHIP),
    ("department", "段收", Role::Department, JURISDICTION),
    ("officer", "程核", Role::Officer, JURISDICTION),
    ("officer2", "向实", Role::Officer, JURISDICTION),
    ("manager", "关领", Role::Manager, JURISDICTION),
    ("auditor", "史审", Role::Auditor, JURISDICTION),
    ("admin", "管理", Role::Administrator, JURISDICTION),
    (".filing", "档案室", Role::Clerk, JURISDICTION),
    (".review", "各乡镇", Role::Reviewer, JURISDICTION),
    (".accept", "原主管", Role::Department, JURISDICTION),
    (".office", "原经办", Role::Officer, JURISDICTION),
];

/// Somebody's account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Account {
    pub login: String,
    pub name: String,
    pub role: Role,
    pub id: Uuid,
    password: String,
    secret: String,
    recovery: Vec<String>,
    /// By which a program comes in their name: for reading alone where the role changes nothing.
    #[serde(default)]
    key: String,
}

/// All of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Accounts(Vec<Account>);

impl Accounts {
    /// Makes them.
    pub async fn make(people: &People, words: Words, cx: &Context) -> Result<Self, PeopleError> {
        let mut made = Vec::new();
        let language = match words.language {
            Language::Zh => Reads::Zh,
            Language::En => Reads::En,
        };
        for (login, name, role, jurisdiction) in PEOPLE {
            let new = NewPerson {
                name: name.to_owned(),
                login: login.to_owned(),
                language,
                grants: vec![Grant {
                    role,
                    jurisdiction: jurisdiction.to_owned(),
                }],
            };
            let (id, token) = people.invite(&new, cx).await?;
            let mut account = Account {
                login: login.to_owned(),
                name: name.to_owned(),
                role,
                id,
                password: String::new(),
                secret: String::new(),
                recovery: Vec::new(),
                key: String::new(),
            };
            if !login.starts_with('.') {
                let totp = people.new_totp(login)?;
                account.password = password();
                account.secret = totp.base32();
                let code = totp.code(cx.at);
                let enrolled = people
                    .set_credentials(&token, &account.password, &account.secret, &code, cx)
                    .await?;
                account.recovery = enrolled.recovery;
                let new = NewKey {
                    label: words.say("demo-key"),
                    scopes: match role {
                        Role::Auditor => Scopes::new(),
                        _ => Scope::ALL.into(),
                    },
                    days: MOST_KEY_DAYS,
                };
                let own = Context {
                    actor: id,
                    ..cx.clone()
                };
                account.key = people.make_key(&new, &own).await?;
            }
            made.push(account);
        }
        Ok(Self(made))
    }

    /// The account of that login.
    pub fn id(&self, login: &str) -> Uuid {
        let found = self.0.iter().find(|account| account.login == login);
        found.map_or_else(Uuid::nil, |account| account.id)
    }

    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Failure::unwritten(path)(error.into()))?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(path).map_err(Failure::unwritten(path))?;
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(Failure::unwritten(path))
    }

    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(Failure::unread(path))?;
        serde_json::from_str(&text).map_err(|error| Failure::unread(path)(error.into()))
    }

    fn shown(&self) -> impl Iterator<Item = &Account> {
        self.0
            .iter()
            .filter(|account| !account.login.starts_with('.'))
    }

    /// Says who there is, with what they sign in by.
    pub fn tell(&self, words: Words) -> Result<(), Failure> {
        tell!("  {}", words.say("demo-accounts"));
        for account in self.shown() {
            let title = account.role.title();
            let code = account.recovery.first().cloned().unwrap_or_default();
            tell!(
                "  {:<11} {}  {}  {}",
                account.login,
                account.password,
                code,
                words.pick(&title.zh, &title.en)
            );
        }
        tell!("{}", words.say("demo-codes"));
        Ok(())
    }

    fn tell_codes(&self, words: Words) -> Result<(), Failure> {
        for account in self.shown() {
            if let Some(totp) = TotpSecret::of(&account.secret, &account.login) {
                tell!("  {:<11} {}", account.login, totp.code(SystemClock.now()));
            }
        }
        tell!("{}", words.say("demo-codes-last"));
        Ok(())
    }

    /// Tells the codes of the moment whenever somebody presses Enter, where a person sits in front.
    pub fn tell_codes_when_asked(&self, words: Words) {
        if !std::io::stdin().is_terminal() {
            return;
        }
        let accounts = self.clone();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines() {
                if line.is_err() || accounts.tell_codes(words).is_err() {
                    return;
                }
            }
        });
    }
}

/// Four groups of letters and digits that are not mistaken for one another: 95 bits.
fn password() -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let id = || Uuid::new_v4().into_bytes();
    let bytes = [id(), id(), id()].concat();
    let mut letters = bytes
        .iter()
        // What does not divide evenly is left out, so that every letter is as likely.
        .filter(|byte| usize::from(**byte) < LETTERS.len() * (256 / LETTERS.len()))
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
    let groups: Vec<String> = (0..4).map(|_| letters.by_ref().take(5).collect()).collect();
    groups.join("-")
}
