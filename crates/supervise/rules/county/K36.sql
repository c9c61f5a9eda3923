-- id: K36
-- title.zh: 半年以上没有管护巡查
-- title.en: No upkeep check for half a year
-- audience: officer
-- severity: low
-- subject: project
-- applies: stage in ('accepted', 'upkeep', 'closed') or acceptance_date <= $as_of
-- needs: projects.acceptance_date
-- items: upkeep_checks
-- key: since
-- reach: record
-- params: months = 6
-- basis.zh: 《关于加强扶贫项目资产后续管理的指导意见》(国办函〔2021〕51号)
-- basis.en: Guiding Opinions on Strengthening the Follow-up Management of Poverty Alleviation Project Assets (Guo Ban Han [2021] No. 51)
-- method.zh: 从验收日期起,到首次巡查、每次巡查到下一次、最后一次到比对日,任何一段超过 6 个月。每段一条疑点。
-- method.en: From the acceptance to the first check, from each check to the next, and from the last to the date of the run: each stretch of more than 6 months is a flag.
-- why.zh: 没有人看,不等于没有问题;闲置、损坏和灭失往往发生在无人巡查的时候。
-- why.en: That nobody looked does not mean all was well: assets fall idle, break and vanish when nobody looks.
-- excludes.zh: 尚未验收的项目;验收之前和比对日之后的巡查不计。
-- excludes.en: Projects not accepted yet; checks before the acceptance or after the date of the run.
-- says.zh: {since} 之后 {months} 个月没有管护巡查(下一次 {next_check})
-- says.en: No upkeep check for {months} month(s) after {since} (next one {next_check})
-- today: months
with moments as (
    select project, acceptance_date as day, cast(null as bigint) as check_row
    from projects
    where acceptance_date <= $as_of
    union all
    select p.project, c.date, c.row_no
    from projects p
    join upkeep_checks c on c.project = p.project
    where c.date >= p.acceptance_date and c.date <= $as_of
),
ordered as (
    select
        project,
        day as since,
        check_row,
        lead(project) over (order by project, day, check_row nulls first) as after,
        lead(day) over (order by project, day, check_row nulls first) as after_day
    from moments
),
stretches as (
    select project, since, check_row, case when after = project then after_day end as next_check
    from ordered
)
select
    project as subject,
    since,
    next_check,
    months_between(since, coalesce(next_check, $as_of)) as months,
    check_row as row_upkeep_checks
from stretches
where months_between(since, coalesce(next_check, $as_of) - interval '1 day') >= $months
