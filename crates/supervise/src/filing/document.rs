//! The reference page of the items, `docs/items.md`, written from the declaration.

use std::fmt::Write as _;

use super::declaration::{Category, Choice, Column, Filing, Item, Sheet};

impl Filing {
    /// The page, in Markdown, Chinese and English side by side.
    pub fn document(&self) -> String {
        let count = self.items().count();
        let mut page = format!(
            "# 信息项 / Items\n\n\
             <!-- Generated from crates/supervise/items/items.toml; a test compares them. -->\n\n\
             {} 大类 {count} 项,声明版本 {}。\"起\"为自该阶段起必填。\n\
             {} categories, {count} items, declaration {}. \"From\" is the stage from which an item is required.\n",
            self.categories.len(),
            self.version,
            self.categories.len(),
            self.version,
        );
        for category in &self.categories {
            self.write_category(&mut page, category);
        }
        page.push_str(
            "\n# 工作表 / Sheets\n\n\
             金额不写单位的以元计,表头或格内可写单位;Parquet 中以键为列名的整数金额以分计。\n\
             Amounts without a unit are yuan, and header or cell may name one; in Parquet, whole amounts in a column that goes \
             by its key are fen.\n\n\
             \"系统记录\"的列由平台自身产生,不由填报:工作簿和 CSV 中只有带县级密钥封签的才读取。\n\
             Columns that are \"recorded\" are made by the platform itself and filed by nobody: of a workbook or CSV they \
             are taken only under a seal of the county's key.\n",
        );
        for sheet in &self.sheets {
            self.write_sheet(&mut page, sheet);
        }
        page.push_str("\n# 比对库 / Registers\n\n都是可选的;每一列也是。\nAll optional, and so is each of their columns.\n");
        for sheet in &self.registers {
            self.write_sheet(&mut page, sheet);
        }
        page.push_str("\n# 选项 / Choices\n");
        for (name, choices) in &self.choices {
            write_choices(&mut page, name, choices);
        }
        page.push_str(
            "\n# 规模单位 / Units of scale\n\n| 类型 kind | 允许的单位 allowed |\n|---|---|\n",
        );
        for (kind, units) in &self.units.allowed {
            line(&mut page, &[&format!("`{kind}`"), &units.join("、")]);
        }
        page
    }

    fn write_category(&self, page: &mut String, category: &Category) {
        // Cannot fail: writing to a String does not.
        let _ = write!(
            page,
            "\n## {} {} / {} (`{}`)\n\n| # | key | 信息项 | item | type | 起 from | 适用 when | 公开 public | 列 columns | OC4IDS |\n|---|---|---|---|---|---|---|---|---|---|\n",
            category.number, category.zh, category.en, category.key
        );
        for item in &category.items {
            line(page, &self.item_cells(item).each_ref().map(String::as_str));
        }
    }

    fn item_cells(&self, item: &Item) -> [String; 10] {
        let from = self.stages.iter().find(|stage| stage.key == item.from);
        let columns = self.columns_of(&item.key);
        let columns = columns.iter().map(|(table, column)| {
            if *table == "projects" {
                format!("`{column}`")
            } else {
                format!("`{table}.{column}`")
            }
        });
        [
            item.number.clone(),
            format!("`{}`", item.key),
            item.zh.clone(),
            item.en.clone(),
            item.kind.clone(),
            from.map_or_else(String::new, |stage| format!("{} {}", stage.zh, stage.key)),
            item.when
                .as_ref()
                .map_or_else(String::new, |sql| format!("`{sql}`")),
            if item.public {
                "是 yes".to_owned()
            } else {
                String::new()
            },
            columns.collect::<Vec<_>>().join(" "),
            item.oc4ids.clone(),
        ]
    }

    fn write_sheet(&self, page: &mut String, sheet: &Sheet) {
        // Cannot fail: writing to a String does not.
        let _ = write!(
            page,
            "\n## {} / {} (`{}`)\n\n| 列 header | English | key | type | 信息项 item | 也认 also read |\n|---|---|---|---|---|---|\n",
            sheet.zh, sheet.en, sheet.table
        );
        for column in &sheet.columns {
            let cells = [
                column.zh.clone(),
                column.en.clone(),
                format!("`{}`", column.key),
                column_kind(column),
                column
                    .item
                    .as_ref()
                    .and_then(|key| self.item(key))
                    .map_or_else(String::new, |item| item.number.clone()),
                column.aliases.join("、"),
            ];
            line(page, &cells.each_ref().map(String::as_str));
        }
    }
}

fn column_kind(column: &Column) -> String {
    let mut kind = format!("{:?}", column.field).to_lowercase();
    if let Some(list) = &column.choices {
        kind = format!("{kind}: {list}");
    }
    if column.recorded {
        kind.push_str(", 系统记录 recorded");
    }
    kind
}

fn write_choices(page: &mut String, name: &str, choices: &[Choice]) {
    // Cannot fail: writing to a String does not.
    let _ = write!(
        page,
        "\n## `{name}`\n\n| key | 中文 | English | 也认 also read |\n|---|---|---|---|\n"
    );
    for choice in choices {
        line(
            page,
            &[
                &format!("`{}`", choice.key),
                &choice.zh,
                &choice.en,
                &choice.aliases.join("、"),
            ],
        );
    }
}

/// One row of a table.
fn line(page: &mut String, cells: &[&str]) {
    page.push('|');
    for cell in cells {
        page.push(' ');
        page.push_str(&cell.replace('|', "\\|"));
        page.push_str(" |");
    }
    page.push('\n');
}
