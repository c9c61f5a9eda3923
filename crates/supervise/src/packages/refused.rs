//! Why nothing of a package can be taken: what is wrong, and where in the document.

use kandeng_screening::Text;

use super::{MOST_BYTES, MOST_PROJECTS};
use crate::system;

/// A package of which nothing can be taken. The person mends the file, or sends another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text().en)]
pub struct PackageError {
    /// Where: a JSON pointer, or line and column where it is no JSON.
    pub place: Text,
    /// What is wrong, and what to do.
    pub problem: Text,
}

impl PackageError {
    /// At a JSON pointer.
    pub(super) fn at(place: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            place: Text::new(place, place),
            problem: Text::new(zh, en),
        }
    }

    /// Of the document as a whole.
    pub(super) fn whole(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::at("", zh, en)
    }

    pub(super) fn io(error: &std::io::Error) -> Self {
        let says = system::says(error);
        Self::whole(says.zh, says.en)
    }

    pub(super) fn too_large(bytes: u64) -> Self {
        let (bytes, most) = (bytes >> 20, MOST_BYTES >> 20);
        Self::whole(
            format!("文件有 {bytes} MB,最多读取 {most} MB;请分成几份"),
            format!("the file has {bytes} MB, and at most {most} MB are read; split it"),
        )
    }

    pub(super) fn too_many_values() -> Self {
        Self::whole(
            "文件里的值过多;请分成几份",
            "there are too many values in the file; split it",
        )
    }

    pub(super) fn too_many(key: &str) -> Self {
        Self::at(
            &format!("/{key}/{MOST_PROJECTS}"),
            format!("一次最多 {MOST_PROJECTS} 个;请分成几份"),
            format!("at most {MOST_PROJECTS} at a time; split it"),
        )
    }

    pub(super) fn not_utf8(bytes: &[u8], error: std::str::Utf8Error) -> Self {
        let before = &bytes[..error.valid_up_to()];
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        Self {
            place: Text::new(format!("第 {line} 行"), format!("line {line}")),
            problem: Text::new(
                "不是 UTF-8 编码;请另存为 UTF-8",
                "not UTF-8; save it as UTF-8",
            ),
        }
    }

    /// What the parser says.
    pub(super) fn json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let says = error.to_string();
        let problem = if says.contains("recursion limit") {
            Text::new(
                "嵌套过深(最多 128 层),不是这两种标准的文件",
                "nested too deeply (at most 128 levels); neither standard does that",
            )
        } else if error.is_eof() {
            Text::new(
                "JSON 在这里中断,文件不完整;请重新下载或再传一次",
                "the JSON ends here, so the file is not whole; fetch or send it again",
            )
        } else if says.contains("trailing characters") {
            Text::new(
                "这里开始了另一个 JSON 文档;一份文件只能有一个包",
                "more than one JSON document: the next begins here; a file has one package",
            )
        } else {
            let says = says.split(" at line ").next().unwrap_or_default();
            Text::new(
                format!("不是合法的 JSON({says})"),
                format!("not valid JSON: {says}"),
            )
        };
        Self {
            place: Text::new(
                format!("第 {line} 行第 {column} 列"),
                format!("line {line}, column {column}"),
            ),
            problem,
        }
    }

    pub(super) fn cancelled() -> Self {
        Self::whole("已取消,什么都没有导入", "cancelled; nothing was taken")
    }

    /// Where and what, in both languages.
    pub fn text(&self) -> Text {
        if self.place.en.is_empty() {
            return self.problem.clone();
        }
        Text::new(
            format!("{}:{}", self.place.zh, self.problem.zh),
            format!("{}: {}", self.place.en, self.problem.en),
        )
    }
}
