-- id: K21
-- title.zh: 逾期未完工
-- title.en: Overdue and not finished
-- audience: officer
-- severity: medium
-- subject: project
-- needs: projects.planned_finish, progress.date, progress.percent, latest_progress.percent
-- items: planned_period, progress
-- reach: record
-- params: days = 60, percent = 90.0
-- basis: practice
-- method.zh: 比对日距计划完工日期超过 60 天,而最后一次形象进度低于 90%。已填写验收日期的列为低。
-- method.en: The date of the run is more than 60 days past the planned finish, and the last progress is below 90%. With an acceptance date on file the severity is low.
-- why.zh: 长期停滞的项目占用资金,可能建设条件不实或工程无人负责;已验收而进度不足的,记录自相矛盾。
-- why.en: A project at a standstill ties up money; what it was approved on may not have been there. One accepted with little progress on record contradicts itself.
-- excludes.zh: 没有计划完工日期或形象进度的项目;比对日之后的进度不计,只有这种进度的项目不适用。
-- excludes.en: Projects without a planned finish or without progress; entries dated after the run do not count, and a project that has no others is not applicable.
-- says.zh: 计划 {planned_on} 完工,已逾期 {days} 天,{date} 的形象进度为 {percent}%(验收日期 {accepted_on})
-- says.en: Planned to finish on {planned_on}, {days} days ago; progress on {date} was {percent}% (accepted on {accepted_on})
-- today: days
select
    p.project as subject,
    case when p.acceptance_date is null then 'medium' else 'low' end as severity,
    p.planned_finish as planned_on,
    days_between(p.planned_finish, $as_of) as days,
    g.date,
    g.percent,
    p.acceptance_date as accepted_on,
    coalesce(p.contract_amount, p.approved_budget) as money_fen,
    g.row_no as row_progress
from latest_progress g
join projects p on p.project = g.project
where days_between(p.planned_finish, $as_of) > $days and g.percent < $percent
