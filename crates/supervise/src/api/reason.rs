//! Why somebody reads what leaves a trace.

use axum::http::HeaderMap;
use kandeng_platform::Text;
use kandeng_platform::api::MOST_HEADER;
use kandeng_platform::page::Problem;

/// The header in which somebody says why they read something: UTF-8, each byte outside of ASCII as `%XX`.
pub(super) const REASON: &str = "reading-reason";

/// What the document says of it.
pub(super) const SAYS_WHY: &str = "查阅的理由:UTF-8,ASCII 以外的字节写作 %XX / Why it is read: UTF-8, each byte outside of ASCII as %XX";

/// The reason that a header says; nothing where there is none, or none that can be read.
pub(super) fn reason_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(said) = headers.get(REASON) else {
        return Ok(None);
    };
    let said = said.to_str().unwrap_or_default();
    if said.is_empty() || said.len() > MOST_HEADER {
        return Err(Problem::unreadable(Text::new(
            format!("{REASON}:应为 1 至 {MOST_HEADER} 个 ASCII 字符,其他字节写作 %XX"),
            format!("{REASON}: 1 to {MOST_HEADER} characters of ASCII, other bytes as %XX"),
        ))
        .with("field", REASON.into()));
    }
    // As a form writes a value, but that all else stands for itself.
    let said = said.replace('+', "%2B").replace('&', "%26");
    let mut fields = form_urlencoded::parse(said.as_bytes());
    let reason = match fields.next() {
        Some((name, value)) if said.contains('=') => format!("{name}={value}"),
        Some((name, _)) => name.into_owned(),
        None => String::new(),
    };
    let reason = reason.trim().to_owned();
    let can_be_read = !reason.is_empty() && !reason.contains(char::REPLACEMENT_CHARACTER);
    Ok(can_be_read.then_some(reason))
}
