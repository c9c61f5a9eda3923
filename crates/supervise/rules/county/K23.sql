-- id: K23
-- title.zh: 拨付比例超前于形象进度
-- title.en: Paid ahead of progress
-- audience: officer
-- severity: high
-- subject: project
-- needs: project_values.value_fen, progress.date, progress.percent, payments.date, payments.amount
-- items: payments, progress, paid_total
-- reach: record
-- params: points = 30.0
-- basis.zh: 《建设工程价款结算暂行办法》(财建〔2004〕369号)第十二条、第十三条(预付款不高于合同金额的30%,进度款按完成的工程量支付)
-- basis.en: Interim Measures for the Settlement of Construction Project Prices (Cai Jian [2004] No. 369), arts. 12 and 13 (advances of at most 30 % of the contract; progress payments by work done)
-- method.zh: 在每个拨付日,累计拨付 ÷ 合同金额(没有合同的用批复总投资)减去当日或之前最后一次形象进度,超过 30 个百分点。首次进度之前按 0 % 计。列出差距最大的一天。
-- method.en: On each day of payment the sum paid so far ÷ the contract (without one: the approved budget) exceeds the last progress on or before it by more than 30 points. Before the first entry progress counts as 0 %. The day with the widest gap is shown.
-- why.zh: 钱比活先走,工程烂尾时资金难以追回,也可能是虚报进度、提前套取。
-- why.en: Money that runs ahead of the work is hard to recover when the work stops, and may have been drawn early on purpose.
-- excludes.zh: 没有合同金额和批复总投资、没有进度或没有拨付记录的项目;缺日期或金额的拨付不计。
-- excludes.en: Projects with neither contract nor budget, without progress, or without payments; payments without date or amount are left out.
-- says.zh: 至 {date} 累计拨付 {paid_fen},占{value_item} {value_fen} 的 {paid_share},当时形象进度为 {percent} %,超前 {points} 个百分点
-- says.en: By {date} {paid_fen} had been paid, {paid_share} of {value_item} {value_fen}; progress stood at {percent} %, {points} points behind
with measured as (
    select v.row_no, v.project_code, v.value_fen, v.value_item
    from (
        select distinct project_code from progress where date is not null and percent is not null
    ) as g
    join project_values v on v.project_code = g.project_code
    where v.value_fen is not null
),
-- Progress of a day comes before its payments, the highest last.
events as (
    select m.row_no as project, g.date, 0 as kind, g.percent, cast(0 as bigint) as amount
    from measured m
    join progress g on g.project_code = m.project_code
    where g.date is not null and g.percent is not null
    union all
    select m.row_no, y.date, 1, cast(null as double), y.amount
    from measured m
    join payments y on y.project_code = m.project_code
    where y.date is not null and y.amount is not null
),
running as (
    select
        project,
        date,
        kind,
        sum(amount) over (partition by project order by date, kind, percent) as paid_fen,
        last_value(percent) ignore nulls over (partition by project order by date, kind, percent) as percent
    from events
),
ahead as (
    select
        m.project_code,
        m.value_fen,
        m.value_item,
        r.date,
        r.paid_fen,
        coalesce(r.percent, 0.0) as percent,
        round(cast(r.paid_fen as double) * 100.0 / cast(m.value_fen as double) - coalesce(r.percent, 0.0), 6) as points
    from measured m
    join running r on r.project = m.row_no
    where r.kind = 1
),
ranked as (
    select
        *,
        row_number() over (partition by project_code order by points desc, date) as place
    from ahead
    where points > $points
),
worst as (
    select * from ranked where place = 1
)
select
    w.project_code as subject,
    w.date,
    w.paid_fen,
    w.value_item,
    w.value_fen,
    cast(w.paid_fen as double) / cast(w.value_fen as double) as paid_share,
    w.percent,
    w.points,
    w.paid_fen - cast(round(cast(w.value_fen as double) * w.percent / 100.0) as bigint) as money_fen,
    array_agg(y.row_no) as row_payments
from worst w
join payments y on y.project_code = w.project_code and y.date = w.date
group by w.project_code, w.date, w.paid_fen, w.value_item, w.value_fen, w.percent, w.points
