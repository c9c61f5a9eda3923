//! The officer's desk: what is in doubt, the gravest first, and each doubt with its reason.

pub(crate) mod compared;
pub(crate) mod counts;
pub(crate) mod decide;
pub(crate) mod flag;
mod found;
pub(crate) mod queue;
pub(crate) mod ranked;
pub(crate) mod views;

use axum::http::Method;
use kandeng_platform::account::Viewer;
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{Params, Problem, Routes, Site};

pub(crate) use found::{COLUMNS, FlagRow, flag_of, hands_of};

pub(crate) fn routes() -> Routes {
    use Action::{
        AskAboutFlag, ConfirmFlag, DeclineDismissal, DismissFlag, KeepViews, ReviewFlag, ViewDesk,
        ViewFlag,
    };
    Routes::new()
        .asks(
            Method::GET,
            "/supervise/desk",
            ViewDesk,
            |site, viewer, _| Ok(site.widest(viewer, ViewDesk)),
            queue::shown,
        )
        .asks(
            Method::POST,
            "/supervise/desk/dismiss",
            ViewDesk,
            |site, viewer, _| Ok(site.widest(viewer, ViewDesk)),
            decide::dismiss_several,
        )
        .asks(
            Method::POST,
            "/supervise/desk/views",
            KeepViews,
            |site, viewer, _| Ok(site.widest(viewer, KeepViews)),
            views::keep,
        )
        .asks(
            Method::POST,
            "/supervise/desk/views/{id}/rename",
            KeepViews,
            views::of_path,
            views::rename,
        )
        .asks(
            Method::POST,
            "/supervise/desk/views/{id}/delete",
            KeepViews,
            views::of_path,
            views::delete,
        )
        .asks(
            Method::POST,
            "/supervise/desk/screen",
            Action::ScreenNow,
            |site, viewer, _| Ok(site.widest(viewer, Action::ScreenNow)),
            decide::screen_now,
        )
        .asks(
            Method::GET,
            "/supervise/flags/{id}",
            ViewFlag,
            of_path,
            flag::shown,
        )
        .asks(
            Method::POST,
            "/supervise/flags/{id}/read",
            ViewFlag,
            of_path,
            flag::read,
        )
        .without_room()
        .asks(
            Method::POST,
            "/supervise/flags/{id}/dismiss",
            DismissFlag,
            of_path,
            decide::dismiss,
        )
        .asks(
            Method::POST,
            "/supervise/flags/{id}/decline",
            DeclineDismissal,
            of_path,
            decide::decline,
        )
        .asks(
            Method::POST,
            "/supervise/flags/{id}/confirm",
            ConfirmFlag,
            of_path,
            decide::confirm,
        )
        .asks(
            Method::POST,
            "/supervise/flags/{id}/review",
            ReviewFlag,
            of_path,
            decide::review,
        )
        .asks(
            Method::POST,
            "/supervise/flags/{id}/ask",
            AskAboutFlag,
            of_path,
            decide::ask,
        )
}

/// The flag of the path.
pub(crate) fn of_path(
    site: &Site,
    _: &Viewer,
    params: &Params,
) -> Result<Option<Resource>, Problem> {
    let Some(id) = params.id("id") else {
        return Ok(None);
    };
    Ok(flag_of(site, id)?.map(|(_, resource)| resource))
}
