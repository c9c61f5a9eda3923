//! The scene's pages as browsers get them: the clerk's, the reviewer's and the officers' stories, and bad days.

#![allow(clippy::unwrap_used)]

mod alike;
mod api;
mod asking;
mod attacks;
mod boundary;
mod clock;
mod compared;
mod days;
mod desk;
mod dismissed;
mod erasing;
mod files;
mod filing;
mod filters;
mod gone_rules;
mod imports;
mod parameters;
mod photos;
mod ranking;
mod registers;
mod remembered;
mod rendered;
mod routes;
mod snapshots;
#[path = "../../../server/tests/support/mod.rs"]
mod support;
mod traces;
mod typed;
mod views;
mod watch;
mod worked;

use std::sync::Arc;

use kandeng_platform::account::Role;
use kandeng_platform::node::{DeskAt, Evidence};
use kandeng_server::Reach;
use kandeng_supervise::filing::Filing;
use kandeng_supervise::import::IdentityKey;
use kandeng_supervise::project::{AdoptDeclaration, Declaration, declaration_id};
use kandeng_supervise::watch::{Hours, Watch};
use kandeng_supervise::{Settings, Supervise};
use support::{Browser, House, Seen};

/// A county with its scene, and the service that screens it.
pub(crate) struct County {
    pub(crate) house: House,
    pub(crate) watch: Watch,
    pub(crate) uploads: tempfile::TempDir,
    /// Where files of filings and previews are.
    pub(crate) kept: tempfile::TempDir,
    scene: Supervise,
    hours: Hours,
}

impl County {
    pub(crate) async fn new() -> Self {
        Self::with(Hours::default()).await
    }

    pub(crate) async fn with(hours: Hours) -> Self {
        let mut scene = None;
        let uploads = tempfile::tempdir().unwrap();
        let kept = tempfile::tempdir().unwrap();
        let house = House::of(
            kandeng_supervise::tables(),
            |_, vault| {
                let key = IdentityKey::from_bytes([7; 32]);
                let settings = Settings {
                    datum: None,
                    hours: hours.clone(),
                    desk: DeskAt {
                        urge: 4,
                        ..DeskAt::default()
                    },
                    uploads: uploads.path().to_owned(),
                    evidence: Evidence::new(kept.path().join("evidence")),
                    previews: kept.path().join("previews"),
                };
                let made = Supervise::new(Arc::clone(vault), key, settings);
                scene = Some(made.clone());
                vec![Box::new(made)]
            },
            // By a name of its own and over TLS: there are passkeys.
            Reach {
                secure: true,
                hosts: vec!["kandeng.example".to_owned()],
                ..Reach::default()
            },
        );
        let adopt = AdoptDeclaration {
            text: Filing::embedded_text().to_owned(),
        };
        let platform = house.site.platform();
        platform
            .carry_out::<Declaration, _>(declaration_id(), adopt, &house.cx())
            .await
            .unwrap();
        let scene = scene.unwrap();
        let watch = Watch::new(house.site.clone(), scene.clone(), hours.clone());
        Self {
            house,
            watch,
            uploads,
            kept,
            scene,
            hours,
        }
    }

    /// The service as it is after the node was started again: it knows nothing but what the ledger says.
    pub(crate) fn restart(&mut self) {
        let site = self.house.site.clone();
        self.watch = Watch::new(site, self.scene.clone(), self.hours.clone());
    }

    /// Screens what is to be screened now.
    pub(crate) async fn screen(&self) {
        self.watch.round().await.unwrap();
    }

    /// Files a project through the page, and gives its address.
    pub(crate) async fn file(&self, clerk: &mut Browser<'_>, code: &str, name: &str) -> String {
        let token = clerk.token().await;
        let fields = [
            ("form_token", &*token),
            ("code", code),
            ("name", name),
            ("kind", "infrastructure"),
            ("village", "990121003201"),
        ];
        let filed = clerk.post("/supervise/projects/new", &fields).await;
        assert_eq!(filed.status, 303, "{}", filed.body);
        filed.header("location").to_owned()
    }

    pub(crate) async fn clerk(&self) -> Browser<'_> {
        self.house
            .signed_in("clerk", Role::Clerk, "990121003")
            .await
    }
}

/// The fields of a category's form as a browser would send them, with some changed.
pub(crate) fn form(page: &Seen, changed: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for part in page.body.split("name=\"").skip(1) {
        let name = part.split('"').next().unwrap();
        let tag = part.split('>').next().unwrap();
        if name == "form_token" || name.starts_with("e.") {
            let value = tag
                .split("value=\"")
                .nth(1)
                .unwrap()
                .split('"')
                .next()
                .unwrap();
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    // One token is enough: every form has the same.
    fields.dedup();
    fields.extend(
        changed
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    fields
}

pub(crate) async fn send(
    browser: &mut Browser<'_>,
    path: &str,
    fields: &[(String, String)],
) -> Seen {
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    browser.post(path, &fields).await
}
