//! What can go wrong while rules are planned and run, and what to do about it.

use datafusion::common::{DataFusionError, SchemaError};
use thiserror::Error;

use crate::functions::bounded;
use crate::pack::PackError;
use crate::sql::has_word;
use crate::{SourceError, Text};

/// Why a run gave no result at all.
#[derive(Debug, Error)]
pub enum EngineError {
    /// The pack cannot be planned: mend the files named.
    #[error("{} error(s) in the rules, the first: {}", .0.len(), .0[0])]
    Pack(Vec<PackError>),
    /// A table could not be read: mend the input.
    #[error("the table {table} cannot be read: {source}")]
    Table {
        /// The table.
        table: String,
        /// What its source says.
        source: SourceError,
    },
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
    /// The machine refused what the engine needs (threads, temporary files).
    #[error("the engine could not start: {0}")]
    Machine(String),
}

/// A rule that gave no answer, while the others did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The rule.
    pub rule: String,
    /// Why.
    pub cause: FailureCause,
    /// What happened and what to do.
    pub message: Text,
}

/// Why a rule gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCause {
    /// It needed more memory than it may have.
    Memory,
    /// It took longer than it may.
    Time,
    /// Its SQL failed on these rows, such as by dividing by zero.
    Execution,
}

impl Failure {
    /// What a message calls a rule.
    pub(crate) fn rule(id: &str) -> Text {
        Text::new(format!("规则 {id}"), format!("rule {id}"))
    }

    /// The same as a failure of this rule. What failed may have been something that the rule waits for.
    pub(crate) fn of(self, id: &str) -> Self {
        let own = Self::rule(id);
        if self.message.zh.starts_with(&format!("{} ", own.zh)) {
            return Self {
                rule: id.to_owned(),
                ..self
            };
        }
        Self {
            rule: id.to_owned(),
            cause: self.cause,
            message: Text::new(
                format!("{} 没有结果:{}", own.zh, self.message.zh),
                format!("{} gave no answer: {}", own.en, self.message.en),
            ),
        }
    }

    /// A failure of what `what` names.
    pub(crate) fn from_error(what: &Text, error: &DataFusionError, memory_limit: usize) -> Self {
        let problem = error.strip_backtrace();
        let problem = problem.lines().next().unwrap_or_default();
        if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
            if problem.contains(bounded::TOO_LONG) {
                return Self {
                    rule: String::new(),
                    cause: FailureCause::Memory,
                    message: Text::new(
                        format!("{} 要生成的值过长({problem});请改短", what.zh),
                        format!(
                            "{} asks for values too long to hold ({problem}); make them shorter",
                            what.en
                        ),
                    ),
                };
            }
            let limit = memory_limit >> 20;
            return Self {
                rule: String::new(),
                cause: FailureCause::Memory,
                message: Text::new(
                    format!(
                        "{} 需要的内存超过上限 {limit} MiB;请提高 --memory,或用 rules profile 查看并改写其连接",
                        what.zh
                    ),
                    format!(
                        "{} needs more memory than the limit of {limit} MiB; raise --memory, or look at it with `rules profile` and rewrite its joins",
                        what.en
                    ),
                ),
            };
        }
        let advice = if problem.contains("Divide by zero") {
            (
                "除数为零,请用 nullif(除数, 0)",
                "a divisor is zero, write nullif(divisor, 0)",
            )
        } else {
            ("请检查其 SQL", "check its SQL")
        };
        Self {
            rule: String::new(),
            cause: FailureCause::Execution,
            message: Text::new(
                format!("{} 执行失败({problem});{}", what.zh, advice.0),
                format!("{} failed ({problem}); {}", what.en, advice.1),
            ),
        }
    }

    pub(crate) fn out_of_time(what: &Text, limit: std::time::Duration) -> Self {
        let seconds = limit.as_secs_f64();
        Self {
            rule: String::new(),
            cause: FailureCause::Time,
            message: Text::new(
                format!(
                    "{} 超过时限 {seconds} 秒,已停止;请用 rules profile 查看并改写,或提高 --time-limit",
                    what.zh
                ),
                format!(
                    "{} was stopped at its time limit of {seconds} s; look at it with `rules profile` and rewrite it, or raise --time-limit",
                    what.en
                ),
            ),
        }
    }
}

/// An error of planning, with the line of the word it complains about.
pub(crate) fn pack_error(
    file: &str,
    sql: &str,
    first_line: usize,
    error: &DataFusionError,
) -> PackError {
    let word = match error.find_root() {
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, .. }
            | SchemaError::AmbiguousReference { field } => Some(field.name.clone()),
            _ => None,
        },
        DataFusionError::Plan(message) => message
            .split('\'')
            .nth(1)
            .map(|name| name.rsplit('.').next().unwrap_or(name).to_owned()),
        _ => None,
    };
    let line = word
        .and_then(|word| sql.lines().position(|line| has_word(line, &word)))
        .map_or(first_line, |offset| first_line + offset);
    let problem = error.strip_backtrace();
    let problem = problem.lines().next().unwrap_or_default();
    PackError::new(
        file,
        line,
        format!("SQL 无法执行:{problem}"),
        format!("the SQL cannot be planned: {problem}"),
    )
}
