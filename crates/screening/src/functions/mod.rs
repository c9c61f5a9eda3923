//! The functions that rules need and SQL lacks, registered once for every rule.
//! What they compute stands in pure modules; the adapters to DataFusion beside them are thin.
//! They know text, dates, numbers and outlines, and must not know what a project or a county is.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use datafusion::prelude::SessionContext;

mod arguments;
pub mod calendar;
pub mod land;
pub mod names;
pub mod ordinals;
mod scalar;
#[cfg(test)]
mod tests;
pub mod trigrams;
pub mod uscc;

/// Makes every function of this folder known to `context`.
pub fn register(context: &SessionContext) {
    for function in scalar() {
        context.register_udf(function.as_ref().clone());
    }
}

/// The functions of single rows.
pub fn scalar() -> Vec<Arc<ScalarUDF>> {
    scalar::functions()
}
