//! Open Contracting Data Standard releases and records, read into tables.
