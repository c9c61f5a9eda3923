//! What a file would change, by project.

use kandeng_platform::account::Viewer;
use kandeng_platform::api::{At, Both, Id};
use kandeng_platform::page::{Problem, Site};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::pages::import::job::{self, Job, Ready};
use crate::pages::import::report::{MOST_TOLD, diagnostic, elsewhere};
use crate::pages::words;
use crate::project::PlannedProject;

/// Projects of a report that are given at once, unless the address says otherwise.
const ON_PAGE: u32 = 100;

/// 一个文件 / A file
#[derive(Serialize, ToSchema)]
pub(super) struct ImportLine {
    id: Id,
    /// 文件名 / The name that it came by
    name: String,
    /// 进行到哪一步 / How far it is
    state: State,
    /// 等到何时 / Until when it waits
    until: At,
}

/// 进行到哪一步 / How far it is
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// 正在读取、比对 / It is read and compared
    Reading,
    /// 等待导入 / It waits to be taken
    Ready,
    /// 正在导入 / It is taken
    Taking,
    /// 已导入 / It was taken
    Taken,
    /// 不能导入,或已取消 / Nothing of it can be taken, or it was stopped
    Refused,
}

impl State {
    fn of(state: &job::State) -> Self {
        match state {
            job::State::Queued | job::State::Reading | job::State::Comparing(..) => Self::Reading,
            job::State::Ready(_) => Self::Ready,
            job::State::Taking(..) => Self::Taking,
            job::State::Taken => Self::Taken,
            job::State::Refused(_) => Self::Refused,
        }
    }
}

impl ImportLine {
    pub fn of(id: Uuid, job: &Job) -> Self {
        Self {
            id: Id(id),
            name: job.name.to_string(),
            state: State::of(&job.state()),
            until: At::of(job.until),
        }
    }
}

/// 报告的哪一部分 / Which part of a report
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedReport {
    /// 没有改动的也列出 / Those to which nothing happens, too
    all: Option<bool>,
    /// 从第几个起,从 0 数 / From which place on, counted from 0
    from: Option<u32>,
    /// 一次多少个 / How many at once
    #[schema(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// 一个文件会改变什么 / What a file would change
#[derive(Serialize, ToSchema)]
pub(super) struct Report {
    #[serde(flatten)]
    line: ImportLine,
    /// 新的项目 / Projects that are new
    new: u64,
    /// 有改动的 / Projects that would change
    changed: u64,
    /// 没有改动的 / Projects to which nothing happens
    unchanged: u64,
    /// 无法读取的单元格 / Cells that could not be read
    unread: u64,
    /// 文件的问题,按账号的语言,至多 100 条 / What is wrong with the file, in the account's language: up to 100
    diagnostics: Vec<String>,
    /// 不能导入的项目 / Projects that cannot be taken
    problems: Vec<ProblemOf>,
    /// 不在请求者辖区内的项目:有则不能导入 / Projects that lie elsewhere: with one of them nothing is taken
    elsewhere: Vec<String>,
    projects: Vec<PlannedLine>,
    /// 还有更多:作为 `from` 再问 / There are more: ask again with this as `from`
    next: Option<u32>,
}

/// 不能导入的项目 / A project that cannot be taken
#[derive(Serialize, ToSchema)]
struct ProblemOf {
    code: String,
    why: Both,
}

/// 一个项目会怎样 / What would happen to a project
#[derive(Serialize, ToSchema)]
struct PlannedLine {
    code: String,
    /// 现在的版次;新项目为 0 / Its edition now; 0 for a new one
    edition: u32,
    /// 新填的单元格 / Cells that are filled in where nothing was
    new: u32,
    /// 改动的 / Cells that get another value
    changed: u32,
    /// 清空的 / Cells that are emptied
    emptied: u32,
    /// 无法读取的 / Cells that could not be read
    unread: u32,
    /// 文件里有而不能带入的 / What the file says and is not carried
    not_carried: u32,
}

impl From<&PlannedProject> for PlannedLine {
    fn from(project: &PlannedProject) -> Self {
        Self {
            code: project.code.clone(),
            edition: project.edition,
            new: project.new,
            changed: project.changed,
            emptied: project.emptied,
            unread: project.unread,
            not_carried: project.not_carried,
        }
    }
}

impl Report {
    pub fn of(
        site: &Site,
        viewer: &Viewer,
        (id, job): (Uuid, &Job),
        ready: &Ready,
        wanted: &WantedReport,
    ) -> Result<Self, Problem> {
        let words = words(viewer.language);
        let plan = &ready.plan;
        let projects = plan.projects();
        let count = |of: &dyn Fn(&PlannedProject) -> bool| {
            projects.iter().filter(|one| of(one)).count() as u64
        };
        let (new, unchanged) = (
            count(&|one| one.edition == 0),
            count(&PlannedProject::is_unchanged),
        );
        let all = wanted.all.unwrap_or(false);
        let listed = projects
            .iter()
            .filter(|one| all || !one.is_unchanged() || one.unread > 0 || one.not_carried > 0);
        let (from, limit) = (wanted.from.unwrap_or(0), wanted.limit.unwrap_or(ON_PAGE));
        let mut lines: Vec<PlannedLine> = listed
            .skip(from as usize)
            .take(limit as usize + 1)
            .map(PlannedLine::from)
            .collect();
        let has_more = lines.len() > limit as usize;
        lines.truncate(limit as usize);
        let diagnostics = plan.diagnostics.iter().take(MOST_TOLD);
        let problems = plan.problems.iter().take(MOST_TOLD);
        Ok(Self {
            line: ImportLine::of(id, job),
            new,
            unchanged,
            changed: projects.len() as u64 - new - unchanged,
            unread: projects.iter().map(|one| u64::from(one.unread)).sum(),
            diagnostics: diagnostics.map(|one| diagnostic(words, one)).collect(),
            problems: problems
                .map(|problem| ProblemOf {
                    code: problem.code.clone(),
                    why: Both::from(&problem.message),
                })
                .collect(),
            elsewhere: elsewhere(site, viewer, projects)?,
            projects: lines,
            next: has_more.then(|| from.saturating_add(limit)),
        })
    }
}
