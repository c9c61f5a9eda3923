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
-- basis.en: Interim Measures for the Settlement of Construction Project Prices (Cai Jian [2004] No. 369), arts. 12 and 13 (advances of at most 30% of the contract; progress payments by work done)
-- method.zh: 在每个拨付日,累计拨付 ÷ 合同金额(没有合同的用批复总投资)减去当日或之前最后一次形象进度,超过 30 个百分点。首次进度之前按 0% 计。列出差距最大的一天。
-- method.en: On each day of payment the sum paid so far ÷ the contract (without one: the approved budget) exceeds the last progress on or before it by more than 30 points. Before the first entry progress counts as 0%. The day with the widest gap is shown.
-- why.zh: 钱比活先走,工程烂尾时资金难以追回,也可能是虚报进度、提前套取。
-- why.en: Money that runs ahead of the work is hard to recover when the work stops, and may have been drawn early on purpose.
-- excludes.zh: 没有合同金额和批复总投资、没有进度或没有拨付记录的项目;缺日期或金额的拨付不计。两次进度之间按其中最后一个拨付日计算。
-- excludes.en: Projects with neither contract nor budget, without progress, or without payments; payments without date or amount are left out. Between two entries of progress the last day of payment counts.
-- says.zh: 至 {date} 累计拨付 {paid_fen},占{value_item} {value_fen} 的 {paid_share},当时形象进度为 {percent}%,超前 {points} 个百分点
-- says.en: By {date} {paid_fen} had been paid, {paid_share} of {value_item} {value_fen}; progress stood at {percent}%, {points} points behind
with measured as (
    select v.project, v.value_fen, v.value_item, s.paid_fen
    from payment_sums s
    join project_values v on v.project = s.project
    where v.value_fen is not null
),
last_days as (
    select project, max(date) as date
    from progress_steps
    group by project
),
-- Stretches from one entry of progress to the next: before the first, between two, after the last.
stretches as (
    select project, row_no * 2 as stretch, earlier_date as since, date as until, coalesce(earlier_percent, 0.0) as percent
    from progress_steps
    union all
    select s.project, max(s.row_no) * 2 + 1, s.date, date '9999-12-31', max(s.percent)
    from last_days l
    join progress_steps s on s.project = l.project and s.date = l.date
    group by s.project, s.date
),
-- Only where all that was ever paid would be too much for the progress of the stretch.
candidates as (
    select t.stretch, t.project, t.since, t.until, t.percent, m.value_fen, m.value_item
    from measured m
    join stretches t on t.project = m.project
    where cast(m.paid_fen as double) * 100.0 / cast(m.value_fen as double) - t.percent > $points
),
paid as (
    select c.stretch, sum(y.amount) as paid_fen, max(y.date) as date
    from candidates c
    join payments y on y.project = c.project and y.date < c.until
    where y.amount is not null
    group by c.stretch
),
ahead as (
    select
        c.project,
        c.value_fen,
        c.value_item,
        c.percent,
        p.date,
        p.paid_fen,
        round(cast(p.paid_fen as double) * 100.0 / cast(c.value_fen as double) - c.percent, 6) as points
    from paid p
    join candidates c on c.stretch = p.stretch
    where c.since is null or p.date >= c.since
),
ranked as (
    select
        *,
        row_number() over (partition by project order by points desc, date) as place
    from ahead
    where points > $points
),
worst as (
    select * from ranked where place = 1
)
select
    w.project as subject,
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
join payments y on y.project = w.project and y.date = w.date
group by w.project, w.date, w.paid_fen, w.value_item, w.value_fen, w.percent, w.points
