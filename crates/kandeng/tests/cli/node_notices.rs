//! `kandeng notices list|retry`: notices that were given up, and another try for them.

use std::path::Path;

use kandeng_ledger::StreamName;
use kandeng_platform::notice::{Fail, Lease, Notice, SendError};
use kandeng_platform::{Clock as _, Context, Effect, NewNotice, SystemClock, Text};
use uuid::Uuid;

use crate::nodes::{init, open};
use crate::{json, refused, stdout, succeed};

/// Notices that nobody took, as the loop leaves them.
fn given_up(path: &Path, count: u128) {
    let node = open(path);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let cx = Context::of_the_platform(SystemClock.now());
    for number in 0..count {
        let notice = NewNotice {
            cause: format!("case/{number}"),
            to: Uuid::from_u128(9),
            channel: "duty".to_owned(),
            subject: Text::new("办件逾期", "A case is late"),
            body: Text::default(),
        };
        runtime
            .block_on(
                node.platform
                    .append(&cx, |plan| plan.effect(Effect::Notify(notice.clone()))),
            )
            .unwrap();
    }
    let waiting: Vec<String> = node
        .platform
        .query(|reader| {
            let mut select = reader.prepare("select stream from notices order by stream")?;
            let names = select.query_map([], |row| row.get(0))?;
            names.collect()
        })
        .unwrap();
    for stream in waiting {
        let stream: StreamName = stream.parse().unwrap();
        let fail = Fail {
            error: SendError::for_good("没有地址", "there is no address"),
            spread: 0,
        };
        for step in 0..2 {
            runtime
                .block_on(node.platform.append(&cx, |plan| match step {
                    0 => plan.decide::<Notice, _>(stream.clone(), Lease),
                    _ => plan.decide::<Notice, _>(stream.clone(), fail.clone()),
                }))
                .unwrap();
        }
    }
    node.close();
}

#[test]
fn notices_that_were_given_up_are_listed_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = init(folder);
    let list = ["notices", "list", "node", "--lang"];
    let none = stdout(&succeed(folder, &[&list[..], &["en"]].concat()));
    assert_eq!(none.trim(), "No notice was given up.");
    given_up(&path, 3);
    let told = stdout(&succeed(folder, &[&list[..], &["en"]].concat()));
    assert_eq!(told.lines().count(), 3, "{told}");
    assert!(told.contains("by duty") && told.contains("there is no address"));
    let told = stdout(&succeed(folder, &[&list[..], &["zh"]].concat()));
    assert!(
        told.contains("渠道 duty") && told.contains("没有地址"),
        "{told}"
    );
    let lines = succeed(folder, &["notices", "list", "node", "--format", "json"]);
    let first: serde_json::Value =
        serde_json::from_str(stdout(&lines).lines().next().unwrap()).unwrap();
    assert_eq!(first["problem"]["en"], "there is no address");
    assert_eq!(first["attempts"], 1);

    let notice = first["notice"].as_str().unwrap();
    let retry = ["notices", "retry", "node"];
    let told = succeed(folder, &[&retry[..], &[notice, "--lang", "en"]].concat());
    assert!(stdout(&told).contains("1 notices are tried again"));
    refused(
        folder,
        &[&retry[..], &[notice, "--lang", "en"]].concat(),
        &["no such notice was given up", notice],
    );
    refused(
        folder,
        &[&retry[..], &["case/7", "--lang", "zh"]].concat(),
        &["不是通知的名称"],
    );
    refused(
        folder,
        &[&retry[..], &["--lang", "en"]].concat(),
        &["NOTICE"],
    );
    let told = succeed(folder, &[&retry[..], &["--all", "--lang", "zh"]].concat());
    assert!(stdout(&told).contains("2 条通知"));
    let none = stdout(&succeed(folder, &[&list[..], &["zh"]].concat()));
    assert_eq!(none.trim(), "没有已放弃的通知。");
    let kinds = json(&succeed(
        folder,
        &["ledger", "stats", "node", "--format", "json"],
    ));
    assert!(
        kinds.to_string().contains("\"notice-retried\":3"),
        "{kinds}"
    );
}
