//! Views of the queue that somebody keeps: a name, and the filters that it stands for. Everybody has their own, in a
//! stream of their own.

use std::collections::BTreeMap;

use kandeng_ledger::Recorded;
use kandeng_platform::{Aggregate, Context, Decide, Decision, Events, Refusal, Tables};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most views that one person keeps.
pub const MOST_VIEWS: usize = 20;

/// The most letters of a name.
const LONGEST_NAME: usize = 40;

/// The most letters of a filter's value.
const LONGEST_FILTER: usize = 60;

/// What happened to somebody's views.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "kebab-case")]
pub enum ViewEvent {
    /// One was kept.
    ViewKept {
        /// Its id.
        view: Uuid,
        /// What it is called.
        name: String,
        /// Filters that are set, by the name that the address gives them.
        filters: BTreeMap<String, String>,
    },
    /// It is called otherwise.
    ViewRenamed {
        /// Which.
        view: Uuid,
        /// What it is called now.
        name: String,
    },
    /// It is there no more.
    ViewDeleted {
        /// Which.
        view: Uuid,
    },
}

impl Events for ViewEvent {
    const VERSIONS: &'static [(&'static str, u16)] =
        &[("view-kept", 1), ("view-renamed", 1), ("view-deleted", 1)];
}

/// Somebody's views: id and name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Views(BTreeMap<Uuid, String>);

impl Aggregate for Views {
    const STREAM: &'static str = "views";
    type Event = ViewEvent;

    fn apply(&mut self, event: ViewEvent) {
        match event {
            ViewEvent::ViewKept { view, name, .. } | ViewEvent::ViewRenamed { view, name } => {
                self.0.insert(view, name);
            }
            ViewEvent::ViewDeleted { view } => {
                self.0.remove(&view);
            }
        }
    }
}

/// Keep one.
#[derive(Clone, Debug)]
pub struct KeepView {
    /// Its id.
    pub id: Uuid,
    /// What it is to be called.
    pub name: String,
    /// Filters that are set, by the name that the address gives them.
    pub filters: BTreeMap<String, String>,
}

/// Call one otherwise.
#[derive(Clone, Debug)]
pub struct RenameView {
    /// Which.
    pub id: Uuid,
    /// What it is to be called.
    pub name: String,
}

/// Keep one no longer.
#[derive(Clone, Copy, Debug)]
pub struct DeleteView(pub Uuid);

impl Views {
    /// A name that no other view of theirs has.
    fn name(&self, name: &str, of: Uuid) -> Result<String, Refusal> {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(Refusal::new(
                "view-name",
                format!("请给视图起名,不超过 {LONGEST_NAME} 字"),
                format!("give the view a name of at most {LONGEST_NAME} letters"),
            ));
        }
        if self.0.iter().any(|(id, known)| *id != of && *known == name) {
            return Err(Refusal::new(
                "view-name-taken",
                "你已有同名视图",
                "you have a view of that name already",
            ));
        }
        Ok(name)
    }

    fn known(&self, id: Uuid) -> Result<&String, Refusal> {
        self.0
            .get(&id)
            .ok_or_else(|| Refusal::new("no-view", "没有这个视图", "there is no such view"))
    }
}

impl Decide<KeepView> for Views {
    fn decide(&self, keep: KeepView, _: &Context) -> Result<Decision<ViewEvent>, Refusal> {
        if self.0.len() >= MOST_VIEWS {
            return Err(Refusal::new(
                "too-many-views",
                format!("最多保存 {MOST_VIEWS} 个视图,请先删除不用的"),
                format!("at most {MOST_VIEWS} views are kept; delete one that is not used"),
            ));
        }
        let name = self.name(&keep.name, keep.id)?;
        let long = |value: &String| value.chars().count() > LONGEST_FILTER;
        if keep.filters.is_empty() || keep.filters.values().any(long) {
            return Err(Refusal::new(
                "view-filters",
                "请先筛选,再保存为视图",
                "set a filter first, then keep it as a view",
            ));
        }
        Ok(ViewEvent::ViewKept {
            view: keep.id,
            name,
            filters: keep.filters,
        }
        .into())
    }
}

impl Decide<RenameView> for Views {
    fn decide(&self, rename: RenameView, _: &Context) -> Result<Decision<ViewEvent>, Refusal> {
        let known = self.known(rename.id)?;
        let name = self.name(&rename.name, rename.id)?;
        if *known == name {
            return Ok(Decision::of([]));
        }
        Ok(ViewEvent::ViewRenamed {
            view: rename.id,
            name,
        }
        .into())
    }
}

impl Decide<DeleteView> for Views {
    fn decide(
        &self,
        DeleteView(id): DeleteView,
        _: &Context,
    ) -> Result<Decision<ViewEvent>, Refusal> {
        self.known(id)?;
        Ok(ViewEvent::ViewDeleted { view: id }.into())
    }
}

/// A view as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Filters that are set.
    pub filters: BTreeMap<String, String>,
}

/// Somebody's views, by name.
///
/// # Errors
/// When the read model fails.
pub fn of(connection: &Connection, owner: Uuid) -> rusqlite::Result<Vec<SavedView>> {
    connection
        .prepare_cached("select id, name, filters from saved_views where owner = ?1 order by name")?
        .query_map([owner.to_string()], |row| {
            Ok(SavedView {
                id: row.get(0)?,
                name: row.get(1)?,
                // Cannot fail to parse: the projection wrote it.
                filters: serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default(),
            })
        })?
        .collect()
}

/// The table `saved_views`.
pub struct ViewTables;

impl Tables for ViewTables {
    fn name(&self) -> &'static str {
        "saved_views"
    }

    fn version(&self) -> u32 {
        1
    }

    fn tables(&self) -> &'static [&'static str] {
        &["saved_views"]
    }

    fn create(&self) -> &'static str {
        "create table saved_views (
            owner text not null,
            id text not null,
            name text not null,
            filters text not null, -- a JSON object
            primary key (owner, id)
        ) strict, without rowid;"
    }

    fn project(&self, to: &Connection, event: &Recorded) -> Result<(), String> {
        let Some((_, read)) = Views::event_in(event)? else {
            return Ok(());
        };
        let owner = event.stream.as_str().rsplit('/').next().unwrap_or_default();
        let done = match read {
            ViewEvent::ViewKept {
                view,
                name,
                filters,
            } => {
                // Cannot fail: text by text.
                let filters = serde_json::to_string(&filters).unwrap_or_default();
                to.prepare_cached("insert into saved_views values (?1, ?2, ?3, ?4)")
                    .and_then(|mut keep| {
                        keep.execute(params![owner, view.to_string(), name, filters])
                    })
            }
            ViewEvent::ViewRenamed { view, name } => to
                .prepare_cached("update saved_views set name = ?3 where owner = ?1 and id = ?2")
                .and_then(|mut rename| rename.execute(params![owner, view.to_string(), name])),
            ViewEvent::ViewDeleted { view } => to
                .prepare_cached("delete from saved_views where owner = ?1 and id = ?2")
                .and_then(|mut delete| delete.execute(params![owner, view.to_string()])),
        };
        done.map(|_| ()).map_err(|error| error.to_string())
    }
}
