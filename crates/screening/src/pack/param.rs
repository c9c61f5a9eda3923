//! Parameters of a rule: values with defaults in the header, set anew by whoever runs it.

use std::collections::BTreeMap;
use std::fmt;

/// A parameter's value. Lists hold values of one kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// A whole number; money is in fen.
    Int(i64),
    /// A decimal number.
    Float(f64),
    /// Text.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// Several values of one kind.
    List(Vec<Param>),
}

impl Param {
    /// Reads `name = value, …` as a TOML inline table.
    pub(super) fn parse_table(text: &str) -> Result<BTreeMap<String, Self>, String> {
        if text.trim().is_empty() {
            return Ok(BTreeMap::new());
        }
        let document = format!("params = {{ {text} }}");
        let table: toml::Table =
            toml::from_str(&document).map_err(|error| error.message().to_owned())?;
        let Some(toml::Value::Table(params)) = table.get("params") else {
            return Err("expected `name = value, …`".to_owned());
        };
        params
            .iter()
            .map(|(name, value)| Ok((name.clone(), Self::from_toml(value)?)))
            .collect()
    }

    /// Reads a value given on the command line for a parameter whose default is `self`.
    ///
    /// # Errors
    /// A sentence saying which kind of value is wanted.
    pub fn parse_like(&self, text: &str) -> Result<Self, String> {
        let value = match self {
            Self::Text(_) => return Ok(Self::Text(text.to_owned())),
            _ => Self::parse_table(&format!("value = {text}"))?
                .remove("value")
                .ok_or_else(|| "expected a value".to_owned())?,
        };
        self.convert(value)
    }

    /// Reads `name = value, …` in order of name.
    pub(crate) fn parse_list(text: &str) -> Result<Vec<(String, Self)>, String> {
        Ok(Self::parse_table(text)?.into_iter().collect())
    }

    /// A value as one of the default's kind.
    pub(crate) fn convert(&self, value: Self) -> Result<Self, String> {
        match (self, value) {
            (Self::Text(_), value @ Self::Text(_)) => Ok(value),
            (Self::Int(_), value @ Self::Int(_))
            | (Self::Float(_), value @ Self::Float(_))
            | (Self::Bool(_), value @ Self::Bool(_))
            | (Self::List(_), value @ Self::List(_)) => Ok(value),
            (Self::Float(_), Self::Int(whole)) => Ok(Self::Float(whole as f64)),
            (default, value) => Err(format!("expected {}, got {}", default.kind(), value.kind())),
        }
    }

    fn from_toml(value: &toml::Value) -> Result<Self, String> {
        Ok(match value {
            toml::Value::Integer(value) => Self::Int(*value),
            toml::Value::Float(value) if value.is_finite() => Self::Float(*value),
            toml::Value::String(value) => Self::Text(value.clone()),
            toml::Value::Boolean(value) => Self::Bool(*value),
            toml::Value::Array(values) => {
                let values = values
                    .iter()
                    .map(Self::from_toml)
                    .collect::<Result<Vec<_>, _>>()?;
                let mut kinds = values.iter().map(Self::kind);
                let first = kinds.next().ok_or("a list needs at least one value")?;
                if first == "a list" || kinds.any(|kind| kind != first) {
                    return Err("a list holds values of one kind".to_owned());
                }
                Self::List(values)
            }
            other => return Err(format!("{} is no parameter", other.type_str())),
        })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::Bool(_) => "true or false",
            Self::List(_) => "a list",
        }
    }
}

impl fmt::Display for Param {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(formatter, "{value}"),
            Self::Float(value) => write!(formatter, "{value}"),
            Self::Text(value) => write!(formatter, "{value:?}"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::List(values) => {
                formatter.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        formatter.write_str(", ")?;
                    }
                    write!(formatter, "{value}")?;
                }
                formatter.write_str("]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_parameters_is_read_with_its_kinds() {
        let params = Param::parse_table("tolerance = 0.15, limits = [1, 2], unit = '亩'").unwrap();
        assert_eq!(params["tolerance"], Param::Float(0.15));
        assert_eq!(
            params["limits"],
            Param::List(vec![Param::Int(1), Param::Int(2)])
        );
        assert_eq!(params["unit"], Param::Text("亩".into()));
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        assert!(Param::Int(3).parse_like("0.5").is_err());
        assert_eq!(
            Param::Float(3.0).parse_like("2").unwrap(),
            Param::Float(2.0)
        );
        assert!(Param::Int(3).parse_like("1 }, evil = {").is_err());
    }
}
