//! People who sign in: their roles, how they are invited, how they prove who they are, and their sessions.

mod commands;
mod delays;
mod events;
mod keys;
mod password;
mod people;
mod role;
mod sessions;
mod tables;

pub use commands::{
    GrantRole, Invite, IssueLink, MakeKey, Restore, SetCredentials, SignIn, SignOut,
    SignOutEverywhere, Suspend, WithdrawKey, WithdrawRole,
};
pub use events::{Account, AccountEvent, Credentials, Second};
pub use keys::{Key, MOST_KEY_DAYS, MOST_KEYS, NewKey};
pub use people::{
    Enrolled, LINK_HOURS, NewPerson, People, PeopleError, RECOVERY_CODES, SESSION_HOURS, TotpSecret,
};
pub use role::{Grant, Role, Viewer};
pub use sessions::{IDLE_MINUTES, sessions_of};
pub use tables::{AccountTables, grants_of, responsible, superior};
