-- id: K39
-- title.zh: 有管护经费而全年没有巡查
-- title.en: Upkeep paid for, but nobody looked for a year
-- audience: officer
-- severity: medium
-- subject: organization
-- applies: is_upkeep_body
-- needs: organizations.upkeep_fund_fen, organizations.dated_fund_fen
-- items: upkeep_checks, upkeep_fund, upkeep_body
-- key: year
-- reach: county
-- params: first_year_days = 90
-- basis: practice
-- method.zh: 对每个管护单位,逐个日历年(须在比对日之前结束)找出其管护、有管护经费而全年没有巡查记录的项目。验收当年剩余不足 90 天的,当年不计。已验收或已到管护阶段而没有填验收日期的,从竣工日期算起。
-- method.en: For each upkeep body and each calendar year that ended before the date of the run: its accepted projects with an upkeep fund that nobody checked in that year. The year of acceptance counts when at least 90 days of it were left. A project accepted or in upkeep without an acceptance date counts from its finish date.
-- why.zh: 领取管护经费而不巡查,资产可能已经损坏、闲置,经费去向也须核实。
-- why.en: Where the fund is drawn and nobody looks the asset may be broken or idle, and where the money went has to be asked.
-- excludes.zh: 没有管护经费或尚未验收的项目;比对日所在的年份。管护单位若有项目已验收或已到管护阶段而验收、竣工日期都没有填,又没有其他疑点,则不适用。
-- excludes.en: Projects without an upkeep fund or not accepted yet; the year of the run itself. A body without a flag is not applicable when one of its projects, accepted or in upkeep, has neither an acceptance nor a finish date.
-- says.zh: {organization} 在 {year} 年有 {projects} 个项目没有巡查,年度管护经费共 {fund_fen}
-- says.en: {organization} has {projects} project(s) that nobody checked in {year}; their yearly upkeep fund is {fund_fen}
with begun as (
    select
        project,
        project_code,
        row_no,
        upkeep_body,
        upkeep_fund,
        coalesce(acceptance_date, case when stage in ('accepted', 'upkeep', 'closed') then finish_date end) as day
    from projects
    where upkeep_fund > 0 and upkeep_body is not null
),
funded as (
    select
        project,
        project_code,
        row_no,
        org_key(null, upkeep_body) as body_key,
        upkeep_body,
        upkeep_fund,
        unnest(range(
            cast(extract(year from day) as bigint)
                + case
                    when days_between(day, make_date(cast(extract(year from day) as int), 12, 31))
                        >= $first_year_days then 0
                    else 1
                end,
            cast(extract(year from $as_of) as bigint)
        )) as year
    from begun
    where day < $as_of
),
checked as (
    select distinct project, cast(extract(year from date) as bigint) as year
    from upkeep_checks
    where date is not null
)
select
    f.body_key as subject,
    min(f.upkeep_body) as organization,
    f.year,
    count(*) as projects,
    sum(f.upkeep_fund) as fund_fen,
    sum(f.upkeep_fund) as money_fen,
    array_agg(f.project_code order by f.project_code) as related,
    array_agg(f.row_no order by f.row_no) as row_projects
from funded f
left join checked c on c.project = f.project and c.year = f.year
where c.project is null
group by f.body_key, f.year
