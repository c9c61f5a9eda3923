//! Numbers of people, accounts and telephones: hashed as they are read, and told by nobody.

use kandeng_supervise::import::{ImportOptions, key_of, original_sheets, read};

use crate::book::{PROJECTS, import, key, table, texts, told, write};

const NUMBER: &str = "11010119900307001X";
const ACCOUNT: &str = "6222020200112233445";

#[test]
fn a_number_becomes_one_hash_however_it_is_written() {
    let read = import(&[
        PROJECTS,
        (
            "拨付",
            &[
                &["项目编码", "证件号", "账号"],
                &["99010120250001", NUMBER, "6222 0202 0011 2233 445"],
                &["99010120250001", "110101-19900307-001x", ACCOUNT],
                &["99010120250001", "无", ""],
            ],
        ),
        ("公职人员", &[&["身份证号"], &[NUMBER]]),
    ]);
    let ids = texts(&read, "payments", "payee_id");
    assert_eq!(ids[0], Some(key().hash(NUMBER)));
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids[2], None);
    assert_eq!(texts(&read, "officials", "id")[0], ids[0]);
    let accounts = texts(&read, "payments", "account");
    assert_eq!(accounts[0], accounts[1]);
    assert_eq!(key_of(accounts[0].as_deref().unwrap()), Some(key().id()));
}

#[test]
fn hashes_pass_and_a_mixture_of_keys_is_told() {
    let own = key().hash(NUMBER);
    let other = "0badc0de:00112233445566778899aabbccddeeff";
    let read = import(&[
        PROJECTS,
        (
            "拨付",
            &[
                &["项目编码", "证件号"],
                &["99010120250001", &own],
                &["99010120250001", other],
            ],
        ),
    ]);
    assert_eq!(
        texts(&read, "payments", "payee_id"),
        [Some(own), Some(other.to_owned())]
    );
    let told = told(&read, "different keys");
    assert_eq!(told.len(), 1);
    assert!(told[0].message.en.contains("0badc0de"));
    assert_eq!(told[0].value, None);
}

#[test]
fn no_number_is_in_tables_or_diagnostics() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(
        folder.path(),
        &[
            PROJECTS,
            (
                "拨付",
                &[
                    &["项目编码", "证件号", "账号", "拨付日期"],
                    &["99010120250001", NUMBER, ACCOUNT, "昨天"],
                    &["99010120250009", NUMBER, ACCOUNT, "2025-01-01"],
                    &[
                        "99010120250001",
                        "#110101199003070011",
                        "#6222020200112233445",
                        "2025-01-01",
                    ],
                ],
            ),
            (
                "验收人员",
                &[&["项目编码", "证件号"], &["99010120250001", NUMBER]],
            ),
            (
                "企业",
                &[
                    &["统一社会信用代码", "电话", "法人证件号"],
                    &["91510000MA6A0001X2", "13800138000", NUMBER],
                ],
            ),
        ],
    );
    let read = read(&[path], &ImportOptions::new(key())).unwrap();
    assert_eq!(told(&read, "more than 15 digits").len(), 2);
    let tables: Vec<_> = read.tables.names().map(|name| table(&read, name)).collect();
    let everything = format!("{:?} {tables:?}", read.diagnostics);
    for number in [
        NUMBER,
        ACCOUNT,
        "13800138000",
        "1101011990030700",
        "6222020200112233",
        "622202020011223",
    ] {
        assert!(!everything.contains(number), "{number} was kept");
    }
}

#[test]
fn a_number_in_a_column_that_is_not_for_it_is_hashed_and_told() {
    // The example of GB 11643-1999 itself, and digits alone that pass the same check.
    for number in ["11010519491231002X", "110101199003074514"] {
        let folder = tempfile::tempdir().unwrap();
        let projects = format!(
            "project_code,name,owner_uscc,boundary,households,contract_amount,身份证\n\
             99010120250001,张三{number},{number},{number},{number},{number},{number}\n"
        );
        let payments = format!(
            "project_code,date,amount,payee_uscc,voucher,purpose\n\
             99010120250001,2025-03-01,100,{number},{number},代领人{number}。\n"
        );
        std::fs::write(folder.path().join("projects.csv"), projects).unwrap();
        std::fs::write(folder.path().join("payments.csv"), payments).unwrap();
        let inputs = [folder.path().to_owned()];
        let options = ImportOptions::new(key());
        let read = read(&inputs, &options).unwrap();
        assert_eq!(
            texts(&read, "payments", "voucher"),
            [Some(key().hash(number))]
        );
        assert!(!told(&read, "does not belong here").is_empty());
        let tables: Vec<_> = read.tables.names().map(|name| table(&read, name)).collect();
        let copied = original_sheets(&inputs, &options).unwrap();
        let everything = format!("{:?} {tables:?} {copied:?}", read.diagnostics);
        let digits = number.trim_end_matches('X');
        assert!(!everything.contains(digits), "{number} was kept");
    }
}
