//! People who sign in: their roles.

mod role;

pub use role::{Grant, Role, Viewer};
