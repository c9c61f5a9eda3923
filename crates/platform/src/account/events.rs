//! What happened to an account, and how it stands. No name, no login name and no secret stands in an event: they
//! are values of the vault, or hashes of tokens that are too long to be guessed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::role::Grant;
use super::scope::{Scope, Scopes};
use crate::aggregate::{Aggregate, Events};
use crate::context::Language;

/// Where in the vault somebody's secrets are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The password's hash (argon2id, as a PHC string).
    pub password: Uuid,
    /// The secret of one-time codes (RFC 6238), in base 32.
    pub totp: Uuid,
    /// Hashes of the recovery codes, a JSON list.
    pub recovery: Uuid,
}

/// How somebody proved that it is them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// By the password and the one-time code of that step. A step counts once.
    Step(u64),
    /// By the password and the recovery code at that place. Each counts once.
    Recovery(u8),
    /// By a passkey, whose device verified the person.
    Passkey {
        /// Which.
        passkey: Uuid,
        /// How often the device says it was used; 0 where it does not count.
        counter: u32,
    },
}

/// A passkey of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptPasskey {
    /// The SHA-256 of the credential's id.
    pub name: String,
    /// What was registered, in the vault.
    pub credential: Uuid,
    /// How far its counter has come.
    pub counter: u32,
}

/// What happened to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
#[allow(clippy::enum_variant_names)] // kinds of events say what they are about
pub enum AccountEvent {
    /// Somebody was invited.
    AccountInvited {
        /// The person's name, in the vault.
        name: Uuid,
        /// The name to sign in by, in the vault.
        login: Uuid,
        /// What the person reads.
        language: Language,
        /// The SHA-256 of the token in the link that was sent.
        link: String,
        /// Until when it works.
        until: Timestamp,
    },
    /// A new link was made: for an invitation that lapsed, or to set credentials anew.
    AccountLinkIssued {
        /// The SHA-256 of its token.
        link: String,
        /// Until when it works.
        until: Timestamp,
    },
    /// The person used the link and set credentials. It works no more; open sessions, keys and passkeys end.
    AccountCredentialsSet {
        /// Where they are.
        credentials: Credentials,
        /// The step of the one-time code that showed that the application has the secret. It counts once, too.
        step: u64,
    },
    /// A role was given.
    AccountGranted {
        /// Which, for where.
        grant: Grant,
    },
    /// A role was taken.
    AccountWithdrawn {
        /// Which, for where.
        grant: Grant,
    },
    /// It may not be used for now. Open sessions and keys end.
    AccountSuspended {
        /// Why.
        reason: String,
    },
    /// It may be used again.
    AccountRestored {},
    /// Somebody signed in.
    AccountSignedIn {
        /// The session's id.
        session: Uuid,
        /// The SHA-256 of its token.
        token: String,
        /// When it ends at the latest.
        until: Timestamp,
        /// How it was proved.
        by: Proof,
    },
    /// A session ended.
    AccountSignedOut {
        /// Which.
        session: Uuid,
    },
    /// A key for a program was made.
    AccountKeyMade {
        /// Its id.
        key: Uuid,
        /// The SHA-256 of the key itself.
        token: String,
        /// What its owner calls it, in the vault.
        label: Uuid,
        /// What it may change; nothing where it reads only.
        scopes: Scopes,
        /// When it ends.
        until: Timestamp,
    },
    /// A key was withdrawn.
    AccountKeyWithdrawn {
        /// Which.
        key: Uuid,
    },
    /// A passkey was added.
    AccountPasskeyAdded {
        /// Its id.
        passkey: Uuid,
        /// The SHA-256 of the credential's id.
        name: String,
        /// What its owner calls it, in the vault.
        label: Uuid,
        /// What was registered, in the vault.
        credential: Uuid,
    },
    /// A passkey was removed.
    AccountPasskeyRemoved {
        /// Which.
        passkey: Uuid,
    },
    /// All sessions ended.
    AccountSignedOutEverywhere {},
    /// Somebody failed to sign in, so many times in a row: told of at 4, 8, 16 …
    AccountSignInFailed {
        /// How often.
        times: u32,
    },
}

impl Events for AccountEvent {
    const VERSIONS: &'static [(&'static str, u16)] = &[
        ("account-invited", 1),
        ("account-link-issued", 1),
        ("account-credentials-set", 2),
        ("account-granted", 1),
        ("account-withdrawn", 1),
        ("account-suspended", 1),
        ("account-restored", 1),
        ("account-signed-in", 2),
        ("account-signed-out", 1),
        ("account-key-made", 2),
        ("account-key-withdrawn", 1),
        ("account-passkey-added", 1),
        ("account-passkey-removed", 1),
        ("account-signed-out-everywhere", 1),
        ("account-sign-in-failed", 1),
    ];

    fn upcast(kind: &str, schema: u16, mut payload: Value) -> Option<Value> {
        match (kind, schema) {
            // Until version 2 the code that set credentials up could sign in once more.
            ("account-credentials-set", 1) => payload["step"] = 0.into(),
            // Until version 2 nobody signed in by a passkey.
            ("account-signed-in", 1) => {}
            // Until version 2 a key could change whatever there was an operation for, or nothing.
            ("account-key-made", 1) => {
                let changes = payload.as_object_mut()?.remove("changes")?.as_bool()?;
                let scopes: &[Scope] = if changes { &Scope::BEFORE_SCOPES } else { &[] };
                payload["scopes"] = scopes.iter().map(|scope| scope.name()).collect();
            }
            _ => return None,
        }
        Some(payload)
    }
}

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub(super) known: bool,
    pub(super) suspended: bool,
    /// The link that credentials are set by, as the SHA-256 of its token, and until when.
    pub(super) link: Option<(String, Timestamp)>,
    pub(super) credentials: Option<Credentials>,
    pub(super) grants: BTreeSet<Grant>,
    pub(super) sessions: BTreeMap<Uuid, Timestamp>,
    pub(super) keys: BTreeMap<Uuid, Timestamp>,
    pub(super) passkeys: BTreeMap<Uuid, KeptPasskey>,
    pub(super) last_step: u64,
    pub(super) recovery_used: BTreeSet<u8>,
}

impl Aggregate for Account {
    const STREAM: &'static str = "account";
    type Event = AccountEvent;

    fn apply(&mut self, event: AccountEvent) {
        match event {
            AccountEvent::AccountInvited { link, until, .. } => {
                self.known = true;
                self.link = Some((link, until));
            }
            AccountEvent::AccountLinkIssued { link, until } => self.link = Some((link, until)),
            AccountEvent::AccountCredentialsSet { credentials, step } => {
                self.link = None;
                self.last_step = self.last_step.max(step);
                self.credentials = Some(credentials);
                self.recovery_used.clear();
                self.sessions.clear();
                self.keys.clear();
                self.passkeys.clear();
            }
            AccountEvent::AccountGranted { grant } => {
                self.grants.insert(grant);
            }
            AccountEvent::AccountWithdrawn { grant } => {
                self.grants.remove(&grant);
            }
            AccountEvent::AccountSuspended { .. } => {
                self.suspended = true;
                self.link = None;
                self.sessions.clear();
                self.keys.clear();
            }
            AccountEvent::AccountRestored {} => self.suspended = false,
            AccountEvent::AccountSignedIn {
                session, until, by, ..
            } => {
                self.sessions.insert(session, until);
                match by {
                    Proof::Step(step) => self.last_step = step,
                    Proof::Recovery(place) => {
                        self.recovery_used.insert(place);
                    }
                    Proof::Passkey { passkey, counter } => {
                        if let Some(kept) = self.passkeys.get_mut(&passkey) {
                            kept.counter = counter;
                        }
                    }
                }
            }
            AccountEvent::AccountSignedOut { session } => {
                self.sessions.remove(&session);
            }
            AccountEvent::AccountKeyMade { key, until, .. } => {
                self.keys.insert(key, until);
            }
            AccountEvent::AccountKeyWithdrawn { key } => {
                self.keys.remove(&key);
            }
            AccountEvent::AccountPasskeyAdded {
                passkey,
                name,
                credential,
                ..
            } => {
                let kept = KeptPasskey {
                    name,
                    credential,
                    counter: 0,
                };
                self.passkeys.insert(passkey, kept);
            }
            AccountEvent::AccountPasskeyRemoved { passkey } => {
                self.passkeys.remove(&passkey);
            }
            AccountEvent::AccountSignedOutEverywhere {} => self.sessions.clear(),
            AccountEvent::AccountSignInFailed { .. } => {}
        }
    }
}
