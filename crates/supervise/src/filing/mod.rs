//! The 42 items as one declaration, and what is derived from it.
