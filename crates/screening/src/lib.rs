//! Rule packs in SQL on Apache DataFusion: tables in, findings out.
//!
//! Knows tables, rules and findings. It must not know what a project or a county is.

pub use datafusion::arrow;

pub mod functions;
mod table;
mod text;

pub use table::{
    BatchIter, Batches, ColumnDeclaration, ColumnType, SourceError, TableDeclaration, TableSource,
    Tables,
};
pub use text::Text;
