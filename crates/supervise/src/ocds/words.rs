//! What the parsers of JSON and gzip say, in both languages.

use kandeng_screening::Text;

/// The words of serde_json for what is no JSON, without its place, and the same in Chinese.
const SAID: &[(&str, &str)] = &[
    ("EOF while parsing", "内容在此中断"),
    ("control character", "字符串中有未转义的控制字符"),
    ("expected `,` or `]`", "此处应为“,”或“]”"),
    ("expected `,` or `}`", "此处应为“,”或“}”"),
    ("expected `:`", "此处应为“:”"),
    ("expected ident", "此处应为 true、false 或 null"),
    ("expected value", "此处应有一个值"),
    ("invalid escape", "字符串中的转义写法不对"),
    ("invalid number", "数字写法不对"),
    ("invalid unicode code point", "字符串中的 Unicode 编号不对"),
    ("key must be a string", "键应为带双引号的字符串"),
    ("lone leading surrogate", "字符串中的 Unicode 编号不成对"),
    ("number out of range", "数字太大"),
    ("recursion limit exceeded", "嵌套层次太深"),
    ("trailing characters", "值之后还有多余的内容"),
    ("trailing comma", "末尾多了一个“,”"),
    ("unexpected end of hex escape", "字符串中的转义写法不完整"),
    ("duplicate field", "同一个键出现了两次"),
    ("missing field", "缺少必需的键"),
    ("invalid type", "值的类型不对"),
    ("invalid value", "值不在允许的范围内"),
];

/// What is wrong with a document, without its place.
pub(super) fn of_json(error: &serde_json::Error) -> Text {
    let words = error.to_string();
    // What follows would be the line of the document and not of the file.
    let words = words.split(" at line ").next().unwrap_or_default();
    let known = SAID.iter().find(|(said, _)| words.starts_with(said));
    Text::new(known.map_or("不符合 JSON 语法", |(_, zh)| zh), words)
}

/// What is wrong with a gzip file.
pub(super) fn of_gzip(error: &std::io::Error) -> Text {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => Text::new("文件在中途结束", "it ends too early"),
        _ => Text::new("压缩数据已损坏", "its compressed data are corrupt"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One document for each thing that the parser may say.
    const BROKEN: &[&str] = &[
        "{\"a\":",
        "[1",
        "\"a",
        "{\"a\":1",
        "\"a\u{1}\"",
        "[1 2]",
        "{\"a\":1 2}",
        "{\"a\" 1}",
        "nul1",
        "?",
        "\"\\q\"",
        "01",
        "{1:2}",
        "\"\\ud800\"",
        "1e999",
        "1 2",
        "[1,]",
        "\"\\u12",
    ];

    #[test]
    fn whatever_the_parser_says_is_said_in_chinese_too() {
        for text in BROKEN {
            let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            let words = of_json(&error);
            assert_ne!(words.zh, "不符合 JSON 语法", "{text}: {error}");
            assert!(!words.en.contains(" at line "), "{words}");
        }
        let deep = "[".repeat(200);
        let error = serde_json::from_str::<serde_json::Value>(&deep).unwrap_err();
        assert_eq!(of_json(&error).zh, "嵌套层次太深");
    }
}
