//! What happened in the fictional county: two months of filing, vouching, screening and work on what was found.

mod cases;
mod filing;
mod photos;
mod registers;

use std::path::Path;
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan as _};
use kandeng_platform::account::People;
use kandeng_platform::authority::Authority;
use kandeng_platform::deadline::DeadlineLoop;
use kandeng_platform::node::{Node, NodeError};
use kandeng_platform::page::Site;
use kandeng_platform::{Context, Platform, SetClock};
use kandeng_supervise::project::{self, Declared};
use kandeng_supervise::watch::{Hours, Watch};
use uuid::Uuid;

use super::accounts::Accounts;
use super::{JURISDICTION, opened};
use crate::failure::Failure;
use crate::language::Words;
use crate::node::scenes;
use crate::progress::bar;
use cases::{CASES, Doubtful, Tale};

/// Days from the beginning of the story to yesterday.
const DAYS: i64 = 60;

/// Of the cases so many are opened in the last days only: some that are urged by today, some that are new.
const LATE: [(i64, usize); 2] = [(14, 4), (5, 2)];

/// Whether a day is among the last ones, in which what is asked is not answered yet.
fn is_new(day: i64) -> bool {
    day >= DAYS - LATE[1].0
}

/// The day of a moment, on a calendar in China.
pub(super) fn day_of(at: Timestamp) -> Date {
    Offset::constant(8).to_datetime(at).date()
}

/// When the story begins.
pub(super) fn beginning(today: Date) -> Date {
    // Cannot fail: today is far from the ends of the calendar.
    today.checked_sub(DAYS.days()).unwrap_or(date(2026, 1, 1))
}

/// Ten in the morning of a day.
fn morning(day: Date) -> Timestamp {
    let at = day.at(10, 0, 0, 0);
    // Cannot fail, for the same reason.
    Offset::constant(8).to_timestamp(at).unwrap_or_default()
}

/// Tells the story into a new node.
pub(super) fn tell(
    folder: &Path,
    county: &Path,
    accounts: &Path,
    today: Date,
    words: Words,
) -> Result<(), Failure> {
    let begins = beginning(today);
    let clock = Arc::new(SetClock::at(morning(begins)));
    let node = opened(folder, Arc::clone(&clock) as _)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::unwritten(folder))?;
    let told = runtime.block_on(async {
        scenes::begin(&node).await?;
        let teller = Teller::new(&node, clock, words, begins).await?;
        teller.accounts.write(accounts)?;
        teller.import(county).await?;
        teller.registers(county).await?;
        teller.vouch().await?;
        teller.work().await
    });
    drop(runtime);
    node.close();
    told
}

struct Teller<'a> {
    node: &'a Node,
    platform: Platform,
    site: Site,
    clock: Arc<SetClock>,
    accounts: Accounts,
    declared: Declared,
    words: Words,
    begins: Date,
}

impl<'a> Teller<'a> {
    async fn new(
        node: &'a Node,
        clock: Arc<SetClock>,
        words: Words,
        begins: Date,
    ) -> Result<Self, Failure> {
        let platform = node.platform.clone();
        let people = People::new(platform.clone(), Arc::clone(&node.vault));
        let cx = Context {
            jurisdiction: JURISDICTION.to_owned(),
            ..Context::of_the_platform(platform.clock().now())
        };
        let accounts = Accounts::make(&people, words, &cx).await;
        let accounts = accounts.map_err(crate::node::serve::failed)?;
        let authority = Authority::new().map_err(|error| Failure::wrong(error.0.zh, error.0.en))?;
        let declared = platform.query(project::newest).map_err(NodeError::from)?;
        let declared = declared.ok_or_else(|| Failure::wrong("没有填报声明", "no declaration"))?;
        Ok(Self {
            site: Site::new(platform.clone(), people, authority, JURISDICTION),
            node,
            platform,
            clock,
            accounts,
            declared,
            words,
            begins,
        })
    }

    fn cx(&self, actor: Uuid) -> Context {
        Context {
            actor,
            jurisdiction: JURISDICTION.to_owned(),
            ..Context::of_the_platform(self.platform.clock().now())
        }
    }

    /// Two months of screening and of work on what was found.
    async fn work(&self) -> Result<(), Failure> {
        let scene = scenes::supervise(self.node)?;
        let watch = Watch::new(self.site.clone(), scene, Hours::default());
        let deadlines = DeadlineLoop::new(self.platform.clone());
        let bar = bar(DAYS as u64, self.words.say("progress-story"));
        let mut waiting: Vec<Doubtful> = Vec::new();
        let mut tales: Vec<Tale> = Vec::new();
        for day in 0..DAYS {
            let date = self.begins.checked_add(day.days()).unwrap_or(self.begins);
            self.clock.set(morning(date));
            // Screened at night all the while; here at the beginning, and once a month.
            if day % 30 == 1 {
                watch.round().await.map_err(NodeError::from)?;
                let mended = self.fill_in_what_was_lacking().await;
                if mended.map_err(NodeError::from)? {
                    watch.round().await.map_err(NodeError::from)?;
                }
                waiting = self.doubtful()?;
            }
            if day > 1 {
                let opened = tales.len();
                let kept = LATE.iter().find(|(days, _)| day < DAYS - days);
                let kept = kept.map_or(0, |(_, cases)| *cases);
                // Two a day until there are enough.
                for number in (opened..CASES).take(2) {
                    if waiting.len() <= kept || CASES - number <= kept {
                        break;
                    }
                    let Some(doubtful) = waiting.pop() else {
                        break;
                    };
                    let tale = self
                        .open(doubtful, day, number)
                        .await
                        .map_err(NodeError::from)?;
                    tales.push(tale);
                }
                for tale in &tales {
                    self.go_on(tale, day).await.map_err(NodeError::from)?;
                }
                self.decide_single_flags(day)
                    .await
                    .map_err(NodeError::from)?;
                deadlines.fire_due().await.map_err(NodeError::from)?;
            }
            if day == DAYS - 3 {
                self.file_something_new().await.map_err(NodeError::from)?;
                self.add_photos().await?;
            }
            bar.set_position(day as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }
}
