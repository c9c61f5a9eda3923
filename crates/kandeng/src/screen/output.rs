//! Where results go: standard output, a file, the red workbook beside its original.

use std::io::Write;
use std::path::{Path, PathBuf};

use kandeng_supervise::import::InputKind;

use super::county::County;
use super::guarded::Guarded;
use super::{Screened, csv, json, shown_path, summary, table, workbook};
use crate::args::{Format, Screen};
use crate::failure::Failure;
use crate::language::Words;
use crate::whole_file::{is_special, write_file};

/// `-` stands for standard output.
fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// The form of the result: as named, else by the ending of the file it goes to.
fn form(options: &Screen) -> Option<Format> {
    let ending = options.output.as_deref().and_then(Path::extension);
    let ending = ending.map(std::ffi::OsStr::to_ascii_lowercase);
    options
        .format
        .or_else(|| match ending.as_deref()?.to_str()? {
            "json" => Some(Format::Json),
            "csv" => Some(Format::Csv),
            "parquet" => Some(Format::Parquet),
            _ => None,
        })
}

/// Nothing that is read is written over, neither by what `--output` names nor by a red workbook beside its original;
/// and a workbook needs a file.
pub(super) fn check(options: &Screen) -> Result<(), Failure> {
    let guarded = Guarded::of(options);
    let named = options.output.as_deref().filter(|path| !is_stdout(path));
    if let Some(output) = named {
        guarded.refuse(output)?;
        if form(options) == Some(Format::Xlsx) {
            can_hold_a_workbook(output)?;
        }
    }
    // Where `--output` names the red workbook, none lies beside.
    let lies_beside = match form(options) {
        None => named.is_none(),
        Some(Format::Table) => true,
        Some(_) => false,
    };
    if lies_beside {
        for input in &options.input {
            guarded.refuse(&beside(input, options.hide_numbers))?;
        }
    }
    Ok(())
}

/// A workbook is renamed to its place, which must not be a device or a pipe.
fn can_hold_a_workbook(path: &Path) -> Result<(), Failure> {
    if is_special(path) {
        let shown = shown_path(path);
        return Err(Failure::wrong(
            format!("{shown} 不是普通文件,不能写入工作簿"),
            format!("{shown} is no regular file and cannot hold a workbook"),
        ));
    }
    Ok(())
}

pub(super) fn write(options: &Screen, screened: &Screened, words: Words) -> Result<(), Failure> {
    match form(options) {
        None | Some(Format::Table) => {
            let red = red_workbooks(options, screened, words)?;
            let text = summary::summary(screened, &red, words);
            // Without a form, `--output` names the red workbook where there is one.
            let is_for_red = form(options).is_none() && !red.is_empty();
            match &options.output {
                Some(path) if !is_stdout(path) && !is_for_red => {
                    write_file(path, |out| out.write_all(text.as_bytes()))
                }
                _ => print(&text),
            }
        }
        Some(Format::Json) => to_output(options, |out| json::write(out, screened)),
        Some(Format::Csv) => to_output(options, |out| csv::write(out, screened)),
        Some(Format::Parquet) => {
            let path = needed_output(options, "parquet")?;
            let rows = table::batches(screened)?;
            write_file(path, |out| table::write_parquet(out, &rows))
        }
        Some(Format::Xlsx) => {
            let path = needed_output(options, "xlsx")?;
            match marked(screened)[..] {
                [(county, number)] if county.inputs.len() == 1 => {
                    let hide = options.hide_numbers;
                    workbook::write_red(screened, county, number, path, hide, words)
                }
                _ => workbook::write_flags(screened, path, words),
            }
        }
    }
}

/// The inputs that can be given back marked: all of a county but Parquet, which has no cells that people look at.
fn marked(screened: &Screened) -> Vec<(&County, usize)> {
    let Some(county) = &screened.county else {
        return Vec::new();
    };
    (0..county.inputs.len())
        .filter(|number| county.import.kinds.get(*number) != Some(&InputKind::Parquet))
        .map(|number| (county, number))
        .collect()
}

fn needed_output<'a>(options: &'a Screen, format: &str) -> Result<&'a Path, Failure> {
    options
        .output
        .as_deref()
        .filter(|path| !is_stdout(path))
        .ok_or_else(|| {
            Failure::wrong(
                format!("--format {format} 需要用 --output 指定文件"),
                format!("--format {format} needs a file, name it with --output"),
            )
        })
}

/// The red workbooks, each beside its input, or where `--output` says when there is one only.
fn red_workbooks(
    options: &Screen,
    screened: &Screened,
    words: Words,
) -> Result<Vec<PathBuf>, Failure> {
    let marked = marked(screened);
    let named = options
        .output
        .as_deref()
        .filter(|path| form(options).is_none() && !is_stdout(path));
    if let (Some(path), true) = (named, marked.len() > 1) {
        return Err(Failure::wrong(
            format!(
                "有 {} 份输入,各有一个标红工作簿,不能都写到 {};请去掉 --output,或用 --format 指明结果的格式",
                marked.len(),
                path.display()
            ),
            format!(
                "there are {} inputs with a red workbook each, which cannot all be {}; leave out --output, or name a form of result with --format",
                marked.len(),
                path.display()
            ),
        ));
    }
    if let (Some(path), false) = (named, marked.is_empty()) {
        can_hold_a_workbook(path)?;
        let ending = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
        if !ending.is_some_and(|ending| ending == "xlsx" || ending == "xlsm") {
            let shown = shown_path(path);
            return Err(Failure::wrong(
                format!("标红工作簿的文件名应以 .xlsx 结尾,而不是 {shown};要别的结果请用 --format"),
                format!(
                    "the red workbook's name ends in .xlsx, which {shown} does not; for another form of result use --format"
                ),
            ));
        }
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    for (county, number) in marked {
        let input = &county.inputs[number];
        let mut path = named.map_or_else(|| beside(input, options.hide_numbers), Path::to_owned);
        if paths.contains(&path) {
            // `a.xls` and `a.xlsx` lie side by side.
            let name = input.file_name().unwrap_or_default().to_string_lossy();
            path.set_file_name(format!("{name}.flags.xlsx"));
        }
        workbook::write_red(screened, county, number, &path, options.hide_numbers, words)?;
        paths.push(path);
    }
    Ok(paths)
}

/// `county.xlsx` → `county.flags.xlsx`; the copy of a workbook with macros keeps them and its kind.
fn beside(input: &Path, is_new: bool) -> PathBuf {
    let is_macro = !is_new
        && input
            .extension()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("xlsm"));
    let stem = input
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let folder = input.parent().unwrap_or(Path::new(""));
    folder.join(format!(
        "{stem}.flags.{}",
        if is_macro { "xlsm" } else { "xlsx" }
    ))
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    Failure::of_stdout(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

fn to_output(
    options: &Screen,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    match &options.output {
        Some(path) if !is_stdout(path) => write_file(path, write),
        _ => {
            let mut out = std::io::BufWriter::with_capacity(1 << 18, std::io::stdout().lock());
            Failure::of_stdout(write(&mut out).and_then(|()| out.flush()))
        }
    }
}
