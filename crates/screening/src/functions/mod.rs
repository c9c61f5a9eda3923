//! The functions that rules need and SQL lacks, registered once for every rule.
