//! Why an OCDS input could not be read at all. What can be read around is a diagnostic instead.

use kandeng_screening::Text;

use crate::system::says;

/// An input that yields nothing; every variant names the file.
#[derive(Debug, thiserror::Error)]
pub enum OcdsError {
    /// The file cannot be opened or read; check its name and rights.
    #[error("{file} cannot be read: {}", says(source).en)]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is nothing in it.
    #[error("{file} is empty")]
    Empty {
        /// The file.
        file: String,
    },
    /// The bytes are no UTF-8; name the encoding.
    #[error(
        "{file} is not UTF-8 (first at line {line}); name its encoding, such as --encoding iso-8859-1"
    )]
    NotUtf8 {
        /// The file.
        file: String,
        /// The first line that is not.
        line: u64,
    },
    /// No such encoding is known.
    #[error(
        "there is no encoding named {name}; try utf-8, iso-8859-1, windows-1252, gb18030, utf-16le"
    )]
    UnknownEncoding {
        /// What was asked for.
        name: String,
    },
    /// A gzip file of something else than text; unpack it first.
    #[error(
        "{file} is no gzipped JSON: it holds a workbook, a zip or a Parquet file; unpack it and name what comes out"
    )]
    PackedOther {
        /// The file.
        file: String,
    },
    /// Nothing in the file is JSON.
    #[error("{file} is no JSON: line {line}, column {column}: {}", problem.en)]
    NotJson {
        /// The file.
        file: String,
        /// Where reading stopped.
        line: u64,
        /// Where reading stopped.
        column: u64,
        /// What the parser said.
        problem: Text,
    },
    /// JSON, but neither releases nor records.
    #[error("{file} holds JSON but no OCDS: neither releases nor records with an ocid")]
    NotOcds {
        /// The file.
        file: String,
    },
    /// A gzip file that ends too early or is damaged, before anything in it could be used.
    #[error("{file} is a damaged or truncated gzip file: {}", problem.en)]
    Gzip {
        /// The file.
        file: String,
        /// What the decoder said.
        problem: Text,
    },
    /// Unpacked, the file is larger than any honest one; unpack it by hand if it is meant.
    #[error(
        "{file} unpacks to more than {limit} bytes, {ratio} times its size: refused as a decompression bomb"
    )]
    TooLarge {
        /// The file.
        file: String,
        /// Bytes unpacked when reading stopped.
        limit: u64,
        /// Unpacked bytes to each packed byte.
        ratio: u64,
    },
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
}

impl OcdsError {
    /// The sentence in both languages.
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Io { file, source } => format!("无法读取 {file}:{}", says(source).zh),
            Self::Empty { file } => format!("{file} 是空文件"),
            Self::NotUtf8 { file, line } => {
                format!(
                    "{file} 不是 UTF-8 编码(第 {line} 行起);请指明编码,例如 --encoding iso-8859-1"
                )
            }
            Self::PackedOther { file } => {
                format!(
                    "{file} 里不是 JSON,而是工作簿、zip 或 Parquet 文件;请先解压,再指明解压出的文件"
                )
            }
            Self::UnknownEncoding { name } => {
                format!(
                    "没有名为 {name} 的编码;可用 utf-8、iso-8859-1、windows-1252、gb18030、utf-16le 等"
                )
            }
            Self::NotJson {
                file,
                line,
                column,
                problem,
            } => {
                format!("{file} 不是 JSON:第 {line} 行第 {column} 列:{}", problem.zh)
            }
            Self::NotOcds { file } => {
                format!("{file} 是 JSON,但不是 OCDS:没有带 ocid 的 release 或 record")
            }
            Self::Gzip { file, problem } => {
                format!("{file} 是损坏或不完整的 gzip 文件:{}", problem.zh)
            }
            Self::TooLarge { file, limit, ratio } => {
                format!("{file} 解压后超过 {limit} 字节,为原大小的 {ratio} 倍,按压缩炸弹拒绝")
            }
            Self::Cancelled => "已停止".to_owned(),
        };
        Text::new(zh, self.to_string())
    }
}
