//! What officers set for their work: views of the queue that each keeps, and the county's own values of rules'
//! parameters. Decided here, purely; knows no pages and no HTTP.

pub mod parameters;
pub mod views;

pub use parameters::{
    ParameterChange, ParameterEvent, ParameterTables, Parameters, SetParameter, parameters_id,
};
pub use views::{DeleteView, KeepView, RenameView, SavedView, ViewEvent, ViewTables, Views};
