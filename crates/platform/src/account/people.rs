//! Inviting people, signing in and out: where secrets are made and checked.
//!
//! Secrets are values of the vault under the person's own key, so that erasing the person destroys them, and nodes
//! that share a vault share them. Checking one is not a reading: nobody sees it, and that somebody signed in is an
//! event of its own. Names of accounts are read for showing who did what, by whoever may see that.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use rusqlite::OptionalExtension as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use totp_rs::Secret;
use uuid::Uuid;

use super::commands::{Failed, Invite, IssueLink, LOGINS, SetCredentials, SignIn};
use super::delays::{Delays, Of, Try};
use super::events::{Account, Credentials, Proof};
use super::password;
use super::role::{Grant, Role};
use super::sessions::{MOST_SESSIONS, Seen, Session};
use super::totp::TotpSecret;
use crate::aggregate::fold;
use crate::context::{Context, Language, Refusal};
use crate::hex::hex;
use crate::platform::{CommandError, Platform};
use crate::remembered::Remembered;
use crate::vault::{Reference, Vault, VaultError};

/// How long a link works.
pub const LINK_HOURS: i64 = 72;

/// How long a session lasts at the most.
pub const SESSION_HOURS: i64 = 12;

/// How many recovery codes somebody gets.
pub const RECOVERY_CODES: usize = 10;

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
    vault: Arc<Vault>,
    delays: Delays,
    pub(super) seen: Seen,
    names: Remembered<Uuid, Option<String>>,
    /// Sessions that are open, by the hash of their token.
    pub(super) sessions: Remembered<String, Option<Session>>,
    /// Hashing takes a processor and 19 MiB: no more at once than there are processors, however many ask.
    hashing: Arc<Semaphore>,
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

    /// Signs somebody in by password and second factor, a one-time or a recovery code, and gives the token of the
    /// new session. The answer is the same whatever was wrong, and takes the same work.
    ///
    /// # Errors
    /// [`PeopleError::Wait`] after many failures; a refusal; or a fault.
    pub async fn sign_in(
        &self,
        login: &str,
        password: &str,
        code: &str,
        address: &str,
        cx: &Context,
    ) -> Result<String, PeopleError> {
        let of_login = Of::Login(hash(&login_key(login)));
        let of_address = Of::Address(address.to_owned());
        let tried = self.begin(of_login, of_address, cx.at)?;
        let account = self.account_of(login)?;
        let state = account.map(|account| self.standing(account)).transpose()?;
        let state = state.unwrap_or_default();
        let proof = self.proof(&state, password, code, cx.at).await?;
        let password = state.credentials.map(|credentials| credentials.password);
        let (Some(account), Some(by), Some(password)) = (account, proof, password) else {
            return Err(self.fail(account, &tried, not_signed_in(), cx));
        };
        self.admit(account, by, Some(password), tried, not_signed_in(), cx)
            .await
    }

    /// Begins a try, which counts as a failure until it worked.
    pub(super) fn begin(&self, login: Of, address: Of, at: Timestamp) -> Result<Try, PeopleError> {
        let begun = self.0.delays.begin(login, address, at);
        begun.map_err(PeopleError::Wait)
    }

    /// An account as its stream tells it; that of nobody where there is none.
    pub(super) fn standing(&self, account: Uuid) -> Result<Account, PeopleError> {
        let stream =
            kandeng_ledger::StreamName::new("account", account).map_err(CommandError::from)?;
        let events = self.platform().ledger().read_stream(&stream, 0)?;
        Ok(fold::<Account>(events).map_err(CommandError::from)?.state)
    }

    /// Opens a session for somebody who proved who they are, and gives its token. Whatever the account's stream says
    /// against it is told as `refused`.
    pub(super) async fn admit(
        &self,
        account: Uuid,
        by: Proof,
        password: Option<Uuid>,
        tried: Try,
        refused: Refusal,
        cx: &Context,
    ) -> Result<String, PeopleError> {
        let token = random_token()?;
        let sign = SignIn {
            session: self.platform().new_id(),
            token: hash(&token),
            until: after(cx.at, SESSION_HOURS),
            by,
            password,
        };
        let by_themselves = Context {
            actor: account,
            command: None,
            ..cx.clone()
        };
        let signed = self
            .platform()
            .carry_out::<Account, _>(account, sign, &by_themselves)
            .await;
        match signed {
            Ok(_) => {
                self.0.delays.worked(tried);
                Ok(token)
            }
            // A code that was used, an account that is suspended: told as everything else that is wrong.
            Err(CommandError::Refused(_)) => Err(self.fail(Some(account), &tried, refused, cx)),
            Err(error) => Err(error.into()),
        }
    }

    /// How somebody proved that it is them, if they did.
    async fn proof(
        &self,
        state: &Account,
        password: &str,
        code: &str,
        at: Timestamp,
    ) -> Result<Option<Proof>, PeopleError> {
        let read = |reference: Uuid| -> Result<Option<String>, VaultError> {
            let value = self.0.vault.read(Reference(reference))?;
            Ok(value.map(|(_, value)| value))
        };
        let of = state.credentials.as_ref();
        let kept = of.map(|of| read(of.password)).transpose()?.flatten();
        let right = {
            let password = password.to_owned();
            self.hashing(move || password::is_right(&password, kept.as_deref()))
                .await
        };
        let totp = of.map(|of| read(of.totp)).transpose()?.flatten();
        let step = totp
            .and_then(|totp| TotpSecret::of(&totp, "account"))
            .and_then(|secret| secret.step(&together(code), at));
        let hashes = of.map(|of| read(of.recovery)).transpose()?.flatten();
        let typed = hash(&plain(code));
        let recovery = hashes.and_then(|hashes| {
            let place = hashes
                .split(' ')
                .position(|kept| bool::from(kept.as_bytes().ct_eq(typed.as_bytes())));
            place.map(|place| place as u8)
        });
        let proof = step.map(Proof::Step).or(recovery.map(Proof::Recovery));
        Ok(proof.filter(|_| right))
    }

    /// Notes that a try failed, and gives what is told.
    pub(super) fn fail(
        &self,
        account: Option<Uuid>,
        tried: &Try,
        refused: Refusal,
        cx: &Context,
    ) -> PeopleError {
        let times = tried.times;
        // At each doubling, so that nobody floods the ledger by guessing.
        if let Some(account) = account
            && times >= 4
            && times.is_power_of_two()
        {
            let platform = self.platform().clone();
            let cx = Context::of_the_platform(cx.at);
            // Nobody waits for it: the time that an append takes would tell that there is such an account.
            tokio::spawn(async move {
                let told = platform.carry_out::<Account, _>(account, Failed { times }, &cx);
                if let Err(error) = told.await {
                    tracing::error!(%error, "failures to sign in are not on record");
                }
            });
        }
        refused.into()
    }

    /// Runs what takes the processor for a while off the threads that answer others, a few at a time.
    async fn hashing<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        // Held by the work and not by whoever waits for it, who may go away. It cannot fail: nobody closes it.
        let turn = Arc::clone(&self.0.hashing).acquire_owned().await;
        let worked = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        match worked.await {
            Ok(done) => done,
            // It panicked: so does whoever waits for it.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
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
    fn account_of(&self, login: &str) -> Result<Option<Uuid>, PeopleError> {
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

fn not_signed_in() -> Refusal {
    Refusal::new(
        "sign-in-failed",
        "登录名、密码或验证码不对",
        "login, password or code is wrong",
    )
}

/// A login as it is compared: without the space around it, in small letters, and those of full width, which Chinese
/// keyboards write, as the others.
fn login_key(login: &str) -> String {
    let narrow = |letter: char| match letter {
        // From `！` to `～` they stand in the order of those from `!` to `~`.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        other => other,
    };
    login
        .trim()
        .chars()
        .map(narrow)
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

/// A one-time code as it was meant: applications show it in two groups.
fn together(code: &str) -> String {
    code.split_whitespace().collect()
}

/// A recovery code as it is compared: letters that are taken for digits are these.
fn plain(code: &str) -> String {
    code.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| match letter.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect()
}

fn wrong_code() -> Refusal {
    Refusal::new(
        "code-wrong",
        "验证码不对;请核对手机时间,输入当前显示的 6 位数字",
        "this code is wrong; check the phone's clock and type the six digits that it shows now",
    )
}

fn after(at: Timestamp, hours: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_hours(hours))
        .unwrap_or(Timestamp::MAX)
}

/// 256 bits that nobody guesses, as text.
pub(super) fn random_token() -> Result<String, PeopleError> {
    Ok(URL_SAFE_NO_PAD.encode(crate::vault::random_key()?))
}

/// Codes of 50 bits, in the 32 digits and letters of Crockford's base 32.
fn recovery_codes() -> Result<Vec<String>, PeopleError> {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    (0..RECOVERY_CODES)
        .map(|_| {
            let bytes = crate::vault::random_key()?;
            let letters: Vec<char> = bytes[..10]
                .iter()
                .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
                .collect();
            let (head, tail) = letters.split_at(5);
            Ok(format!(
                "{}-{}",
                head.iter().collect::<String>(),
                tail.iter().collect::<String>()
            ))
        })
        .collect()
}

pub(super) fn hash(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}
