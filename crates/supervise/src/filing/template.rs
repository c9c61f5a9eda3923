//! The workbook to fill in: instructions, a sheet for each table, drop-downs, notes, an example row.
//! Written beside its place and renamed, so that no half of a workbook is left.

use std::path::{Path, PathBuf};

use kandeng_screening::Text;
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, Format, FormatAlign, FormatBorder, Note,
    Workbook, Worksheet, XlsxError,
};

use crate::system::{self, says};

use super::declaration::{Choice, Column, Field, Filing, Sheet};

/// Rows that drop-downs and formats reach.
const ROWS: u32 = 10_000;
/// What need not be filled in: example rows, and the tabs of registers.
const GREY: Color = Color::RGB(0x0080_8080);

/// The language of a template's labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// Simplified Chinese.
    Zh,
    /// English.
    En,
}

impl Wording {
    fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// Why a template was not written.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The system would not write it.
    #[error("{}: cannot be written: {}", path.display(), says(source).en)]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The declaration has what Excel cannot hold, such as a sheet's name of 40 letters.
    #[error("the declaration does not fit a workbook: {0}")]
    Unfit(#[from] XlsxError),
}

impl TemplateError {
    /// The same in both languages.
    pub fn text(&self) -> Text {
        let zh = match self {
            Self::Io { path, source } => {
                format!("{}:无法写入:{}", path.display(), says(source).zh)
            }
            Self::Unfit(why) => format!("信息项声明无法写成工作簿:{why}"),
        };
        Text::new(zh, self.to_string())
    }
}

/// Writes the template of a declaration, where no file is yet.
///
/// # Errors
/// When a file of that name is there, the file cannot be written, or the declaration does not fit a workbook.
pub fn write(path: &Path, filing: &Filing, wording: Wording) -> Result<(), TemplateError> {
    let io = |error: std::io::Error| TemplateError::Io {
        path: path.to_owned(),
        source: error,
    };
    let mut book = Workbook::new();
    write_instructions(book.add_worksheet(), filing, wording)?;
    for sheet in &filing.sheets {
        write_sheet(book.add_worksheet(), filing, sheet, wording)?;
    }
    for register in &filing.registers {
        let page = book.add_worksheet();
        write_sheet(page, filing, register, wording)?;
        page.set_tab_color(GREY);
    }
    let bytes = book.save_to_buffer()?;
    let mut file = system::beside(path).map_err(io)?;
    std::io::Write::write_all(&mut file, &bytes).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    // One that was filled in since is not lost to an empty one.
    file.persist_noclobber(path)
        .map_err(|error| io(error.error))?;
    Ok(())
}

/// The first sheet: how to fill in the others.
fn write_instructions(
    sheet: &mut Worksheet,
    filing: &Filing,
    wording: Wording,
) -> Result<(), XlsxError> {
    sheet.set_name(wording.pick("填报说明", "Instructions"))?;
    sheet.set_column_width(0, 96)?;
    let title = Format::new().set_bold().set_font_size(14);
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.write_with_format(
        0,
        0,
        wording.pick("项目信息填报", "Filing of projects"),
        &title,
    )?;
    let lines = match wording {
        Wording::Zh => [
            "一个项目在“项目”表中占一行,以项目编码区分;其余各表每行写明项目编码,可有多行。",
            "各表第二行为灰色示例,项目编码以“示例”开头,读取时跳过,可以删除。",
            "表头可以调换顺序,可以删去不用的列;不认识的列会报告,不会悄悄丢弃。",
            "金额默认以元填写;以万元填写时请写“12.5万元”,或把表头改为“合同金额(万元)”。",
            "日期可写 2025-03-14、2025/3/14 或 2025年3月14日。",
            "面积单位用 亩、公顷 或 平方米。",
            "编码、信用代码、证件号、账号各列请保持文本格式,以免末位数字丢失。",
            "证件号、账号在读取时即以县级密钥作散列,不保存原号。",
            "用地范围可填 WKT,或与工作簿同一文件夹中的 GPX、GeoJSON、KML、SHP 文件名。",
            "阶段留空时,由已填的信息项推定。",
            "灰色标签的各表是比对库(行政区划、企业、死亡等),都可不填:空着或整张删去,用到它的规则就记为“不适用”。",
        ],
        Wording::En => [
            "A project is one row of Projects, told apart by its code; the other sheets name the project code in each row and may have several.",
            "The grey second row of each sheet is an example: its project code begins with 示例, it is not read and may be deleted.",
            "Columns may stand in any order, and unused ones may be deleted; unknown columns are reported, never dropped in silence.",
            "Amounts are in yuan; write 12.5万元 for ten thousands, or rename the header to “Contract amount (万元)”.",
            "Dates may be written 2025-03-14, 2025/3/14 or 2025年3月14日.",
            "Areas are in 亩, 公顷 or 平方米.",
            "Keep columns of codes, credit codes, IDs and accounts as text, lest their last digits are lost.",
            "IDs and accounts are hashed with the county's key as they are read; the numbers are not kept.",
            "A boundary is WKT, or the name of a GPX, GeoJSON, KML or SHP file in the workbook's folder.",
            "A stage left empty is derived from the items that are filled.",
            "Sheets with a grey tab are registers to compare with (divisions, companies, the deceased …), all optional: leave one empty or delete it, and rules that need it are not applicable.",
        ],
    };
    for (row, line) in (2..).zip(lines) {
        sheet.write_with_format(row, 0, line, &wrapped)?;
    }
    let version = format!(
        "{} {}",
        wording.pick("信息项声明版本", "Declaration of items:"),
        filing.version
    );
    sheet.write_with_format(3 + lines.len() as u32, 0, version, &wrapped)?;
    Ok(())
}

/// One sheet to fill in.
fn write_sheet(
    page: &mut Worksheet,
    filing: &Filing,
    sheet: &Sheet,
    wording: Wording,
) -> Result<(), XlsxError> {
    page.set_name(wording.pick(&sheet.zh, &sheet.en))?;
    page.set_freeze_panes(1, 1)?;
    let header = Format::new()
        .set_bold()
        .set_background_color(Color::RGB(0x00DD_E6F0))
        .set_border_bottom(FormatBorder::Thin)
        .set_text_wrap()
        .set_align(FormatAlign::VerticalCenter);
    let columns = sheet.columns.iter();
    let columns = columns.filter(|column| column.template && !filing.is_retired(column));
    for (place, column) in (0_u16..).zip(columns) {
        let choices = filing.choices(column);
        let format = number_format(column.field);
        let label = wording.pick(&column.zh, &column.en);
        page.set_column_width(place, width(label, column))?;
        page.set_column_format(place, &format)?;
        page.write_with_format(0, place, label, &header)?;
        page.insert_note(0, place, &note(filing, column, choices, wording))?;
        let grey = format.set_font_color(GREY).set_italic();
        write_example(page, place, column, choices, wording, &grey)?;
        if let Some(validation) = drop_down(filing, column, choices, wording)? {
            page.add_data_validation(1, place, ROWS, place, &validation)?;
        }
    }
    Ok(())
}

/// The example row's cell, of the type that the column has.
fn write_example(
    page: &mut Worksheet,
    place: u16,
    column: &Column,
    choices: &[Choice],
    wording: Wording,
    grey: &Format,
) -> Result<(), XlsxError> {
    let example = column.example.as_str();
    if example.is_empty() {
        return Ok(());
    }
    let choice = choices
        .iter()
        .find(|choice| choice.zh == example || choice.key == example);
    if let Some(choice) = choice {
        page.write_with_format(1, place, wording.pick(&choice.zh, &choice.en), grey)?;
        return Ok(());
    }
    match column.field {
        Field::Money | Field::Quantity | Field::Percent | Field::Int | Field::Number => {
            match example.parse::<f64>() {
                Ok(number) => page.write_with_format(1, place, number, grey)?,
                Err(_) => page.write_with_format(1, place, example, grey)?,
            };
        }
        Field::Date => {
            match rust_xlsxwriter::ExcelDateTime::parse_from_str(example) {
                Ok(day) => page.write_with_format(1, place, &day, grey)?,
                Err(_) => page.write_with_format(1, place, example, grey)?,
            };
        }
        _ => {
            page.write_with_format(1, place, example, grey)?;
        }
    }
    Ok(())
}

/// A list to choose from, where the column is a choice and the list fits Excel.
fn drop_down(
    filing: &Filing,
    column: &Column,
    choices: &[Choice],
    wording: Wording,
) -> Result<Option<DataValidation>, XlsxError> {
    let list: Vec<&str> = match column.field {
        Field::Bool => vec![wording.pick("是", "yes"), wording.pick("否", "no")],
        Field::Unit => filing.units.names.keys().map(String::as_str).collect(),
        _ => choices
            .iter()
            .map(|choice| wording.pick(&choice.zh, &choice.en))
            .collect(),
    };
    let length: usize = list
        .iter()
        .map(|entry| entry.encode_utf16().count() + 1)
        .sum();
    if list.is_empty() || length > 255 {
        return Ok(None);
    }
    let message = wording.pick("请从列表中选择", "choose from the list");
    // Units have other names that are read too; Excel asks, and lets them pass.
    let style = match column.field {
        Field::Unit => DataValidationErrorStyle::Warning,
        _ => DataValidationErrorStyle::Stop,
    };
    Ok(Some(
        DataValidation::new()
            .allow_list_strings(&list)?
            .set_error_style(style)
            .set_error_message(message)?,
    ))
}

/// How Excel shows the column.
fn number_format(field: Field) -> Format {
    let format = Format::new();
    match field {
        Field::Date => format.set_num_format("yyyy-mm-dd"),
        Field::Time => format.set_num_format("yyyy-mm-dd hh:mm"),
        Field::Money => format.set_num_format("#,##0.00"),
        Field::Quantity | Field::Percent | Field::Int | Field::Number => format,
        _ => format.set_num_format("@"),
    }
}

fn width(label: &str, column: &Column) -> f64 {
    // A Chinese character is two Latin ones wide.
    let wide = |text: &str| {
        text.chars()
            .map(|letter| if letter.is_ascii() { 1 } else { 2 })
            .sum::<u32>()
    };
    let longest = wide(label).max(wide(&column.example)) + 3;
    f64::from(longest.clamp(10, 40))
}

/// What hovers over a header: the item, its stage, the form.
fn note(filing: &Filing, column: &Column, choices: &[Choice], wording: Wording) -> Note {
    let mut lines = Vec::new();
    let item = column.item.as_ref().and_then(|key| filing.item(key));
    if let Some(item) = item {
        lines.push(format!(
            "{} {}",
            item.number,
            wording.pick(&item.zh, &item.en)
        ));
        if let Some(stage) = filing.stages.iter().find(|stage| stage.key == item.from) {
            lines.push(format!(
                "{}{}",
                wording.pick("必填阶段:", "required from: "),
                wording.pick(&stage.zh, &stage.en)
            ));
        }
    }
    let form = match column.field {
        Field::Date => wording.pick("日期,如 2025-03-14", "a day, such as 2025-03-14"),
        Field::Time => wording.pick(
            "时间,如 2025-03-14 09:30",
            "a moment, such as 2025-03-14 09:30",
        ),
        Field::Money => wording.pick("金额(元)", "an amount in yuan"),
        Field::Percent => wording.pick("百分数,40 即 40%", "a percentage: 40 is 40%"),
        Field::Uscc => wording.pick(
            "18 位统一社会信用代码",
            "unified social credit code, 18 characters",
        ),
        Field::Identity => wording.pick("文本;读取时散列,不保存原号", "text; hashed as it is read"),
        Field::Boundary => wording.pick(
            "WKT,或 GPX/GeoJSON/KML/SHP 文件名",
            "WKT, or the name of a GPX/GeoJSON/KML/SHP file",
        ),
        Field::Bool => wording.pick("是 或 否", "yes or no"),
        _ => "",
    };
    if !form.is_empty() {
        lines.push(form.to_owned());
    }
    if !choices.is_empty() {
        let list = choices
            .iter()
            .map(|choice| wording.pick(&choice.zh, &choice.en));
        lines.push(list.collect::<Vec<_>>().join("、"));
    }
    lines.push(column.key.clone());
    Note::new(lines.join("\n"))
        .add_author_prefix(false)
        .set_author("Kandeng")
}
