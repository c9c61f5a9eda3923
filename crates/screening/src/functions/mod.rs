//! The functions that rules need and SQL lacks, registered once for every rule.

/// Registers every function with a context.
pub fn register(_context: &datafusion::prelude::SessionContext) {}
