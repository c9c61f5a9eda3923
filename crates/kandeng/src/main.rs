//! The command line of Kandeng.

fn main() {}
