//! Passkeys (Web Authentication, level 3): signing in by a device's own lock, without password and code.
//!
//! Ceremonies are those of `webauthn-rs`, with the person verified by the device, which makes it two factors. What was
//! registered is a value of the vault under the person's own key, so that erasing the person destroys it; the ledger says
//! that there is one, and how far its counter has come, so that a copied device is noticed on every node. What was asked
//! and not answered yet each node knows for itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey as Registered, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::commands::{AddPasskey, RemovePasskey};
use super::delays::Of;
use super::events::{Account, Proof};
use super::people::{People, PeopleError, label};
use super::role::Viewer;
use super::secrets::{hash, random_token};
use crate::context::{Context, Refusal};
use crate::vault::{Reference, VaultError};

/// How many passkeys one account may have.
pub const MOST_PASSKEYS: usize = 10;

/// How long somebody may take to answer.
const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_mins(5);

/// How many ceremonies may be under way at a time, and how many of them by one address or account. Beyond it the oldest of
/// whoever has most is forgotten, so that nobody who asks again and again pushes out what others are answering.
const MOST_OPEN: usize = 4_096;
const MOST_OF_ONE: usize = 64;

/// What browsers show beside the site's name.
const SITE: &str = "看灯 Kandeng";

/// A passkey, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub label: String,
    /// Since when, in milliseconds since 1970.
    pub since: i64,
}

/// What a browser is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Challenge {
    /// What the answer is to name: it is good for a few minutes, and once.
    pub attempt: String,
    /// `PublicKeyCredentialRequestOptionsJSON` or `PublicKeyCredentialCreationOptionsJSON` (Web Authentication, 5.1).
    pub options: Value,
}

/// A ceremony that waits for its answer.
enum Ceremony {
    SignIn(DiscoverableAuthentication),
    Add(Uuid, PasskeyRegistration),
}

/// What waits for its answer, by the hash of its attempt.
struct Waiting<C> {
    open: HashMap<String, Open<C>>,
}

struct Open<C> {
    since: Timestamp,
    /// The address or account that asked.
    by: String,
    ceremony: C,
}

impl<C> Default for Waiting<C> {
    fn default() -> Self {
        Self {
            open: HashMap::new(),
        }
    }
}

impl<C> Waiting<C> {
    fn begin(&mut self, attempt: String, by: String, ceremony: C, now: Timestamp) {
        if self.open.len() >= MOST_OPEN {
            self.open.retain(|_, open| is_timely(open.since, now));
        }
        let own = self.open.values().filter(|open| open.by == by).count();
        if own >= MOST_OF_ONE {
            self.forget_oldest_of(&by);
        } else if self.open.len() >= MOST_OPEN {
            let mut counts: HashMap<&str, usize> = HashMap::new();
            for open in self.open.values() {
                *counts.entry(&open.by).or_default() += 1;
            }
            let most = counts.into_iter().max_by_key(|(_, count)| *count);
            if let Some(most) = most.map(|(by, _)| by.to_owned()) {
                self.forget_oldest_of(&most);
            }
        }
        let since = now;
        let open = Open {
            since,
            by,
            ceremony,
        };
        self.open.insert(attempt, open);
    }

    fn forget_oldest_of(&mut self, by: &str) {
        let own = self.open.iter().filter(|(_, open)| open.by == by);
        let oldest = own.min_by_key(|(_, open)| open.since);
        let oldest = oldest.map(|(attempt, _)| attempt.clone());
        oldest.and_then(|oldest| self.open.remove(&oldest));
    }

    /// Once, and not after its time.
    fn take(&mut self, attempt: &str, now: Timestamp) -> Option<C> {
        let taken = self.open.remove(attempt)?;
        is_timely(taken.since, now).then_some(taken.ceremony)
    }
}

/// The passkeys of a site.
pub struct Passkeys {
    people: People,
    party: String,
    webauthn: Webauthn,
    open: Mutex<Waiting<Ceremony>>,
}

impl Passkeys {
    /// For the site that browsers know by the domain `party`, whatever the port, over TLS unless `plain`, which is for
    /// `localhost`. Nothing where it is no domain: passkeys are bound to one, and addresses are none.
    pub fn new(people: People, party: &str, plain: bool) -> Option<Self> {
        let scheme = if plain { "http" } else { "https" };
        let origin = Url::parse(&format!("{scheme}://{party}")).ok()?;
        origin.domain()?;
        let webauthn = WebauthnBuilder::new(party, &origin)
            .ok()?
            .rp_name(SITE)
            .allow_any_port(true)
            .build()
            .ok()?;
        Some(Self {
            people,
            party: party.to_owned(),
            webauthn,
            open: Mutex::default(),
        })
    }

    /// The domain that they are for.
    pub fn party(&self) -> &str {
        &self.party
    }

    /// Asks for any passkey of this site. Nobody has said yet who they are, but for the address that they come from.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn ask(&self, address: &str, now: Timestamp) -> Result<Challenge, PeopleError> {
        let started = self.webauthn.start_discoverable_authentication();
        let (challenge, state) = started.map_err(|error| fault(&error))?;
        let options = written(&challenge.public_key)?;
        let by = format!("address {address}");
        self.opened(Ceremony::SignIn(state), by, options, now)
    }

    /// Signs in whoever's passkey answered, and gives the token of the session. Failures slow down `address` as those of
    /// passwords do, and the answer is the same whatever was wrong.
    ///
    /// # Errors
    /// [`PeopleError::Wait`] after many failures; a refusal; or a fault.
    pub async fn sign_in(
        &self,
        attempt: &str,
        answer: Value,
        address: &str,
        cx: &Context,
    ) -> Result<String, PeopleError> {
        let people = &self.people;
        let ceremony = self.taken(attempt, cx.at);
        let credential: PublicKeyCredential =
            serde_json::from_value(answer).map_err(|_| refused())?;
        let of_passkey = Of::Login(name_of(credential.get_credential_id()));
        let tried = people.begin(of_passkey, Of::Address(address.to_owned()), cx.at)?;
        let found = self.found(&credential)?;
        let Some(Ceremony::SignIn(state)) = ceremony else {
            return Err(people.fail(None, &tried, refused(), cx));
        };
        let Some((account, key, registered)) = found else {
            return Err(people.fail(None, &tried, refused(), cx));
        };
        let checked =
            (self.webauthn).finish_discoverable_authentication_v2(&credential, state, &registered);
        let Ok(checked) = checked else {
            return Err(people.fail(Some(account), &tried, refused(), cx));
        };
        let by = Proof::Passkey {
            passkey: key,
            counter: checked.counter(),
        };
        people.admit(account, by, None, tried, refused(), cx).await
    }

    /// Whose passkey it is: the account, the passkey's id and what was registered.
    fn found(
        &self,
        credential: &PublicKeyCredential,
    ) -> Result<Option<(Uuid, Uuid, Registered)>, PeopleError> {
        let identified = self
            .webauthn
            .identify_discoverable_authentication(credential);
        let Ok((account, id)) = identified else {
            return Ok(None);
        };
        let state = self.people.standing(account)?;
        let name = name_of(id);
        let kept = state.passkeys.iter().find(|(_, kept)| kept.name == name);
        let Some((key, kept)) = kept else {
            return Ok(None);
        };
        let registered = self.registered(kept.credential)?;
        Ok(registered.map(|registered| (account, *key, registered)))
    }

    /// What was registered; nothing where the person was erased.
    fn registered(&self, at: Uuid) -> Result<Option<Registered>, PeopleError> {
        let value = self.people.read_value(Reference(at))?;
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }

    /// Asks for a new passkey of the viewer's.
    ///
    /// # Errors
    /// When read model or vault fails, or the machine gives no randomness.
    pub fn offer(&self, viewer: &Viewer, now: Timestamp) -> Result<Challenge, PeopleError> {
        let people = &self.people;
        let state = people.standing(viewer.account)?;
        let mut there = Vec::new();
        for kept in state.passkeys.values() {
            let registered = self.registered(kept.credential)?;
            there.extend(registered.map(|registered| registered.cred_id().clone()));
        }
        let login = people.login(viewer.account)?.unwrap_or_default();
        let name = people
            .name(viewer.account)?
            .unwrap_or_else(|| login.clone());
        let started =
            (self.webauthn).start_passkey_registration(viewer.account, &login, &name, Some(there));
        let (challenge, state) = started.map_err(|error| fault(&error))?;
        let mut options = written(&challenge.public_key)?;
        // Nobody says who they are before: the device has to know.
        let selection = &mut options["authenticatorSelection"];
        selection["residentKey"] = "required".into();
        selection["requireResidentKey"] = true.into();
        let by = format!("account {}", viewer.account);
        self.opened(Ceremony::Add(viewer.account, state), by, options, now)
    }

    /// Adds it, under the name that its owner gives it.
    ///
    /// # Errors
    /// A refusal when it was asked for too long ago or by somebody else, the device's answer is wrong, or there are too
    /// many; or a fault.
    pub async fn add(
        &self,
        viewer: &Viewer,
        attempt: &str,
        called: &str,
        answer: Value,
        cx: &Context,
    ) -> Result<(), PeopleError> {
        let called = label(called)?;
        let credential: RegisterPublicKeyCredential =
            serde_json::from_value(answer).map_err(|_| not_added())?;
        let state = match self.taken(attempt, cx.at) {
            Some(Ceremony::Add(account, state)) if account == viewer.account => state,
            _ => return Err(not_added().into()),
        };
        let registered = self
            .webauthn
            .finish_passkey_registration(&credential, &state)
            .map_err(|_| not_added())?;
        let kept = serde_json::to_string(&registered).map_err(|_| not_added())?;
        let people = &self.people;
        let add = AddPasskey {
            passkey: people.platform().new_id(),
            name: name_of(registered.cred_id()),
            label: people.store_value(viewer.account, called)?.0,
            credential: people.store_value(viewer.account, &kept)?.0,
        };
        people
            .platform()
            .carry_out::<Account, _>(viewer.account, add, cx)
            .await?;
        Ok(())
    }

    /// Those of an account, the newest first.
    ///
    /// # Errors
    /// When read model or vault fails.
    pub fn of(&self, account: Uuid) -> Result<Vec<Passkey>, PeopleError> {
        let found = self
            .people
            .platform()
            .query(|connection| listed(connection, account))?;
        let mut all = Vec::new();
        for (id, label, since) in found {
            let label = self.people.read_value(Reference(label))?;
            all.push(Passkey {
                id,
                label: label.unwrap_or_else(|| "—".to_owned()),
                since,
            });
        }
        Ok(all)
    }

    /// Removes one of the viewer's; nobody else's.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn remove(&self, viewer: &Viewer, id: Uuid, cx: &Context) -> Result<(), PeopleError> {
        self.people
            .platform()
            .carry_out::<Account, _>(viewer.account, RemovePasskey(id), cx)
            .await?;
        Ok(())
    }

    fn opened(
        &self,
        ceremony: Ceremony,
        by: String,
        options: Value,
        now: Timestamp,
    ) -> Result<Challenge, PeopleError> {
        let attempt = random_token()?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.begin(hash(&attempt), by, ceremony, now);
        Ok(Challenge { attempt, options })
    }

    /// The ceremony of an attempt, once.
    fn taken(&self, attempt: &str, now: Timestamp) -> Option<Ceremony> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.take(&hash(attempt), now)
    }
}

/// Also where a clock was set back meanwhile.
fn is_timely(since: Timestamp, now: Timestamp) -> bool {
    since.duration_until(now).abs() <= ANSWERED_WITHIN
}

/// By what the ledger knows a credential: the SHA-256 of its id, which the device made long enough.
fn name_of(id: &[u8]) -> String {
    crate::hex::hex(&Sha256::digest(id))
}

fn listed(of: &Connection, account: Uuid) -> rusqlite::Result<Vec<(Uuid, Uuid, i64)>> {
    of.prepare_cached(
        "select id, label, since from account_passkeys where account = ?1 order by since desc, id",
    )?
    .query_map([account.to_string()], |row| {
        // Cannot fail to parse: the projection wrote ids.
        let id = |column| -> rusqlite::Result<Uuid> {
            Ok(Uuid::try_parse(row.get_ref(column)?.as_str()?).unwrap_or_default())
        };
        Ok((id(0)?, id(1)?, row.get(2)?))
    })?
    .collect()
}

fn written(options: &impl serde::Serialize) -> Result<Value, PeopleError> {
    serde_json::to_value(options).map_err(|error| VaultError::Randomness(error.to_string()).into())
}

/// No answer of a person's leads there.
fn fault(error: &WebauthnError) -> PeopleError {
    VaultError::Randomness(error.to_string()).into()
}

fn refused() -> Refusal {
    Refusal::new(
        "passkey-failed",
        "这个通行密钥不能登录;请再试一次,或用密码和验证码登录",
        "this passkey does not sign you in; try again, or use password and code",
    )
}

fn not_added() -> Refusal {
    Refusal::new(
        "passkey-not-added",
        "没有添加:设备的回答不对,或者等得太久,请重新添加",
        "it was not added: the device's answer is wrong or came too late; add it again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + seconds).unwrap()
    }

    #[test]
    fn who_asks_again_and_again_pushes_out_nobody_else() {
        let mut waiting = Waiting::default();
        waiting.begin("clerk".to_owned(), "address 10.0.0.7".to_owned(), 0, at(0));
        for number in 1..2 * MOST_OPEN {
            waiting.begin(
                number.to_string(),
                "address 10.9.9.9".to_owned(),
                number,
                at(1),
            );
        }
        assert_eq!(waiting.open.len(), 1 + MOST_OF_ONE);
        assert_eq!(waiting.take("clerk", at(60)), Some(0));
        assert_eq!(waiting.take("clerk", at(60)), None);
    }

    #[test]
    fn many_addresses_push_out_their_own() {
        let mut waiting = Waiting::default();
        waiting.begin("clerk".to_owned(), "address 10.0.0.7".to_owned(), 0, at(0));
        for number in 1..2 * MOST_OPEN {
            let by = format!("address 10.9.9.{}", number % 200);
            waiting.begin(number.to_string(), by, number, at(1));
        }
        assert_eq!(waiting.open.len(), MOST_OPEN);
        assert_eq!(waiting.take("clerk", at(60)), Some(0));
    }

    #[test]
    fn what_came_too_late_makes_room_first() {
        let mut waiting = Waiting::default();
        for number in 0..MOST_OPEN {
            waiting.begin(number.to_string(), number.to_string(), number, at(0));
        }
        waiting.begin("new".to_owned(), "new".to_owned(), 1, at(301));
        assert_eq!(waiting.open.len(), 1);
        assert_eq!(waiting.take("new", at(302)), Some(1));
    }
}
