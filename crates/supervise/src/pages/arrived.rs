//! Forms with files arrive: streamed to disk, bounded in number and size, for pages and programs alike. What is in them
//! is for whoever asked for them to say.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError};
use axum::http::StatusCode;
use kandeng_platform::Text;
use kandeng_platform::page::Problem;

/// The most bytes of a file's name.
const MOST_NAME: usize = 120;

/// The most fields beside the files.
const MOST_FIELDS: usize = 20;

/// The field that files are sent in.
const FILE: &str = "file";

/// How much of a form is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    /// How many files.
    pub files: usize,
    /// Bytes of one of them.
    pub bytes: u64,
    /// Bytes of a field that is no file.
    pub field: usize,
}

/// A file as it arrived.
pub(crate) struct ArrivedFile {
    pub path: PathBuf,
    /// What its sender calls it, without folders.
    pub name: String,
}

/// A form with files.
#[derive(Default)]
pub(crate) struct Arrived {
    fields: Vec<(String, String)>,
    pub files: Vec<ArrivedFile>,
    /// Why none of it can be taken.
    pub refused: Option<Text>,
}

impl Arrived {
    /// What a field says; nothing where there is no such field.
    pub fn field(&self, name: &str) -> &str {
        let mut of_name = self.fields().filter(|(known, _)| *known == name);
        of_name.next_back().map_or("", |(_, value)| value)
    }

    /// The fields beside the files, in the order in which they came.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// Writes the files of a form into a folder, under names of ours. What is too much is read to its end and not written,
/// so that whoever sent it gets an answer.
pub(crate) async fn receive(
    mut form: Multipart,
    folder: &Path,
    most: Most,
) -> Result<Arrived, Problem> {
    let mut arrived = Arrived::default();
    while let Some(mut field) = form.next_field().await.map_err(cut_off)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == FILE {
            take(&mut arrived, &mut field, folder, most).await?;
            continue;
        }
        let mut text = Vec::new();
        while let Some(bytes) = field.chunk().await.map_err(cut_off)? {
            if text.len() + bytes.len() > most.field {
                return Err(Problem::too_large());
            }
            text.extend_from_slice(&bytes);
        }
        if arrived.fields.len() == MOST_FIELDS || name.len() > MOST_NAME {
            return Err(Problem::too_large());
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        arrived.fields.push((name, text));
    }
    Ok(arrived)
}

/// Takes in one file.
async fn take(
    arrived: &mut Arrived,
    field: &mut Field<'_>,
    folder: &Path,
    most: Most,
) -> Result<(), Problem> {
    let name = short_name(field.file_name().unwrap_or_default());
    let path = folder.join(arrived.files.len().to_string());
    let mut size = 0;
    let mut file = None;
    while let Some(bytes) = field.chunk().await.map_err(cut_off)? {
        size += bytes.len() as u64;
        if arrived.files.len() >= most.files {
            arrived.refused.get_or_insert_with(|| too_many(most.files));
        } else if size > most.bytes {
            let refused = || too_large(&name, most.bytes);
            arrived.refused.get_or_insert_with(refused);
        }
        if arrived.refused.is_some() {
            continue;
        }
        let file = match &mut file {
            Some(file) => file,
            empty => {
                let made = std::fs::File::create(&path);
                empty.insert(made.map_err(|error| Problem::fault(&error))?)
            }
        };
        file.write_all(&bytes)
            .map_err(|error| Problem::fault(&error))?;
    }
    // A field in which nothing was chosen has neither name nor bytes.
    if size > 0 {
        arrived.files.push(ArrivedFile { path, name });
    } else if !name.is_empty() {
        arrived.refused.get_or_insert_with(|| empty(&name));
    }
    Ok(())
}

fn cut_off(error: MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => Problem::unreadable(Text::new(
            "文件没有完整送达,什么都没有收下;请再传一次",
            "the files did not arrive whole, and nothing was taken; send them again",
        )),
    }
}

/// The last part of a name, without what no line of text holds, and not too long; its ending stays.
fn short_name(sent: &str) -> String {
    let own = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    // Nor what turns letters around, so that a name looks as if it ended in another way.
    let turns = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let clean: String = own
        .chars()
        .filter(|letter| !letter.is_control() && !turns(*letter))
        .collect();
    let clean = clean.trim().trim_start_matches('.');
    if clean.len() <= MOST_NAME {
        return clean.to_owned();
    }
    let (stem, ending) = clean.rsplit_once('.').unwrap_or((clean, ""));
    let ending: String = ending.chars().take(8).collect();
    let room = MOST_NAME - ending.len() - 1;
    let stem: String = stem
        .chars()
        .scan(0, |bytes, letter| {
            *bytes += letter.len_utf8();
            (*bytes <= room).then_some(letter)
        })
        .collect();
    format!("{stem}.{ending}")
}

fn too_many(most: usize) -> Text {
    if most == 1 {
        return Text::new(
            "一次只能传一份文件;什么都没有收下",
            "one file at a time; nothing was taken",
        );
    }
    Text::new(
        format!("一次最多传 {most} 份文件;什么都没有收下,请分几次传"),
        format!("at most {most} files at once; nothing was taken, send them in several goes"),
    )
}

fn too_large(name: &str, most: u64) -> Text {
    let (name, most) = (crate::import::shown(name), most >> 20);
    Text::new(
        format!("“{name}”超过 {most} MB;什么都没有收下,请缩小后再传"),
        format!(
            "{name} has more than {most} MB; nothing was taken, make it smaller and send it again"
        ),
    )
}

fn empty(name: &str) -> Text {
    let name = crate::import::shown(name);
    Text::new(
        format!("“{name}”是空文件;什么都没有收下"),
        format!("{name} is empty; nothing was taken"),
    )
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn a_name_is_one_line_without_folders_and_keeps_its_ending() {
        assert_eq!(short_name("C:\\照片\\三组.jpg"), "三组.jpg");
        assert_eq!(short_name("../../etc/passwd"), "passwd");
        assert_eq!(short_name(" .a\nb.pdf "), "ab.pdf");
        assert_eq!(short_name("\u{202e}fdp.exe.pdf\u{2069}"), "fdp.exe.pdf");
        let long = short_name(&format!("{}.jpeg", "长".repeat(200)));
        assert!(long.len() <= 120 && long.ends_with("长.jpeg"), "{long}");
    }
}
