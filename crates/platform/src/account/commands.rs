//! What is asked of an account, and what it comes to. Pure: whoever calls has checked secrets before, and the
//! stream decides what may happen only once.

use jiff::Timestamp;
use uuid::Uuid;

use super::events::{Account, AccountEvent, Credentials, Proof};
use super::keys::{MOST_KEY_DAYS, MOST_KEYS};
use super::passkeys::MOST_PASSKEYS;
use super::role::Grant;
use super::scope::Scopes;
use crate::aggregate::{Decide, Decision};
use crate::context::{Context, Language, Refusal};
use crate::effect::{Effect, Unique};
use crate::jurisdiction;

/// Among which values names to sign in by are unique.
pub(super) const LOGINS: &str = "login";

/// The most characters of why an account is suspended.
const MOST_REASON: usize = 2_000;

/// Among which values devices' credentials are unique.
const PASSKEYS: &str = "passkey";

/// Invite somebody.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The new account.
    pub id: Uuid,
    /// The person's name, in the vault.
    pub name: Uuid,
    /// The name to sign in by, in the vault.
    pub login: Uuid,
    /// The same as it is compared, to be unique.
    pub login_key: String,
    /// What the person reads.
    pub language: Language,
    /// Roles from the start.
    pub grants: Vec<Grant>,
    /// The SHA-256 of the token in the link.
    pub link: String,
    /// Until when it works.
    pub until: Timestamp,
}

/// Let credentials be set, by a new link.
#[derive(Clone, Debug)]
pub struct IssueLink {
    /// The SHA-256 of its token.
    pub link: String,
    /// Until when it works.
    pub until: Timestamp,
}

/// Set credentials by a link.
#[derive(Clone, Debug)]
pub struct SetCredentials {
    /// The SHA-256 of the link's token.
    pub link: String,
    /// Where the credentials are.
    pub credentials: Credentials,
    /// The step of the one-time code that was typed with them.
    pub step: u64,
}

/// Give a role.
#[derive(Clone, Debug)]
pub struct GrantRole(pub Grant);

/// Take a role.
#[derive(Clone, Debug)]
pub struct WithdrawRole(pub Grant);

/// Let it not be used for now.
#[derive(Clone, Debug)]
pub struct Suspend {
    /// Why.
    pub reason: String,
}

/// Let it be used again.
#[derive(Clone, Copy, Debug)]
pub struct Restore;

/// Sign in: what proves who it is was right.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The session's id.
    pub session: Uuid,
    /// The SHA-256 of its token.
    pub token: String,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// How it was proved.
    pub by: Proof,
    /// The password that was right, where one was asked for.
    pub password: Option<Uuid>,
}

/// End a session.
#[derive(Clone, Copy, Debug)]
pub struct SignOut(pub Uuid);

/// Make a key for a program.
#[derive(Clone, Debug)]
pub struct MakeKey {
    /// Its id.
    pub key: Uuid,
    /// The SHA-256 of the key itself.
    pub token: String,
    /// What its owner calls it, in the vault.
    pub label: Uuid,
    /// What it may change; nothing where it reads only.
    pub scopes: Scopes,
    /// How many days it lives.
    pub days: u32,
    /// When it ends.
    pub until: Timestamp,
}

/// Withdraw a key.
#[derive(Clone, Copy, Debug)]
pub struct WithdrawKey(pub Uuid);

/// Add a passkey.
#[derive(Clone, Debug)]
pub struct AddPasskey {
    /// Its id.
    pub passkey: Uuid,
    /// The SHA-256 of the credential's id.
    pub name: String,
    /// What its owner calls it, in the vault.
    pub label: Uuid,
    /// What was registered, in the vault.
    pub credential: Uuid,
}

/// Remove a passkey.
#[derive(Clone, Copy, Debug)]
pub struct RemovePasskey(pub Uuid);

/// End all sessions.
#[derive(Clone, Copy, Debug)]
pub struct SignOutEverywhere;

/// It was tried in vain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed {
    pub times: u32,
}

impl Account {
    fn must_be_known(&self) -> Result<(), Refusal> {
        if self.known {
            return Ok(());
        }
        Err(Refusal::new(
            "no-account",
            "没有这个账号",
            "there is no such account",
        ))
    }
}

impl Decide<Invite> for Account {
    fn decide(&self, invite: Invite, _: &Context) -> Result<Decision<AccountEvent>, Refusal> {
        if self.known {
            return Err(Refusal::new(
                "account-exists",
                "这个账号已经有了",
                "there is this account already",
            ));
        }
        let mut events = vec![AccountEvent::AccountInvited {
            name: invite.name,
            login: invite.login,
            language: invite.language,
            link: invite.link,
            until: invite.until,
        }];
        for grant in invite.grants {
            sound(&grant)?;
            events.push(AccountEvent::AccountGranted { grant });
        }
        Ok(Decision::of(events).and(Effect::Reserve(Unique {
            space: LOGINS,
            value: invite.login_key,
            owner: invite.id,
        })))
    }
}

impl Decide<IssueLink> for Account {
    fn decide(&self, issue: IssueLink, _: &Context) -> Result<Decision<AccountEvent>, Refusal> {
        self.must_be_known()?;
        if self.suspended {
            return Err(suspended());
        }
        Ok(AccountEvent::AccountLinkIssued {
            link: issue.link,
            until: issue.until,
        }
        .into())
    }
}

impl Decide<SetCredentials> for Account {
    fn decide(&self, set: SetCredentials, cx: &Context) -> Result<Decision<AccountEvent>, Refusal> {
        let works = self
            .link
            .as_ref()
            .is_some_and(|(link, until)| *link == set.link && cx.at < *until);
        if !works || self.suspended {
            return Err(Refusal::new(
                "link-used",
                "这个链接已用过或已过期,请联系管理员重新发送",
                "this link was used or has lapsed; ask an administrator for a new one",
            ));
        }
        Ok(AccountEvent::AccountCredentialsSet {
            credentials: set.credentials,
            step: set.step,
        }
        .into())
    }
}

impl Decide<GrantRole> for Account {
    fn decide(
        &self,
        GrantRole(grant): GrantRole,
        _: &Context,
    ) -> Result<Decision<AccountEvent>, Refusal> {
        self.must_be_known()?;
        sound(&grant)?;
        if self.grants.contains(&grant) {
            return Ok(Decision::of([]));
        }
        Ok(AccountEvent::AccountGranted { grant }.into())
    }
}

impl Decide<WithdrawRole> for Account {
    fn decide(
        &self,
        WithdrawRole(grant): WithdrawRole,
        _: &Context,
    ) -> Result<Decision<AccountEvent>, Refusal> {
        if self.grants.contains(&grant) {
            return Ok(AccountEvent::AccountWithdrawn { grant }.into());
        }
        Ok(Decision::of([]))
    }
}

impl Decide<Suspend> for Account {
    fn decide(&self, suspend: Suspend, _: &Context) -> Result<Decision<AccountEvent>, Refusal> {
        self.must_be_known()?;
        if self.suspended {
            return Ok(Decision::of([]));
        }
        let reason = suspend.reason.trim();
        if !(1..=MOST_REASON).contains(&reason.chars().count()) {
            return Err(Refusal::new(
                "reason",
                format!("请写明理由,不超过 {MOST_REASON} 字"),
                format!("say why, in up to {MOST_REASON} characters"),
            ));
        }
        Ok(AccountEvent::AccountSuspended {
            reason: reason.to_owned(),
        }
        .into())
    }
}

impl Decide<Restore> for Account {
    fn decide(&self, _: Restore, _: &Context) -> Result<Decision<AccountEvent>, Refusal> {
        if self.suspended {
            return Ok(AccountEvent::AccountRestored {}.into());
        }
        Ok(Decision::of([]))
    }
}

/// How many steps of 30 seconds behind the last one a code counts as used: an hour.
const AHEAD: u64 = 120;

impl Decide<SignIn> for Account {
    fn decide(&self, sign: SignIn, _: &Context) -> Result<Decision<AccountEvent>, Refusal> {
        let Some(credentials) = self.credentials.as_ref().filter(|_| !self.suspended) else {
            return Err(suspended());
        };
        // Between checking and this, somebody may have set new ones, and what was right is so no more.
        if sign
            .password
            .is_some_and(|password| credentials.password != password)
        {
            return Err(Refusal::new(
                "credentials-changed",
                "密码刚刚被重新设置,请用新的登录",
                "the credentials were set anew just now; sign in by the new ones",
            ));
        }
        // Two nodes that are shown one code at the same time append to one stream: the second decides anew, here.
        let used = match sign.by {
            // One that was used far ahead was used while the clock was wrong, and must not shut anybody out until then.
            Proof::Step(step) => step <= self.last_step && self.last_step - step < AHEAD,
            Proof::Recovery(place) => self.recovery_used.contains(&place),
            Proof::Passkey { passkey, counter } => {
                let Some(kept) = self.passkeys.get(&passkey) else {
                    return Err(no_passkey());
                };
                // A counter that does not go on is a copied device's (Web Authentication, 7.2, step 22). Many do not count.
                counter <= kept.counter && (counter, kept.counter) != (0, 0)
            }
        };
        if used {
            return Err(Refusal::new(
                "code-used",
                "这个验证码已经用过,请等下一个",
                "this code was used already; wait for the next one",
            ));
        }
        Ok(AccountEvent::AccountSignedIn {
            session: sign.session,
            token: sign.token,
            until: sign.until,
            by: sign.by,
        }
        .into())
    }
}

impl Decide<SignOut> for Account {
    fn decide(
        &self,
        SignOut(session): SignOut,
        _: &Context,
    ) -> Result<Decision<AccountEvent>, Refusal> {
        if self.sessions.contains_key(&session) {
            return Ok(AccountEvent::AccountSignedOut { session }.into());
        }
        Ok(Decision::of([]))
    }
}

impl Decide<MakeKey> for Account {
    fn decide(&self, make: MakeKey, cx: &Context) -> Result<Decision<AccountEvent>, Refusal> {
        if self.credentials.is_none() || self.suspended {
            return Err(suspended());
        }
        if !(1..=MOST_KEY_DAYS).contains(&make.days) {
            return Err(Refusal::new(
                "key-days",
                format!("有效期应为 1 至 {MOST_KEY_DAYS} 天"),
                format!("it lives for 1 to {MOST_KEY_DAYS} days"),
            ));
        }
        if self.keys.values().filter(|until| **until > cx.at).count() >= MOST_KEYS {
            return Err(Refusal::new(
                "keys-too-many",
                format!("一个账号最多有 {MOST_KEYS} 个令牌,请先撤销不用的"),
                format!(
                    "an account has at most {MOST_KEYS} tokens; withdraw those that nobody uses"
                ),
            ));
        }
        Ok(AccountEvent::AccountKeyMade {
            key: make.key,
            token: make.token,
            label: make.label,
            scopes: make.scopes,
            until: make.until,
        }
        .into())
    }
}

impl Decide<WithdrawKey> for Account {
    fn decide(
        &self,
        WithdrawKey(key): WithdrawKey,
        _: &Context,
    ) -> Result<Decision<AccountEvent>, Refusal> {
        if self.keys.contains_key(&key) {
            return Ok(AccountEvent::AccountKeyWithdrawn { key }.into());
        }
        Ok(Decision::of([]))
    }
}

impl Decide<AddPasskey> for Account {
    fn decide(&self, add: AddPasskey, cx: &Context) -> Result<Decision<AccountEvent>, Refusal> {
        if self.credentials.is_none() || self.suspended {
            return Err(suspended());
        }
        if self.passkeys.len() >= MOST_PASSKEYS {
            return Err(Refusal::new(
                "passkeys-too-many",
                format!("一个账号最多有 {MOST_PASSKEYS} 个通行密钥,请先移除不用的"),
                format!(
                    "an account has at most {MOST_PASSKEYS} passkeys; remove those that nobody uses"
                ),
            ));
        }
        let reserved = Effect::Reserve(Unique {
            space: PASSKEYS,
            value: add.name.clone(),
            owner: cx.actor,
        });
        let added = AccountEvent::AccountPasskeyAdded {
            passkey: add.passkey,
            name: add.name,
            label: add.label,
            credential: add.credential,
        };
        Ok(Decision::of([added]).and(reserved))
    }
}

impl Decide<RemovePasskey> for Account {
    fn decide(
        &self,
        RemovePasskey(passkey): RemovePasskey,
        _: &Context,
    ) -> Result<Decision<AccountEvent>, Refusal> {
        if self.passkeys.contains_key(&passkey) {
            return Ok(AccountEvent::AccountPasskeyRemoved { passkey }.into());
        }
        Ok(Decision::of([]))
    }
}

impl Decide<SignOutEverywhere> for Account {
    fn decide(&self, _: SignOutEverywhere, _: &Context) -> Result<Decision<AccountEvent>, Refusal> {
        if self.sessions.is_empty() {
            return Ok(Decision::of([]));
        }
        Ok(AccountEvent::AccountSignedOutEverywhere {}.into())
    }
}

impl Decide<Failed> for Account {
    fn decide(&self, failed: Failed, _: &Context) -> Result<Decision<AccountEvent>, Refusal> {
        self.must_be_known()?;
        Ok(AccountEvent::AccountSignInFailed {
            times: failed.times,
        }
        .into())
    }
}

fn no_passkey() -> Refusal {
    Refusal::new("no-passkey", "没有这个通行密钥", "there is no such passkey")
}

fn suspended() -> Refusal {
    Refusal::new(
        "account-suspended",
        "这个账号已停用或尚未启用",
        "this account is suspended, or not in use yet",
    )
}

fn sound(grant: &Grant) -> Result<(), Refusal> {
    if jurisdiction::is_code(&grant.jurisdiction) {
        return Ok(());
    }
    Err(Refusal::new(
        "no-division",
        format!(
            "{} 不是区划代码(2、4、6、9 或 12 位数字)",
            grant.jurisdiction
        ),
        format!(
            "{} is no division code (2, 4, 6, 9 or 12 digits)",
            grant.jurisdiction
        ),
    ))
}
