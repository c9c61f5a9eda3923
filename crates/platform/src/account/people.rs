//! The people of a node: who is invited, how credentials are set, and their names.
//!
//! Secrets are values of the vault under the person's own key, so that erasing the person destroys them, and nodes
//! that share a vault share them. Names of accounts are read for showing who did what, by whoever may see that.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::OptionalExtension as _;
use tokio::sync::Semaphore;
use totp_rs::Secret;
use uuid::Uuid;

use super::commands::{Invite, IssueLink, LOGINS, SetCredentials};
use super::delays::Delays;
use super::events::{Account, Credentials};
use super::password;
use super::role::{Grant, Role};
use super::secrets::{hash, plain, random_token, recovery_codes, together};
use super::sessions::{MOST_SESSIONS, Seen, Session};
use super::totp::TotpSecret;
use crate::context::{Context, Language, Refusal};
use crate::half_width::half;
use crate::platform::{CommandError, Platform};
use crate::remembered::Remembered;
use crate::vault::{Reference, Vault, VaultError};

/// How long a link works.
pub const LINK_HOURS: i64 = 72;

/// How long a session lasts at the most.
pub const SESSION_HOURS: i64 = 12;

/// The most characters of a name or a login.
const MOST_OF_NAME: usize = 60;

/// How many names are remembered for a moment.
const MOST_NAMES: usize = 4_096;

/// What was not done for people, and why.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// An answer, not a fault.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Somebody has to wait before trying again.
    #[error("to be tried again in {} s", .0.as_secs())]
    Wait(SignedDuration),
    /// The command failed.
    #[error(transparent)]
    Command(CommandError),
    /// The vault failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl From<CommandError> for PeopleError {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refusal) => Self::Refused(refusal),
            other => Self::Command(other),
        }
    }
}

impl From<kandeng_ledger::StoreError> for PeopleError {
    fn from(error: kandeng_ledger::StoreError) -> Self {
        Self::Command(error.into())
    }
}

/// Somebody to be invited.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// The person's name.
    pub name: String,
    /// The name to sign in by.
    pub login: String,
    /// What the person reads.
    pub language: Language,
    /// Roles from the start.
    pub grants: Vec<Grant>,
}

/// What somebody who sets credentials is shown, once.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// The account.
    pub account: Uuid,
    /// Codes for the day that the phone is lost. Each works once.
    pub recovery: Vec<String>,
}

/// The people of a node.
#[derive(Clone)]
pub struct People(pub(super) Arc<Inner>);

pub(super) struct Inner {
    platform: Platform,
    pub(super) vault: Arc<Vault>,
    pub(super) delays: Delays,
    pub(super) seen: Seen,
    names: Remembered<Uuid, Option<String>>,
    /// Sessions that are open, by the hash of their token.
    pub(super) sessions: Remembered<String, Option<Session>>,
    /// Hashing takes a processor and 19 MiB: no more at once than there are processors, however many ask.
    pub(super) hashing: Arc<Semaphore>,
}

impl People {
    /// Of this node.
    pub fn new(platform: Platform, vault: Arc<Vault>) -> Self {
        Self(Arc::new(Inner {
            platform,
            vault,
            delays: Delays::default(),
            seen: Seen::default(),
            names: Remembered::new(MOST_NAMES),
            sessions: Remembered::new(MOST_SESSIONS),
            hashing: Arc::new(Semaphore::new(
                std::thread::available_parallelism().map_or(1, usize::from),
            )),
        }))
    }

    pub(super) fn platform(&self) -> &Platform {
        &self.0.platform
    }

    /// Invites somebody, and gives the account and the token of the link that credentials are set by. Nobody else
    /// learns it.
    ///
    /// # Errors
    /// A refusal when the login is taken or something is missing; or a fault.
    pub async fn invite(
        &self,
        new: &NewPerson,
        cx: &Context,
    ) -> Result<(Uuid, String), PeopleError> {
        let name = new.name.trim();
        let login_key = login_key(&new.login);
        let is_short = |text: &str| (1..=MOST_OF_NAME).contains(&text.chars().count());
        if !is_short(name) || !is_short(&login_key) || !name.chars().all(is_seen) {
            return Err(Refusal::new(
                "person-incomplete",
                format!("请填写姓名和登录名(各至多 {MOST_OF_NAME} 个字符)"),
                format!("a name and a login (at most {MOST_OF_NAME} characters each) are needed"),
            )
            .into());
        }
        if !login_key.chars().all(is_of_login) {
            return Err(Refusal::new(
                "login-letters",
                "登录名只能用文字、数字和 . _ - @ +",
                "a login is made of letters, digits and . _ - @ +",
            )
            .into());
        }
        let id = self.platform().new_id();
        let token = random_token()?;
        let vault = &self.0.vault;
        let invite = Invite {
            id,
            name: vault.store(id, name)?.0,
            login: vault.store(id, new.login.trim())?.0,
            login_key,
            language: new.language,
            grants: new.grants.clone(),
            link: hash(&token),
            until: after(cx.at, LINK_HOURS),
        };
        // A refusal leaves two sealed values of nobody: nothing points to them, and no key of a person is shared.
        self.platform()
            .carry_out::<Account, _>(id, invite, cx)
            .await?;
        // The same command at the same moment made another account: its link is given to whoever was first.
        let is_made = self.platform().query(|connection| {
            connection
                .prepare_cached("select exists (select 1 from accounts where id = ?1)")?
                .query_row([id.to_string()], |row| row.get::<_, bool>(0))
        })?;
        if !is_made {
            return Err(invited_before().into());
        }
        Ok((id, token))
    }

    /// The link once more for somebody who was invited a moment ago and has not used it: it was lost on its way.
    ///
    /// # Errors
    /// A refusal when they have credentials by now; or a fault.
    pub async fn invite_again(&self, account: Uuid, cx: &Context) -> Result<String, PeopleError> {
        let waits = self.platform().query(|connection| {
            connection
                .prepare_cached(
                    "select exists (select 1 from accounts where id = ?1 and state = 'invited')",
                )?
                .query_row([account.to_string()], |row| row.get::<_, bool>(0))
        })?;
        if !waits {
            return Err(invited_before().into());
        }
        self.issue_link(account, cx).await
    }

    /// Invites the first administrator of a node, or the next when nobody can be one any more: the invitation
    /// lapsed, or the person was erased or suspended.
    ///
    /// # Errors
    /// A refusal when there is an administrator already, or may be one by a link that still works.
    pub async fn invite_first(
        &self,
        mut new: NewPerson,
        jurisdiction: &str,
        cx: &Context,
    ) -> Result<(Uuid, String), PeopleError> {
        let administrators: u32 = self.platform().query(|connection| {
            connection.query_row(
                "select count(*) from account_grants g join accounts a on a.id = g.account \
                 where g.role = 'administrator' and (a.state = 'active' or a.link_until > ?1) \
                 and not exists (select 1 from erased_people e where e.person = a.id)",
                [cx.at.as_millisecond()],
                |row| row.get(0),
            )
        })?;
        if administrators > 0 {
            return Err(Refusal::new(
                "administrator-exists",
                "已有管理员;请由管理员邀请",
                "there is an administrator already, who invites others",
            )
            .into());
        }
        new.grants.push(Grant {
            role: Role::Administrator,
            jurisdiction: jurisdiction.to_owned(),
        });
        self.invite(&new, cx).await
    }

    /// A new link to set credentials by, instead of the last one.
    ///
    /// # Errors
    /// A refusal when the account is suspended or there is none; or a fault.
    pub async fn issue_link(&self, account: Uuid, cx: &Context) -> Result<String, PeopleError> {
        let token = random_token()?;
        let issue = IssueLink {
            link: hash(&token),
            until: after(cx.at, LINK_HOURS),
        };
        self.platform()
            .carry_out::<Account, _>(account, issue, cx)
            .await?;
        Ok(token)
    }

    /// Whose link it is and the login, if it still works at `now`.
    ///
    /// # Errors
    /// When read model or vault fails.
    pub fn by_link(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<(Uuid, String)>, PeopleError> {
        let found: Option<(String, String)> = self.platform().query(|connection| {
            connection
                .query_row(
                    "select id, login from accounts where link = ?1 and link_until > ?2",
                    (hash(token), now.as_millisecond()),
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .optional()
        })?;
        let Some((account, login)) = found else {
            return Ok(None);
        };
        // Cannot fail to parse: the projection wrote ids.
        let (Ok(account), Ok(login)) = (Uuid::try_parse(&account), Uuid::try_parse(&login)) else {
            return Ok(None);
        };
        let login = self.0.vault.read(Reference(login))?;
        Ok(login.map(|(_, login)| (account, login)))
    }

    /// A new secret for one-time codes. It counts once somebody sets credentials with it.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn new_totp(&self, login: &str) -> Result<TotpSecret, PeopleError> {
        let bytes = crate::vault::random_key()?;
        let base32 = Secret::from(bytes[..20].to_vec()).to_base32();
        let none = || VaultError::Randomness("a secret that is none".to_owned());
        Ok(TotpSecret::of(&base32, login).ok_or_else(none)?)
    }

    /// Sets credentials by a link: a password, and a one-time code that shows that the application has the secret.
    ///
    /// # Errors
    /// A refusal when the link works no more, the password is poor or the code is wrong; or a fault.
    pub async fn set_credentials(
        &self,
        token: &str,
        password: &str,
        totp: &str,
        code: &str,
        cx: &Context,
    ) -> Result<Enrolled, PeopleError> {
        let Some((account, login)) = self.by_link(token, cx.at)? else {
            return Err(Refusal::new(
                "link-used",
                "这个链接已用过或已过期,请联系管理员重新发送",
                "this link was used or has lapsed; ask an administrator for a new one",
            )
            .into());
        };
        password::acceptable(password, &login)?;
        let secret = TotpSecret::of(totp, &login);
        let step = secret.and_then(|secret| secret.step(&together(code), cx.at));
        let Some(step) = step else {
            return Err(wrong_code().into());
        };
        let recovery = recovery_codes()?;
        let hashes: Vec<String> = recovery.iter().map(|code| hash(&plain(code))).collect();
        let password_hash = {
            let password = password.to_owned();
            self.hashing(move || password::hash(&password)).await
        };
        let password_hash =
            password_hash.ok_or_else(|| VaultError::Randomness("no salt".to_owned()))?;
        let vault = &self.0.vault;
        let credentials = Credentials {
            password: vault.store(account, &password_hash)?.0,
            totp: vault.store(account, totp)?.0,
            recovery: vault.store(account, &hashes.join(" "))?.0,
        };
        let set = SetCredentials {
            link: hash(token),
            credentials,
            step,
        };
        self.platform()
            .carry_out::<Account, _>(account, set, cx)
            .await?;
        Ok(Enrolled { account, recovery })
    }

    /// The person's name, for showing who did something; nothing when the person was erased.
    ///
    /// # Errors
    /// When read model or vault fails.
    pub fn name(&self, account: Uuid) -> Result<Option<String>, PeopleError> {
        (self.0.names).of(self.platform(), account, || self.read_name(account))
    }

    fn read_name(&self, account: Uuid) -> Result<Option<String>, PeopleError> {
        self.read_of(account, "select name from accounts where id = ?1")
    }

    /// The name to sign in by, for its owner's device; nothing when the person was erased.
    pub(super) fn login(&self, account: Uuid) -> Result<Option<String>, PeopleError> {
        self.read_of(account, "select login from accounts where id = ?1")
    }

    fn read_of(&self, account: Uuid, select: &str) -> Result<Option<String>, PeopleError> {
        let reference: Option<String> = self.platform().query(|connection| {
            connection
                .prepare_cached(select)?
                .query_row([account.to_string()], |row| row.get(0))
                .optional()
        })?;
        let Some(reference) = reference.and_then(|name| Uuid::try_parse(&name).ok()) else {
            return Ok(None);
        };
        self.read_value(Reference(reference))
    }

    /// A value of the vault that only its owner sees.
    pub(super) fn read_value(&self, of: Reference) -> Result<Option<String>, PeopleError> {
        Ok(self.0.vault.read(of)?.map(|(_, value)| value))
    }

    /// Puts a value of somebody's into the vault.
    pub(super) fn store_value(&self, of: Uuid, value: &str) -> Result<Reference, PeopleError> {
        Ok(self.0.vault.store(of, value)?)
    }

    /// Whose login it is.
    pub(super) fn account_of(&self, login: &str) -> Result<Option<Uuid>, PeopleError> {
        Ok(self.platform().owner_of(LOGINS, &login_key(login))?)
    }
}

/// The most characters of what somebody calls a key or a passkey.
const MOST_LABEL: usize = 60;

/// What somebody calls something of theirs.
pub(super) fn label(typed: &str) -> Result<&str, Refusal> {
    let typed = typed.trim();
    if (1..=MOST_LABEL).contains(&typed.chars().count()) {
        return Ok(typed);
    }
    Err(Refusal::new(
        "label",
        format!("请写明名称或用途,不超过 {MOST_LABEL} 字"),
        format!("say what you call it, in up to {MOST_LABEL} characters"),
    ))
}

fn invited_before() -> Refusal {
    Refusal::new(
        "invited-before",
        "此人已被邀请,链接不再给出;如需新的链接,请在人员页面生成",
        "they were invited already, and the link is not given once more; a new one is made on the page of people",
    )
}

/// A login as it is compared: without the space around it, in small letters, and those of full width, which Chinese
/// keyboards write, as the others.
pub(super) fn login_key(login: &str) -> String {
    login
        .trim()
        .chars()
        .map(half)
        .collect::<String>()
        .to_lowercase()
}

/// Whether a letter may stand in a new login: one that nobody sees would make two that look the same.
fn is_of_login(letter: char) -> bool {
    letter.is_alphanumeric() || "._-@+ ".contains(letter)
}

/// Whether a letter may stand in a name: none that breaks lines, or turns round what follows it.
fn is_seen(letter: char) -> bool {
    let turns = matches!(letter, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    !letter.is_control() && !turns
}

fn wrong_code() -> Refusal {
    Refusal::new(
        "code-wrong",
        "验证码不对;请核对手机时间,输入当前显示的 6 位数字",
        "this code is wrong; check the phone's clock and type the six digits that it shows now",
    )
}

pub(super) fn after(at: Timestamp, hours: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_hours(hours))
        .unwrap_or(Timestamp::MAX)
}
