//! Canonical JSON (RFC 8785): one value, one sequence of bytes.

use serde_json::Value;

use crate::error::EventError;

/// The largest whole number that every reader of JSON agrees on (RFC 7493 §2.2).
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// Canonical bytes of a JSON value.
///
/// ```
/// let value = serde_json::json!({"b": 4.50, "a": "€"});
/// assert_eq!(kandeng_ledger::canonical(&value)?, "{\"a\":\"€\",\"b\":4.5}".as_bytes());
/// # Ok::<(), kandeng_ledger::EventError>(())
/// ```
///
/// # Errors
/// [`EventError::Number`] for a number that not every reader would read alike: a whole number beyond
/// 2⁵³ − 1.
pub fn canonical(value: &Value) -> Result<Vec<u8>, EventError> {
    let bytes = if is_plain(value)? {
        serde_json::to_vec(value)
    } else {
        serde_jcs::to_vec(value)
    };
    bytes.map_err(|error| EventError::Json(error.to_string()))
}

/// Whether `serde_json` writes the value canonically as it stands, as it does nearly all: its texts and whole
/// numbers are those of the RFC, but not its fractions, nor the order of keys beyond the first 57,344 characters
/// of Unicode, where UTF-16 sorts otherwise than UTF-8.
fn is_plain(value: &Value) -> Result<bool, EventError> {
    match value {
        Value::Number(number) if !is_read_alike(number) => {
            Err(EventError::Number(number.to_string()))
        }
        Value::Number(number) => Ok(!number.is_f64()),
        Value::Array(values) => {
            let mut plain = true;
            for value in values {
                plain &= is_plain(value)?;
            }
            Ok(plain)
        }
        Value::Object(fields) => {
            let mut plain = fields.keys().is_sorted();
            for (key, value) in fields {
                // The first byte of U+E000 and of all that come after it is at least this.
                plain &= key.bytes().all(|byte| byte < 0xEE);
                plain &= is_plain(value)?;
            }
            Ok(plain)
        }
        _ => Ok(true),
    }
}

fn is_read_alike(number: &serde_json::Number) -> bool {
    match number.as_i64() {
        Some(whole) => whole.unsigned_abs() <= MAX_SAFE_INTEGER,
        // A whole number beyond 64 bits of sign is beyond 53 bits too.
        None => !number.is_u64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn text(value: &Value) -> String {
        String::from_utf8(canonical(value).unwrap()).unwrap()
    }

    #[test]
    fn the_example_of_the_rfc_gives_its_bytes() {
        // §3.2.2 with its result in §3.2.4. The numbers as the compiler reads them, to the last bit.
        let mut value: Value = serde_json::from_str(
            r#"{"numbers":[],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                "literals":[null,true,false]}"#,
        )
        .unwrap();
        value["numbers"] = json!([
            333_333_333.333_333_3,
            1E30,
            4.50,
            2e-3,
            0.000_000_000_000_000_000_000_000_001
        ]);
        assert_eq!(
            text(&value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    #[test]
    fn keys_are_in_the_order_of_their_utf_16() {
        // The example of §3.2.3.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let order: Vec<_> = [
            "Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew",
        ]
        .iter()
        .map(|word| text(&value).find(word).unwrap())
        .collect();
        assert!(order.is_sorted(), "{order:?}");
    }

    #[test]
    fn numbers_are_written_as_javascript_does() {
        // Appendix B of the RFC.
        for (bits, expected) in [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0001, "9007199254740994"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ] {
            assert_eq!(text(&json!(f64::from_bits(bits))), expected);
        }
    }

    #[test]
    fn numbers_that_readers_would_read_differently_are_refused() {
        assert!(canonical(&json!({"fen": 9_007_199_254_740_991_i64})).is_ok());
        assert!(canonical(&json!({"fen": 9_007_199_254_740_992_i64})).is_err());
        assert!(canonical(&json!([[-9_007_199_254_740_992_i64]])).is_err());
        assert!(canonical(&json!(u64::MAX)).is_err());
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-1_000_000_i64..1_000_000).prop_map(Value::from),
            proptest::num::f64::NORMAL
                .prop_filter("canonical JSON has one kind of number", |float| float
                    .fract()
                    != 0.0)
                .prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn a_key_beyond_the_first_plane_sorts_before_those_at_its_end() {
        assert_eq!(
            text(&json!({"\u{ff61}": 1, "\u{1f3ee}": 2})),
            "{\"\u{1f3ee}\":2,\"\u{ff61}\":1}"
        );
        assert_eq!(
            text(&json!([{"\u{e000}": 1, "\u{10000}": 2}])),
            "[{\"\u{10000}\":2,\"\u{e000}\":1}]"
        );
    }

    proptest! {
        #[test]
        fn the_short_way_gives_what_the_whole_rfc_gives(value in values()) {
            prop_assert_eq!(canonical(&value).unwrap(), serde_jcs::to_vec(&value).unwrap());
        }

        #[test]
        fn what_was_written_reads_as_the_same_value_and_writes_the_same_again(value in values()) {
            let bytes = canonical(&value).unwrap();
            let back: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert_eq!(&back, &value);
            prop_assert_eq!(canonical(&back).unwrap(), bytes);
        }
    }
}
