//! Whether a text tells a figure, however it is written: 399,880.22 元, 39.99 万元 and 40 万 are one amount, 2024-07-07 and
//! 2024年7月7日 one day. Pure; knows no flags.

use crate::half_width::half;

/// A number as somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Number {
    /// What stands there, times its unit.
    value: f64,
    /// What the last place is worth.
    place: f64,
    /// Digits without leading zeros.
    digits: u32,
    /// It says less than it could: in 万, with a fraction, as a percentage.
    is_rounded: bool,
}

/// A day as somebody wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Day {
    year: Option<u32>,
    month: u32,
    day: u32,
}

/// The numbers and days of a text.
#[derive(Debug, Default)]
struct Figures {
    numbers: Vec<Number>,
    days: Vec<Day>,
}

/// Whether `text` has a number or a day that stands in one of `figures`. Numbers of one digit tell nothing; a year alone is
/// a number.
pub(super) fn tells(text: &str, figures: &[String]) -> bool {
    let told = read(text, true);
    let known: Vec<Figures> = figures.iter().map(|figure| read(figure, false)).collect();
    let of_day = |day: &Day| {
        let mut days = known.iter().flat_map(|known| &known.days);
        days.any(|known| {
            let years = day.year.zip(known.year);
            (day.month, day.day) == (known.month, known.day) && years.is_none_or(|(a, b)| a == b)
        })
    };
    let of_number = |number: &Number| {
        let mut numbers = known.iter().flat_map(|known| &known.numbers);
        number.digits > 1 && numbers.any(|known| known.digits > 1 && is_about(number, known))
    };
    told.days.iter().any(of_day) || told.numbers.iter().any(of_number)
}

/// Whether a number is another one, or what one comes to who rounds it.
fn is_about(told: &Number, known: &Number) -> bool {
    let apart = (told.value - known.value).abs();
    // Twenty days are no 19.6 mu; 17 % are 17.2 %, and 400 thousand are 399,880.
    let rounds = told.is_rounded || told.digits >= 3;
    let lenient = if rounds { told.place / 2.0 } else { 0.0 };
    apart <= lenient + 1e-9 * known.value.abs().max(1.0)
}

/// In half width, without spaces in days.
fn half_width(text: &str) -> Vec<char> {
    let narrow = |letter: char| match letter {
        '\u{3000}' | '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
        other => half(other),
    };
    let wide: Vec<char> = text.chars().map(narrow).collect();
    let of_day = |at: usize| {
        wide.get(at)
            .is_some_and(|letter| "年月日".contains(*letter))
    };
    let is_kept = |at: &usize| wide[*at] != ' ' || !(of_day(at + 1) || *at > 0 && of_day(at - 1));
    (0..wide.len()).filter(is_kept).map(|at| wide[at]).collect()
}

/// What stands in a text. `also_named`: numbers beside letters, too, as in RMB100; otherwise they are parts of names and
/// hashes.
fn read(text: &str, also_named: bool) -> Figures {
    let text = half_width(text);
    let is_letter = |at: Option<usize>| {
        let letter = at.and_then(|at| text.get(at));
        letter.is_some_and(char::is_ascii_alphabetic)
    };
    let mut found = Figures::default();
    let mut at = 0;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        if let Some((day, end)) = day(&text, at) {
            found.days.push(day);
            at = end;
            continue;
        }
        let (number, end) = number(&text, at);
        let is_named = is_letter(at.checked_sub(1)) || is_letter(Some(end));
        if also_named || !is_named {
            found.numbers.push(number);
        }
        at = end;
    }
    found
}

/// A run of digits: its value, how many there are, and where it ends.
fn run(text: &[char], from: usize) -> (u32, usize, usize) {
    let digits = text[from..].iter().map_while(|digit| digit.to_digit(10));
    let (mut value, mut count) = (0_u32, 0);
    for digit in digits {
        value = value.saturating_mul(10).saturating_add(digit);
        count += 1;
    }
    (value, count, from + count)
}

/// 2024-07-07, 2024/7/7, 2024.7.7, 2024年7月7日, 7月7日, and where it ends.
fn day(text: &[char], from: usize) -> Option<(Day, usize)> {
    let (first, digits, end) = run(text, from);
    let is =
        |at: usize, letters: &[char]| text.get(at).is_some_and(|found| letters.contains(found));
    let (year, month, end) = if digits == 4 && is(end, &['-', '/', '.', '年']) {
        let (month, digits, end) = run(text, end + 1);
        ((1..=2).contains(&digits)).then_some((Some(first), month, end))?
    } else {
        (digits <= 2).then_some((None, first, end))?
    };
    let between: &[char] = if year.is_some() {
        &['-', '/', '.', '月']
    } else {
        &['月']
    };
    if !is(end, between) {
        return None;
    }
    let (day, digits, end) = run(text, end + 1);
    let is_day = (1..=2).contains(&digits) && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_day.then_some((Day { year, month, day }, end))
}

/// A number with its commas, fraction and unit, and where it ends.
fn number(text: &[char], from: usize) -> (Number, usize) {
    let mut digits = String::new();
    let mut at = from;
    while let Some(letter) = text.get(at) {
        let groups = || {
            let (_, count, _) = run(text, at + 1);
            count == 3
        };
        match letter {
            '0'..='9' => digits.push(*letter),
            ',' | '\'' | ' ' if groups() => {}
            _ => break,
        }
        at += 1;
    }
    let mut places = 0;
    if text.get(at) == Some(&'.') && text.get(at + 1).is_some_and(char::is_ascii_digit) {
        digits.push('.');
        at += 1;
        while let Some(digit) = text.get(at).filter(|digit| digit.is_ascii_digit()) {
            digits.push(*digit);
            places += 1;
            at += 1;
        }
    }
    let unit_at = (at..text.len()).find(|at| text[*at] != ' ').unwrap_or(at);
    let unit = match text.get(unit_at) {
        Some('亿') => 1e8,
        Some('万') => 1e4,
        Some('千') => 1e3,
        _ => 1.0,
    };
    let is_share = text.get(unit_at) == Some(&'%');
    let significant = digits.chars().filter(char::is_ascii_digit);
    let significant = significant.skip_while(|digit| *digit == '0').count() as u32;
    let number = Number {
        value: digits.parse::<f64>().unwrap_or_default() * unit,
        place: unit / 10_f64.powi(places),
        digits: significant,
        is_rounded: places > 0 || unit > 1.0 || is_share,
    };
    (number, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> bool {
        let figures = [
            "至 2024年7月7日 累计拨付 399,880.22 元,占合同 838,367.61 元 的 17.2%,超前 62 个百分点,与 99012120240106 重叠 19.6 亩",
            "1200000",
            "3",
            "9f7656e2:002f6d66147e7178d9dd493146d18c29",
        ];
        tells(text, &figures.map(str::to_owned))
    }

    #[test]
    fn a_figure_is_known_however_it_is_written() {
        for text in [
            "为何拨付 399,880.22 元?",
            "为何拨付399880.22元?",
            "为何拨付 399 880 元?",
            "为何拨付39.99万元?",
            "为何拨付约 40 万?",
            "为何拨付\u{ff13}\u{ff19}\u{ff0e}\u{ff19}\u{ff19}万?",
            "占合同的17%吗",
            "17.2个百分点",
            "超前 62 个百分点",
            "重叠 19.6 亩",
            "与 99012120240106 重叠",
            "2024-07-07 的凭证",
            "2024/7/7 的凭证",
            "2024 年的 7月7日 拨付的款",
            "120 万元的合同",
            "1,200,000",
            "0.012 亿",
            "RMB399880.22",
            "2024 年 7 月 7 日的凭证",
        ] {
            assert!(told(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_figure_of_it_may_be_asked() {
        for text in [
            "请补充 2024 年的合同。",
            "请在 20 日内答复。",
            "请补 3 张照片",
            "2024年8月7日的验收单",
            "请说明 620 户的名单",
            "2012年的通知",
            "开工时间以哪份文件为准?",
            "39.98 万元",
            "请补 6147 号文件",
            "",
        ] {
            assert!(!told(text), "{text}");
        }
    }
}
