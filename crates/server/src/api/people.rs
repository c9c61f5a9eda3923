//! Accounts for programs: who has one, inviting somebody, roles, suspending. Nobody's name is in an answer. Credentials
//! are no program's, and no administrator is: a link for somebody who has an account already, and whoever administers
//! people, are made on the page.

use axum::http::StatusCode;
use axum::{Extension, Json};
use kandeng_platform::Decide;
use kandeng_platform::Language;
use kandeng_platform::account::{
    Account, Grant, GrantRole, NewPerson, Restore, Role, Suspend, WithdrawRole,
};
use kandeng_platform::api::{Asks, At, CommandId, Done, Id, Operation, Operations, Said, born};
use kandeng_platform::authority::Action;
use kandeng_platform::page::{Asked, Problem, Program, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::people::{accounts, address, granted, person, somebody_new};

/// The most accounts that are given at once.
const MOST: usize = 500;

/// What every command answers.
const DONE: &str = "已办,或本来如此 / Done, or so already";

pub(super) fn operations() -> Operations {
    use Action::{GrantRole, InvitePerson, SuspendPerson, ViewPeople};
    let step = |path, about| Operation::command(path, about).giving::<Done>(200, DONE);
    Operations::new()
        .asks(
            Operation::read(
                "/api/people",
                "账号、角色、状态,先邀请的在前,一次至多 500 个 / Accounts, their roles and states, those invited first, \
                 up to 500 at once",
            )
            .asking::<WantedPeople>()
            .giving::<Accounts>(200, "账号 / The accounts"),
            ViewPeople,
            |site, viewer, _| Ok(site.widest(viewer, ViewPeople)),
            listed,
        )
        .asks(
            Operation::command(
                "/api/people",
                "邀请一人;链接只给出一次 / Invite somebody; the link is given once",
            )
            .taking::<NewPersonIn>()
            .giving::<Invited>(201, "已邀请 / Somebody is invited"),
            InvitePerson,
            |site, viewer, _| Ok(somebody_new(site, viewer)),
            invite,
        )
        .asks(
            step("/api/people/{id}/grant", "给一个角色 / Give a role").taking::<RoleIn>(),
            GrantRole,
            person,
            grant,
        )
        .asks(
            step("/api/people/{id}/withdraw", "收回一个角色 / Take a role").taking::<RoleIn>(),
            GrantRole,
            person,
            withdraw,
        )
        .asks(
            step("/api/people/{id}/suspend", "停用账号 / Suspend an account")
                .taking::<SuspendedBecause>(),
            SuspendPerson,
            person,
            suspend,
        )
        .asks(
            step("/api/people/{id}/restore", "恢复账号 / Restore an account"),
            SuspendPerson,
            person,
            restore,
        )
}

/// 要看哪些账号 / Which accounts
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WantedPeople {
    /// 在此账号之后邀请的 / Invited after this account
    after: Option<Id>,
    /// 一次多少个 / How many at once
    #[schema(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// 账号 / Accounts
#[derive(Serialize, ToSchema)]
struct Accounts {
    people: Vec<AccountLine>,
    /// 还有更多:作为 `after` 再问 / There are more: ask again with this as `after`
    next: Option<Id>,
}

/// 一个账号 / An account
#[derive(Serialize, ToSchema)]
struct AccountLine {
    id: Id,
    /// `invited`、`active` 或 `suspended` / `invited`, `active` or `suspended`
    #[schema(example = "active")]
    state: String,
    grants: Vec<super::Role>,
    signed_in_at: Option<At>,
}

async fn listed(
    site: Site,
    asked: Asked,
    Asks(wanted): Asks<WantedPeople>,
) -> Result<Json<Accounts>, Problem> {
    let after = wanted.after.map(|Id(id)| id);
    let most = wanted.limit.map_or(MOST, |limit| limit as usize);
    let (all, next) = accounts(&site, &asked.resource.jurisdiction, after, most)?;
    let people = all.into_iter().map(|one| AccountLine {
        id: Id(one.id),
        state: one.state,
        grants: one.grants.into_iter().map(super::Role::from).collect(),
        signed_in_at: one.signed_in.map(At::of),
    });
    Ok(Json(Accounts {
        people: people.collect(),
        next: next.map(Id),
    }))
}

/// 角色 / A role
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RoleName {
    Clerk,
    Reviewer,
    Department,
    Officer,
    Manager,
    Auditor,
    Administrator,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Clerk => Self::Clerk,
            RoleName::Reviewer => Self::Reviewer,
            RoleName::Department => Self::Department,
            RoleName::Officer => Self::Officer,
            RoleName::Manager => Self::Manager,
            RoleName::Auditor => Self::Auditor,
            RoleName::Administrator => Self::Administrator,
        }
    }
}

/// 辖区内的角色 / A role within a jurisdiction
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "role": "officer", "jurisdiction": "990121" }))]
struct RoleIn {
    role: RoleName,
    /// 2、4、6、9 或 12 位区划代码 / A division code of 2, 4, 6, 9 or 12 digits
    #[schema(min_length = 2, max_length = 12)]
    jurisdiction: String,
}

/// A program, where it is one that asks.
type Asker = Option<Extension<Program>>;

impl RoleIn {
    /// The role where the reach of whoever asks has it. Whoever finds a program's key makes no administrator by it, who
    /// would be there when the key has ended.
    fn granted(&self, site: &Site, asked: &Asked, by: &Asker) -> Result<Grant, Problem> {
        if by.is_some() && matches!(self.role, RoleName::Administrator) {
            return Err(Problem::beyond_scope(None).with("field", "/role".into()));
        }
        let grant = granted(site, &asked.viewer, self.role.into(), &self.jurisdiction);
        grant.map_err(|problem| problem.with("field", "/jurisdiction".into()))
    }
}

/// 语言 / A language
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum LanguageName {
    Zh,
    En,
}

/// 要邀请的人 / Somebody to invite
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "王小明", "login": "wang.xm", "role": "clerk", "jurisdiction": "990121003201"
}))]
struct NewPersonIn {
    /// 姓名 / Their name
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    /// 登录名 / The name to sign in by
    #[schema(min_length = 1, max_length = 60)]
    login: String,
    role: RoleName,
    /// 2、4、6、9 或 12 位区划代码 / A division code of 2, 4, 6, 9 or 12 digits
    #[schema(min_length = 2, max_length = 12)]
    jurisdiction: String,
    language: Option<LanguageName>,
}

/// 已邀请的人 / Somebody who is invited
#[derive(Serialize, ToSchema)]
struct Invited {
    id: Id,
    /// 设置密码的地址,用一次,72 小时内有效;重发同一命令得到新的,旧的失效 / The address at which credentials are set: once, within 72
    /// hours; the same command again gives a new one, and the one before works no more
    #[schema(example = "/invitation/…")]
    link: String,
}

async fn invite(
    site: Site,
    asked: Asked,
    command: CommandId,
    by: Asker,
    Said(new): Said<NewPersonIn>,
) -> Result<(StatusCode, Json<Invited>), Problem> {
    let role = RoleIn {
        role: new.role,
        jurisdiction: new.jurisdiction,
    };
    let one = NewPerson {
        name: new.name,
        login: new.login,
        language: match new.language {
            Some(LanguageName::En) => Language::En,
            _ => Language::Zh,
        },
        grants: vec![role.granted(&site, &asked, &by)?],
    };
    let jurisdiction = &asked.resource.jurisdiction;
    // Sent again, since the answer with the link was lost on its way.
    if let Some(id) = command.id()
        && let Some(answer) = site.platform().first_answer(id).await?
    {
        let id = born(&site, &answer, "account")?;
        let cx = site.context(&asked.viewer, jurisdiction);
        let token = site.people().invite_again(id, &cx).await?;
        let link = address(&token);
        return Ok((StatusCode::CREATED, Json(Invited { id: Id(id), link })));
    }
    let cx = command.context(&site, &asked.viewer, jurisdiction);
    let (id, token) = site.people().invite(&one, &cx).await?;
    let invited = Invited {
        id: Id(id),
        link: address(&token),
    };
    Ok((StatusCode::CREATED, Json(invited)))
}

/// Carries a command out on the account of the path.
async fn carry_out<C: Clone>(
    site: &Site,
    asked: &Asked,
    command: CommandId,
    what: C,
) -> Result<Json<Done>, Problem>
where
    Account: Decide<C>,
{
    // Cannot be missing: the route found the account by it.
    let id = asked.params.id("id").unwrap_or_else(Uuid::nil);
    let cx = command.context(site, &asked.viewer, &asked.resource.jurisdiction);
    let answer = site.platform().carry_out::<Account, _>(id, what, &cx);
    Ok(Json(Done::from(&answer.await?)))
}

async fn grant(
    site: Site,
    asked: Asked,
    by: Asker,
    command: CommandId,
    Said(role): Said<RoleIn>,
) -> Result<Json<Done>, Problem> {
    let grant = role.granted(&site, &asked, &by)?;
    carry_out(&site, &asked, command, GrantRole(grant)).await
}

async fn withdraw(
    site: Site,
    asked: Asked,
    by: Asker,
    command: CommandId,
    Said(role): Said<RoleIn>,
) -> Result<Json<Done>, Problem> {
    let grant = role.granted(&site, &asked, &by)?;
    carry_out(&site, &asked, command, WithdrawRole(grant)).await
}

/// 理由 / A reason
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "调离" }))]
struct SuspendedBecause {
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

async fn suspend(
    site: Site,
    asked: Asked,
    command: CommandId,
    Said(why): Said<SuspendedBecause>,
) -> Result<Json<Done>, Problem> {
    let suspend = Suspend { reason: why.reason };
    carry_out(&site, &asked, command, suspend).await
}

async fn restore(site: Site, asked: Asked, command: CommandId) -> Result<Json<Done>, Problem> {
    carry_out(&site, &asked, command, Restore).await
}
