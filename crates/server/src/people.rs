//! People: who has an account, inviting them, their roles. For administrators; auditors look.

use askama::Template;
use axum::Extension;
use axum::extract::Query;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use kandeng_platform::account::{
    Account, Grant, GrantRole, NewPerson, PeopleError, Restore, Role, Suspend, Viewer, WithdrawRole,
};
use kandeng_platform::authority::{Action, Resource};
use kandeng_platform::page::{
    Asked, Form, Frame, Nothing, Params, Problem, Routes, Shell, Site, Words, html, moment, told,
};
use kandeng_platform::{Language, Refusal, jurisdiction};
use serde::Deserialize;
use uuid::Uuid;

use crate::words::words;

pub(crate) fn routes() -> Routes {
    use Action::{GrantRole, InvitePerson, ResetCredentials, SuspendPerson, ViewPeople};
    Routes::new()
        .asks(
            Method::GET,
            "/people",
            ViewPeople,
            |site, viewer, _| Ok(site.widest(viewer, ViewPeople)),
            list,
        )
        .asks(
            Method::POST,
            "/people",
            InvitePerson,
            |site, viewer, _| Ok(somebody_new(site, viewer)),
            invite,
        )
        .asks(
            Method::POST,
            "/people/{id}/link",
            ResetCredentials,
            person,
            link,
        )
        .asks(Method::POST, "/people/{id}/grant", GrantRole, person, grant)
        .asks(
            Method::POST,
            "/people/{id}/withdraw",
            GrantRole,
            person,
            withdraw,
        )
        .asks(
            Method::POST,
            "/people/{id}/suspend",
            SuspendPerson,
            person,
            suspend,
        )
        .asks(
            Method::POST,
            "/people/{id}/restore",
            SuspendPerson,
            person,
            restore,
        )
}

/// Rows of a page.
const PAGE: usize = 200;

/// The account of somebody new, within the widest jurisdiction that the viewer may invite people to: somebody may see
/// those of more.
pub(crate) fn somebody_new(site: &Site, viewer: &Viewer) -> Option<Resource> {
    site.widest_for(viewer, Action::InvitePerson, |place| {
        Resource::account(Uuid::nil(), place)
    })
}

/// Somebody's account: it lies in what all their roles lie in, and an account without a role where the node is. Whoever
/// sets the credentials of somebody is that somebody, in all places where they have a role.
pub(crate) fn person(
    site: &Site,
    _: &Viewer,
    params: &Params,
) -> Result<Option<Resource>, Problem> {
    let Some(id) = params.id("id") else {
        return Ok(None);
    };
    let places: Option<Vec<String>> = site.platform().query(|connection| {
        let mut there = connection.prepare_cached("select 1 from accounts where id = ?1")?;
        if !there.exists([id.to_string()])? {
            return Ok(None);
        }
        connection
            .prepare_cached("select distinct jurisdiction from account_grants where account = ?1")?
            .query_map([id.to_string()], |row| row.get(0))?
            .collect::<Result<_, _>>()
            .map(Some)
    })?;
    Ok(places.and_then(|places| {
        let Some(one) = places.first() else {
            return Some(Resource::account(id, site.jurisdiction()));
        };
        let holds_all = |code: &&str| {
            let mut places = places.iter();
            places.all(|place| jurisdiction::contains(code, place))
        };
        let place = jurisdiction::ancestors(one).find(holds_all)?;
        Some(Resource::account(id, place))
    }))
}

struct PersonRow {
    id: String,
    name: String,
    state: String,
    suspended: bool,
    /// Nobody changes their own account here.
    own: bool,
    grants: Vec<GrantRow>,
    signed_in: String,
    failed: u32,
}

struct GrantRow {
    role: &'static str,
    title: String,
    jurisdiction: String,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    shell: Shell,
    rows: Vec<PersonRow>,
    roles: Vec<(&'static str, String)>,
    may_change: bool,
    told: Option<String>,
    /// The address that somebody new opens, shown once.
    link: Option<String>,
    /// What was typed of somebody new, where it was refused.
    typed: NewOne,
    /// Where those are who were invited later.
    more: Option<String>,
}

/// Which are asked for, as it stands in an address.
#[derive(Default, Deserialize)]
struct Wanted {
    after: Option<Uuid>,
}

async fn list(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Query(Wanted { after }): Query<Wanted>,
) -> Result<Response, Problem> {
    let typed = NewOne::default();
    show_from(&site, &asked.viewer, frame, None, None, typed, after)
}

fn show(
    site: &Site,
    viewer: &Viewer,
    frame: Frame,
    told: Option<String>,
    link: Option<String>,
    typed: NewOne,
) -> Result<Response, Problem> {
    show_from(site, viewer, frame, told, link, typed, None)
}

fn show_from(
    site: &Site,
    viewer: &Viewer,
    frame: Frame,
    told: Option<String>,
    link: Option<String>,
    typed: NewOne,
    after: Option<Uuid>,
) -> Result<Response, Problem> {
    let words = words(viewer.language);
    let Some(within) = site.widest(viewer, Action::ViewPeople) else {
        return Err(Problem::not_found());
    };
    let (rows, next) = rows(site, viewer, &within.jurisdiction, after, words)?;
    let page = PeoplePage {
        rows,
        more: next.map(|after| format!("/people?after={after}")),
        roles: Role::ALL
            .into_iter()
            .map(|role| (role.name(), words.of(&role.title()).to_owned()))
            .collect(),
        may_change: somebody_new(site, viewer).is_some(),
        told,
        link,
        typed,
        shell: Shell::of(site, viewer, frame, words, words.say("people")),
    };
    Ok(html(&page))
}

/// An account as administrators see it, without whose it is.
pub(crate) struct AccountRow {
    pub id: Uuid,
    pub state: String,
    pub grants: Vec<Grant>,
    /// In milliseconds since 1970.
    pub signed_in: Option<i64>,
    failed: u32,
}

/// The accounts that somebody sees people of a place by, up to `most`, in the order in which they were invited; and
/// after which there are more.
pub(crate) fn accounts(
    site: &Site,
    within: &str,
    after: Option<Uuid>,
    most: usize,
) -> Result<(Vec<AccountRow>, Option<Uuid>), Problem> {
    // Cannot fail to parse: the projection wrote ids.
    let id = |text: String| Uuid::try_parse(&text).unwrap_or_default();
    let mut found = site.platform().query(|connection| {
        // A code begins with the codes of what it lies in; an account without a role belongs to the node.
        let mut select = connection.prepare_cached(
            "select id, state, signed_in_at, failed from accounts a \
             where (exists (select 1 from account_grants g where g.account = a.id \
                 and substr(g.jurisdiction, 1, length(?1)) = ?1) \
             or (?1 = ?2 and not exists (select 1 from account_grants g where g.account = a.id))) \
             and (?3 is null or (invited_at, id) > (select invited_at, id from accounts where id = ?3)) \
             order by invited_at, id limit ?4",
        )?;
        let mut grants = connection.prepare_cached(
            "select role, jurisdiction from account_grants where account = ?1 order by 1, 2",
        )?;
        let mut accounts = Vec::new();
        let after = after.map(|id| id.to_string());
        // One more than is shown, to know whether there are more.
        let mut rows = select.query((within, site.jurisdiction(), after, (most + 1) as i64))?;
        while let Some(row) = rows.next()? {
            let account: String = row.get(0)?;
            let grants = grants
                .query_map([&account], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<Vec<(String, String)>, _>>()?;
            let grants = grants.into_iter().filter_map(|(role, jurisdiction)| {
                let role = Role::ALL.into_iter().find(|known| known.name() == role)?;
                Some(Grant { role, jurisdiction })
            });
            accounts.push(AccountRow {
                grants: grants.collect(),
                state: row.get(1)?,
                signed_in: row.get(2)?,
                failed: row.get(3)?,
                id: id(account),
            });
        }
        Ok(accounts)
    })?;
    let next = found.len() > most;
    found.truncate(most);
    let last = found.last().map(|last| last.id);
    Ok((found, last.filter(|_| next)))
}

fn rows(
    site: &Site,
    viewer: &Viewer,
    within: &str,
    after: Option<Uuid>,
    words: Words,
) -> Result<(Vec<PersonRow>, Option<Uuid>), Problem> {
    let (accounts, next) = accounts(site, within, after, PAGE)?;
    let people = accounts.into_iter().map(|one| {
        let name = site.people().name(one.id)?;
        let grants = one.grants.into_iter().map(|grant| GrantRow {
            role: grant.role.name(),
            title: words.of(&grant.role.title()).to_owned(),
            jurisdiction: grant.jurisdiction,
        });
        Ok(PersonRow {
            name: name.unwrap_or_else(|| words.say("person-erased")),
            suspended: one.state == "suspended",
            own: one.id == viewer.account,
            state: words.say(&format!("account-{}", one.state)),
            grants: grants.collect(),
            signed_in: one.signed_in.map_or_else(|| words.say("never"), moment),
            failed: one.failed,
            id: one.id.to_string(),
        })
    });
    let people: Result<_, Problem> = people.collect();
    Ok((people?, next))
}

#[derive(Clone, Default, Deserialize)]
struct NewOne {
    name: String,
    login: String,
    role: String,
    jurisdiction: String,
    language: String,
}

/// The role and place that a form names, where the viewer's reach has it.
fn typed(site: &Site, viewer: &Viewer, role: &str, place: &str) -> Result<Grant, Problem> {
    let role = Role::ALL.into_iter().find(|known| known.name() == role);
    granted(site, viewer, role.ok_or_else(Problem::not_found)?, place)
}

/// A role within a place, where the viewer's reach has it.
pub(crate) fn granted(
    site: &Site,
    viewer: &Viewer,
    role: Role,
    place: &str,
) -> Result<Grant, Problem> {
    let place = place.trim();
    let within = Resource::account(Uuid::nil(), place);
    if !site.authority().may(viewer, Action::GrantRole, &within) {
        return Err(Refusal::new(
            "beyond-reach",
            format!("{place} 不是您辖区内的区划代码(2、4、6、9 或 12 位数字)"),
            format!(
                "{place} is no division code (2, 4, 6, 9 or 12 digits) within your jurisdiction"
            ),
        )
        .into());
    }
    Ok(Grant {
        role,
        jurisdiction: place.to_owned(),
    })
}

async fn invite(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Form(new): Form<NewOne>,
) -> Result<Response, Problem> {
    let viewer = asked.viewer;
    let words = words(viewer.language);
    let grant = match typed(&site, &viewer, &new.role, &new.jurisdiction) {
        Ok(grant) => grant,
        Err(problem) => {
            let told = Some(problem.detail(words));
            return show(&site, &viewer, frame, told, None, new);
        }
    };
    let person = NewPerson {
        name: new.name.clone(),
        login: new.login.clone(),
        language: match new.language.as_str() {
            "en" => Language::En,
            _ => Language::Zh,
        },
        grants: vec![grant],
    };
    let cx = site.context(&viewer, &asked.resource.jurisdiction);
    match site.people().invite(&person, &cx).await {
        Ok((_, token)) => {
            let link = Some(address(&token));
            show(&site, &viewer, frame, None, link, NewOne::default())
        }
        Err(PeopleError::Refused(refusal)) => {
            let told = words.of(&refusal.text).to_owned();
            show(&site, &viewer, frame, Some(told), None, new)
        }
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn address(token: &str) -> String {
    format!("/invitation/{token}")
}

/// Whose account the path names.
fn of(asked: &Asked) -> Result<Uuid, Problem> {
    asked.params.id("id").ok_or_else(Problem::not_found)
}

async fn link(
    site: Site,
    asked: Asked,
    Extension(frame): Extension<Frame>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    let token = site.people().issue_link(of(&asked)?, &cx).await?;
    let link = Some(address(&token));
    show(&site, &asked.viewer, frame, None, link, NewOne::default())
}

#[derive(Deserialize)]
struct OneGrant {
    role: String,
    jurisdiction: String,
}

async fn grant(site: Site, asked: Asked, Form(form): Form<OneGrant>) -> Result<Response, Problem> {
    let grant = typed(&site, &asked.viewer, &form.role, &form.jurisdiction)?;
    change(&site, &asked, GrantRole(grant)).await
}

async fn withdraw(
    site: Site,
    asked: Asked,
    Form(form): Form<OneGrant>,
) -> Result<Response, Problem> {
    let grant = typed(&site, &asked.viewer, &form.role, &form.jurisdiction)?;
    change(&site, &asked, WithdrawRole(grant)).await
}

#[derive(Deserialize)]
struct Why {
    reason: String,
}

async fn suspend(site: Site, asked: Asked, Form(why): Form<Why>) -> Result<Response, Problem> {
    let suspend = Suspend { reason: why.reason };
    change(&site, &asked, suspend).await
}

async fn restore(
    site: Site,
    asked: Asked,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    change(&site, &asked, Restore).await
}

async fn change<C: Clone>(site: &Site, asked: &Asked, command: C) -> Result<Response, Problem>
where
    Account: kandeng_platform::Decide<C>,
{
    let cx = site.context(&asked.viewer, &asked.resource.jurisdiction);
    site.platform()
        .carry_out::<Account, _>(of(asked)?, command, &cx)
        .await?;
    Ok(told(Redirect::to("/people").into_response(), "saved"))
}
