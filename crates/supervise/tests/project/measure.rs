//! Figures, on demand: `cargo test --release --workspace --test project -- --ignored --nocapture measure`.

use std::time::Instant;

use kandeng_supervise::project::{County, Edit, Filter, export_workbook};
use kandeng_supervise::synth::Format;

use crate::support::{CLERK, Node, synthetic};

/// The most memory that this process ever had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or_default();
    let kib = line
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

/// What all threads of this process have computed, in seconds: what others do on the machine is not in it.
fn computed() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2);
    ticks
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

#[test]
#[ignore = "measures"]
fn measure_a_county_of_3200_projects() {
    let folder = tempfile::tempdir().unwrap();
    let payments = std::env::var("PAYMENTS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(27);
    let path = synthetic(3_200, payments, Format::Xlsx, folder.path());
    let node = Node::new();
    let mut at = Instant::now();
    let mut lap = |what: &str| {
        println!(
            "{what}: {:.2} s, peak {} MiB",
            at.elapsed().as_secs_f64(),
            peak()
        );
        at = Instant::now();
    };
    let read = node.read(&path);
    for (table, rows) in read.rows() {
        println!("  {table} {rows}");
    }
    lap("read");
    let options = node.options();
    let plan =
        kandeng_supervise::project::ImportPlan::new(&node.platform, read, &options, &|_, _| {});
    let plan = plan.unwrap();
    lap("plan");
    node.take(&plan);
    lap("take");
    drop(plan);
    let filing = node.declared().filing;
    for _ in 0..3 {
        let county = County::read(&node.platform, &filing, &node.key, None).unwrap();
        assert_eq!(county.len(), 3_200);
        lap("county");
    }
    assert!(node.plan(&path).is_unchanged());
    lap("read and plan again");
    let id = node
        .file("99010120259999", Edit::default().with("name", "x"), CLERK)
        .unwrap();
    lap("file one");
    let page = node.page(id);
    node.change(&page, Edit::default().with("name", "y"), CLERK)
        .unwrap();
    lap("change one");
    let filter = Filter {
        within: vec!["99".to_owned()],
        text: Some("路".to_owned()),
        ..Filter::default()
    };
    let found = node
        .platform
        .query(|of| kandeng_supervise::project::list(of, &filter, 0, 50))
        .unwrap();
    println!("  {} found", found.total);
    lap("search");
    let filter = Filter {
        within: vec!["99".to_owned()],
        ..Filter::default()
    };
    export_workbook(
        &node.platform,
        &filing,
        &node.key,
        &filter,
        &folder.path().join("out.xlsx"),
    )
    .unwrap();
    lap("export");
    let size = std::fs::metadata(node.folder().join("kandeng.db"))
        .unwrap()
        .len();
    println!("database {} MiB", size >> 20);
}

/// A workbook with so many projects, each with some items and a payment: one row in each of two sheets.
fn wide(projects: u32, folder: &std::path::Path) -> std::path::PathBuf {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let head = [
        "项目编码",
        "项目名称",
        "项目类型",
        "村(社区)代码",
        "批复总投资",
        "批复日期",
    ];
    let page = workbook.add_worksheet_with_constant_memory().unwrap();
    page.set_name("项目").unwrap();
    for (place, label) in (0_u16..).zip(head) {
        page.write_string(0, place, label).unwrap();
    }
    for row in 1..=projects {
        let code = format!("9901012026{row:06}");
        let name = format!("{row}号产业路硬化");
        let cells = [
            &*code,
            &name,
            "基础设施",
            "990101001201",
            "60万元",
            "2026-03-14",
        ];
        for (place, text) in (0_u16..).zip(cells) {
            page.write_string(row, place, text).unwrap();
        }
    }
    let path = folder.join("wide.xlsx");
    workbook.save(&path).unwrap();
    path
}

#[test]
#[ignore = "measures"]
fn measure_a_sheet_of_50000_projects() {
    let folder = tempfile::tempdir().unwrap();
    let path = wide(50_000, folder.path());
    let node = Node::new();
    let (mut at, mut before) = (Instant::now(), computed());
    let mut lap = |what: &str| {
        println!(
            "{what}: {:.2} s ({:.2} s computing), peak {} MiB",
            at.elapsed().as_secs_f64(),
            computed() - before,
            peak()
        );
        (at, before) = (Instant::now(), computed());
    };
    println!("{} KiB", std::fs::metadata(&path).unwrap().len() >> 10);
    let read = node.read(&path);
    lap("read");
    let options = node.options();
    let plan =
        kandeng_supervise::project::ImportPlan::new(&node.platform, read, &options, &|_, _| {});
    let plan = plan.unwrap();
    lap("plan");
    let cx = node.cx(CLERK);
    let (start, put) = (Instant::now(), std::sync::Mutex::new(0.0));
    crate::support::block_on(plan.take(&node.platform, &node.vault, &cx, &|done, of| {
        if done == of {
            *put.lock().unwrap() = start.elapsed().as_secs_f64();
        }
    }))
    .unwrap();
    println!("  put together: {:.2} s", put.lock().unwrap());
    lap("take");
    drop(plan);
    assert!(node.plan(&path).is_unchanged());
    lap("read and plan again");
    let out = folder.path().join("out.json");
    let filter = Filter {
        within: vec!["99".to_owned()],
        ..Filter::default()
    };
    kandeng_supervise::oc4ids::export_oc4ids(
        &node.platform,
        &node.declared().filing,
        &node.key,
        &filter,
        None,
        kandeng_supervise::oc4ids::Scope::Everything,
        &kandeng_supervise::oc4ids::Publisher::default(),
        &out,
    )
    .unwrap();
    lap("export as a package");
    println!("{} MiB", std::fs::metadata(&out).unwrap().len() >> 20);
    let read = kandeng_supervise::packages::read(&out, &options, &|_, _| {}).unwrap();
    lap("read the package");
    let plan =
        kandeng_supervise::project::ImportPlan::new(&node.platform, read, &options, &|_, _| {});
    assert!(plan.unwrap().is_unchanged());
    lap("plan the package");
}
