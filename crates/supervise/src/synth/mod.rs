//! A fictional county, believable and deterministic, with planted irregularities.
