//! A node that is killed in the middle of an import, through its pages: what was acknowledged is there, the file is
//! taken whole or not at all, and the node goes on.

use std::time::{Duration, Instant};

use super::serving::{Serving, colleague, init, invited, location};
use super::{kandeng, stdout};

const PROJECTS: usize = 2_000;

/// Whether projects are filed.
fn filed(serving: &Serving, visitor: &super::serving::Visitor) -> bool {
    let page = visitor.at(serving).get("/supervise/projects");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    page.contains("/supervise/projects/0")
}

#[test]
fn a_node_that_is_killed_while_it_takes_a_file_has_taken_all_of_it_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    init(folder);
    let link = invited(folder, "li");
    let mut csv = "项目编码,项目名称,项目类型,村(社区)代码,批复总投资\n".to_owned();
    for number in 0..PROJECTS {
        csv += &format!("9901212026{number:04},路 {number},基础设施,990121003201,60万元\n");
    }
    let mut serving = Serving::start(folder);
    let mut admin = serving.visitor();
    admin.enrol(&link, "li");
    let mut manager = colleague(&serving, &mut admin, "boss", "manager");
    let mut is_there = false;
    // Later each time, until it was done before the node was killed.
    for wait in [0, 20, 60, 120, 250, 500, 1_000, 20_000] {
        manager = manager.at(&serving);
        let read = manager.upload("/supervise/import", "projects.csv", csv.as_bytes());
        let report = location(&read).to_owned();
        let token = manager.token();
        let start = Instant::now();
        manager.post_and_go(&format!("{report}/take"), vec![("form_token", token)]);
        while start.elapsed() < Duration::from_millis(wait) && !is_there {
            std::thread::sleep(Duration::from_millis(5));
            if wait > 1_000 {
                is_there = filed(&serving, &manager);
            }
        }
        serving.kill();
        let verified = kandeng(folder, &["--lang", "en", "verify", "node"]);
        assert!(verified.status.success(), "{wait}: {}", stdout(&verified));
        serving = Serving::start(folder);
        is_there = filed(&serving, &manager);
        if is_there {
            break;
        }
    }
    assert!(is_there, "it was never taken");
    // All of it: the same file once more changes nothing.
    manager = manager.at(&serving);
    let read = manager.upload("/supervise/import", "projects.csv", csv.as_bytes());
    let report = manager.get(location(&read));
    assert!(report.contains("there is nothing to change"), "{report}");
    assert_eq!(serving.stop(), Some(0));
}
