//! Land in mu (亩).
//! Pure: knows the geometry crate, no table and no engine.

/// `quantity` of `unit` in mu, or nothing when the unit is not one of land.
/// 亩 `mu` as it is, 公顷 `ha` `hm2` × 15, 平方米 `m2` `m²` `㎡` ÷ (2000 ⁄ 3).
pub fn mu(quantity: f64, unit: &str) -> Option<f64> {
    match unit.trim() {
        "亩" | "mu" => Some(quantity),
        "公顷" | "ha" | "hm2" | "hm²" => Some(quantity * 15.0),
        "平方米" | "m2" | "m²" | "㎡" => Some(kandeng_geo::mu_from_m2(quantity)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::mu;

    #[test]
    fn a_hectare_is_fifteen_mu_and_ten_thousand_square_metres() {
        assert_eq!(mu(1.0, "公顷"), Some(15.0));
        assert_eq!(mu(10_000.0, "平方米"), Some(15.0));
        assert_eq!(mu(10_000.0, "㎡"), Some(15.0));
        assert_eq!(mu(7.5, " 亩 "), Some(7.5));
        assert_eq!(mu(2.0, "ha"), Some(30.0));
    }

    #[test]
    fn a_unit_that_is_not_of_land_has_no_mu() {
        assert_eq!(mu(3.0, "公里"), None);
        assert_eq!(mu(3.0, ""), None);
    }
}
