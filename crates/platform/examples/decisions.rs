//! How long it takes to decide whether somebody may do something.
//!
//! ```sh
//! cargo run --release -p kandeng-platform --example decisions
//! ```

use std::hint::black_box;
use std::time::{Duration, Instant};

use kandeng_platform::Language;
use kandeng_platform::account::{Grant, Role, Viewer};
use kandeng_platform::authority::{Action, Authority, Facts, Hands, PolicyError, Resource};
use uuid::Uuid;

/// Decisions that are timed.
const TIMES: u32 = 20_000;

fn viewer(account: u128, grants: &[(Role, &str)]) -> Viewer {
    Viewer {
        account: Uuid::from_u128(account),
        grants: grants
            .iter()
            .map(|(role, place)| Grant {
                role: *role,
                jurisdiction: (*place).to_owned(),
            })
            .collect(),
        language: Language::Zh,
        session: Uuid::nil(),
    }
}

fn main() -> Result<(), PolicyError> {
    let since = Instant::now();
    let authority = Authority::new()?;
    println!("read and checked:       {:>9.1?}", since.elapsed());
    let hands = Hands {
        filed: vec![Uuid::from_u128(7)],
        village: vec![Uuid::from_u128(7)],
        township: vec![Uuid::from_u128(8)],
        department: Vec::new(),
    };
    let project = Resource {
        id: "project".to_owned(),
        jurisdiction: "990121003001".to_owned(),
        facts: Facts::Project {
            hands: hands.clone(),
        },
    };
    let flag = Resource {
        id: "flag".to_owned(),
        jurisdiction: "990121003001".to_owned(),
        facts: Facts::Flag {
            hands,
            severity: "high".to_owned(),
            proposed_by: Some(Uuid::from_u128(9)),
        },
    };
    let officer = viewer(1, &[(Role::Officer, "990121")]);
    let many = viewer(
        2,
        &[
            (Role::Clerk, "990121003001"),
            (Role::Reviewer, "990121003"),
            (Role::Officer, "990121"),
            (Role::Manager, "990121"),
        ],
    );
    for (name, viewer, action, resource) in [
        (
            "desk",
            &officer,
            Action::ViewDesk,
            &Resource::desk("990121"),
        ),
        ("project", &officer, Action::ViewProject, &project),
        ("flag, dismissed", &officer, Action::DismissFlag, &flag),
        ("flag, four roles", &many, Action::DismissFlag, &flag),
        ("denied", &officer, Action::ChangeItems, &project),
    ] {
        let first = Instant::now();
        black_box(authority.may(viewer, action, resource));
        let first = first.elapsed();
        let mut longest = Duration::ZERO;
        let since = Instant::now();
        for _ in 0..TIMES {
            let one = Instant::now();
            black_box(authority.may(black_box(viewer), action, resource));
            longest = longest.max(one.elapsed());
        }
        let mean = since.elapsed() / TIMES;
        println!(
            "{name:<22} {mean:>9.1?} on average, the first {first:.1?}, the longest {longest:.1?}"
        );
    }
    Ok(())
}
