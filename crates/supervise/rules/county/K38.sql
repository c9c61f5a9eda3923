-- id: K38
-- title.zh: 产业项目两年没有收益,或收益没有分红
-- title.en: An industry project without income for two years, or income not paid out
-- audience: officer
-- severity: medium
-- subject: project
-- applies: coalesce(kind = 'industry', true)
-- needs: projects.kind, projects.acceptance_date
-- items: yearly_income, beneficiaries
-- key: what, year
-- reach: record
-- basis.zh: 《关于加强扶贫项目资产后续管理的指导意见》(国办函〔2021〕51号)
-- basis.en: Guiding Opinions on Strengthening the Follow-up Management of Poverty Alleviation Project Assets (Guo Ban Han [2021] No. 51)
-- method.zh: 比对日之前的两个完整年度开始前已经验收,而这两年都没有填报大于 0 的收益;或某一已结束年度有收益而分红为 0;分红未填的,列为低级疑点。同一年度的多行合并。
-- method.en: Accepted before the last two full calendar years began, and no income above 0 is reported for either; or a year that has ended shows income and a payout of 0; where the payout is not filed the flag is a low one. Rows of one year are taken together.
-- why.zh: 产业项目的目的是带来收益并惠及农户,长期没有收益或收益不分,可能资产闲置或被占用。
-- why.en: Such projects exist to earn and to share with households; without income, or with income that is kept, the asset may lie idle or serve somebody else.
-- excludes.zh: 非产业项目;没有填写类型或验收日期的项目(不适用);验收后尚未满两个完整年度的不比较第一项。
-- excludes.en: Other kinds; not applicable without a kind or an acceptance date; the first comparison where two full years have not passed since acceptance.
-- says.zh: {what_zh}(验收日期 {accepted_on},{from_year}–{to_year} 年收益 {income_fen},分红 {paid_out_fen})
-- says.en: {what_en} (accepted on {accepted_on}; income {from_year} to {to_year} {income_fen}, paid out {paid_out_fen})
-- today: from_year, to_year
with industry as (
    select project, acceptance_date
    from projects
    where kind = 'industry'
),
recent as (
    select
        project,
        greatest(
            sum(case when year = cast(date_part('year', $as_of) as bigint) - 2 then income end),
            sum(case when year = cast(date_part('year', $as_of) as bigint) - 1 then income end)
        ) as best_fen
    from income
    where year between cast(date_part('year', $as_of) as bigint) - 2 and cast(date_part('year', $as_of) as bigint) - 1
    group by project
),
-- Years of which some row tells of income and of nothing paid out, then all that was filed of them.
doubtful as (
    select distinct project, year
    from income
    where year < cast(date_part('year', $as_of) as bigint) and income > 0 and (paid_out is null or paid_out <= 0)
),
kept as (
    select
        n.project,
        n.year,
        case when count(n.paid_out) = 0 then 'payout_not_filed' else 'not_paid_out' end as what,
        sum(n.income) as income_fen,
        sum(n.paid_out) as paid_out_fen,
        array_agg(n.row_no order by n.row_no) as rows
    from doubtful d
    join income n on n.project = d.project and n.year = d.year
    group by n.project, n.year
    having sum(n.income) > 0 and coalesce(sum(n.paid_out), 0) <= 0
)
select
    i.project as subject,
    'medium' as severity,
    'no_income' as what,
    '两个完整年度没有收益' as what_zh,
    'No income for two full years' as what_en,
    cast(null as bigint) as year,
    i.acceptance_date as accepted_on,
    cast(date_part('year', $as_of) as bigint) - 2 as from_year,
    cast(date_part('year', $as_of) as bigint) - 1 as to_year,
    cast(0 as bigint) as income_fen,
    cast(null as bigint) as paid_out_fen,
    cast(null as bigint) as money_fen,
    cast(null as bigint[]) as row_income
from recent r
right join industry i on i.project = r.project
where cast(date_part('year', i.acceptance_date) as bigint) < cast(date_part('year', $as_of) as bigint) - 2
    and coalesce(r.best_fen, 0) <= 0
union all
select
    i.project,
    case when k.paid_out_fen is null then 'low' else 'medium' end,
    k.what,
    case when k.paid_out_fen is null then '有收益而未填分红' else '有收益而没有分红' end,
    case when k.paid_out_fen is null then 'Income without a payout on file' else 'Income that was not paid out' end,
    k.year as year,
    i.acceptance_date as accepted_on,
    k.year as from_year,
    k.year as to_year,
    k.income_fen as income_fen,
    k.paid_out_fen as paid_out_fen,
    k.income_fen as money_fen,
    k.rows as row_income
from industry i
join kept k on k.project = i.project
