//! People who sign in: their roles, how they are invited, how they prove who they are, and their sessions.

mod commands;
mod delays;
mod events;
mod keys;
mod passkeys;
mod password;
mod people;
mod role;
mod scope;
mod secrets;
mod sessions;
mod signing_in;
mod tables;
mod totp;

pub use commands::{
    AddPasskey, GrantRole, Invite, IssueLink, MakeKey, RemovePasskey, Restore, SetCredentials,
    SignIn, SignOut, SignOutEverywhere, Suspend, WithdrawKey, WithdrawRole,
};
pub use events::{Account, AccountEvent, Credentials, Proof};
pub use keys::{Key, MOST_KEY_DAYS, MOST_KEYS, NewKey};
pub use passkeys::{Challenge, MOST_PASSKEYS, Passkey, Passkeys};
pub use people::{Enrolled, LINK_HOURS, NewPerson, People, PeopleError, SESSION_HOURS};
pub use role::{Grant, Role, Viewer};
pub use scope::{Scope, Scopes};
pub use secrets::RECOVERY_CODES;
pub use sessions::{IDLE_MINUTES, sessions_of};
pub use tables::{AccountTables, grants_of, responsible, superior};
pub use totp::TotpSecret;
