//! Workbooks, folders of CSV or Parquet and registers, read into tables.
