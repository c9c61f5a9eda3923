//! Signing in: what somebody proves, and what is told when it is wrong. Checking a secret is not a reading: nobody sees it,
//! and that somebody signed in is an event of its own.

use std::sync::Arc;

use jiff::Timestamp;
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::commands::{Failed, SignIn};
use super::delays::{Of, Try};
use super::events::{Account, Proof};
use super::password;
use super::people::{People, PeopleError, SESSION_HOURS, after, login_key};
use super::secrets::{hash, plain, random_token, together};
use super::totp::TotpSecret;
use crate::aggregate::fold;
use crate::context::{Context, Refusal};
use crate::platform::CommandError;
use crate::vault::{Reference, VaultError};

impl People {
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
    pub(super) async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
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
}

fn not_signed_in() -> Refusal {
    Refusal::new(
        "sign-in-failed",
        "登录名、密码或验证码不对",
        "login, password or code is wrong",
    )
}
