//! The functions that rules need and SQL lacks, registered once for every rule.
//! What they compute stands in pure modules; the adapters to DataFusion beside them are thin.
//! They know text, dates, numbers and outlines, and must not know what a project or a county is.

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};

mod arguments;
pub mod benford;
pub(crate) mod bounded;
pub mod calendar;
mod figures;
mod fold;
mod ground;
mod hamming_clusters;
pub mod hamming_index;
mod hamming_scheme;
mod hamming_search;
pub mod land;
pub mod names;
pub mod ordinals;
mod outlines;
mod pairs;
pub mod quantile8;
mod repeated;
mod scalar;
#[cfg(test)]
mod tests;
pub mod trigrams;
pub mod uscc;

/// Makes every function of this folder known to the session that `builder` will build.
pub fn register(builder: &mut SessionStateBuilder) {
    let functions = builder.scalar_functions().get_or_insert_default();
    bounded::bound(functions);
    functions.extend(scalar());
    let functions = builder.aggregate_functions();
    functions.get_or_insert_default().extend(aggregate());
    let functions = builder.window_functions();
    functions.get_or_insert_default().extend(window());
}

/// The functions of single rows.
pub fn scalar() -> Vec<Arc<ScalarUDF>> {
    let mut functions = scalar::functions();
    functions.extend(ground::functions());
    functions
}

/// The functions of groups of rows; all of them may also be used over a window.
pub fn aggregate() -> Vec<Arc<AggregateUDF>> {
    vec![
        fold::aggregate::<figures::Quantile8>(),
        fold::aggregate::<figures::BenfordMad>(),
        fold::aggregate::<repeated::Repeated>(),
        fold::aggregate::<pairs::HammingPairs>(),
        fold::aggregate::<pairs::OverlapPairs>(),
        fold::aggregate::<ground::UnionArea>(),
        fold::aggregate::<ground::HullArea>(),
    ]
}

/// The functions that are only used over a window.
pub fn window() -> Vec<Arc<WindowUDF>> {
    vec![figures::quantile8_others()]
}
