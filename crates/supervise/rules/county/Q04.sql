-- id: Q04
-- title.zh: 金额为负、为零,或疑似元与万元混用
-- title.en: An amount is negative, zero, or 10,000 times another
-- audience: filer
-- severity: high
-- subject: project
-- key: first_item, second_item
-- reach: record
-- params: factor = 10000, tolerance_percent = 5
-- basis: practice
-- method.zh: 金额不得为负;批复总投资、合同金额、每笔拨付和审定结算不得为零。批复总投资、合同金额、累计拨付、拨付合计、资金来源合计、审定结算两两相比,倍数在 10,000 倍上下 5% 以内的提示单位可能有误。
-- method.en: No amount is negative; budget, contract, each payment and settlement are not zero. Budget, contract, paid total, sum of payments, sum of sources and settlement are compared with one another: a ratio of 10,000 : 1 within 5% suggests that yuan and 万元 were mixed.
-- why.zh: 一万倍的差异几乎总是单位填错,会使所有资金比对失真。
-- why.en: A factor of ten thousand is nearly always a wrong unit, and every comparison of money goes astray with it.
-- excludes.zh: 没有填写的金额;经营收益允许为负(亏损)。
-- excludes.en: Amounts that are not filled in; a year's income, which may be a loss.
-- says.zh: 请核对金额和单位({items}):{first_fen} {what_zh}{beside_fen}
-- says.en: Check amount and unit ({items}): {first_fen} {what_en}{beside_fen}
with amounts as (
    select
        p.project,
        make_array('approved_budget', 'contract', 'paid_total', 'payments', 'fund_sources', 'settlement') as names,
        make_array(
            p.approved_budget, p.contract_amount, p.paid_total, y.paid_fen, s.source_fen, p.settlement
        ) as fens
    from projects p
    left join payment_sums y on y.project = p.project
    left join source_sums s on s.project = p.project
    where cast(greatest(
            p.approved_budget, p.contract_amount, p.paid_total, y.paid_fen, s.source_fen, p.settlement
        ) as double) >= $factor * (100 - $tolerance_percent) / 100.0 * cast(least(
            case when p.approved_budget > 0 then p.approved_budget end,
            case when p.contract_amount > 0 then p.contract_amount end,
            case when p.paid_total > 0 then p.paid_total end,
            case when y.paid_fen > 0 then y.paid_fen end,
            case when s.source_fen > 0 then s.source_fen end,
            case when p.settlement > 0 then p.settlement end
        ) as double)
),
siblings as (
    select
        a.project,
        a.names[pair.i] as first_item,
        a.fens[pair.i] as first_fen,
        a.names[pair.j] as second_item,
        a.fens[pair.j] as second_fen
    from amounts a
    cross join (
        values (1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (2, 3), (2, 4), (2, 5), (2, 6),
            (3, 4), (3, 5), (3, 6), (4, 5), (4, 6), (5, 6)
    ) as pair(i, j)
),
own as (
    select
        project,
        unnest(make_array(
            case when approved_budget <= 0 then named_struct('item', 'approved_budget', 'fen', approved_budget) end,
            case when contract_amount <= 0 then named_struct('item', 'contract', 'fen', contract_amount) end,
            case when settlement <= 0 then named_struct('item', 'settlement', 'fen', settlement) end,
            case when paid_total < 0 then named_struct('item', 'paid_total', 'fen', paid_total) end,
            case when retention_amount < 0 then named_struct('item', 'retention', 'fen', retention_amount) end,
            case when upkeep_fund < 0 then named_struct('item', 'upkeep_fund', 'fen', upkeep_fund) end
        )) as amount
    from projects
    where approved_budget <= 0 or contract_amount <= 0 or settlement <= 0
        or paid_total < 0 or retention_amount < 0 or upkeep_fund < 0
),
wrong_rows as (
    select 'payments' as item, project, row_no, amount from payments where amount <= 0
    union all
    select 'fund_sources', project, row_no, amount from fund_sources where amount < 0
    union all
    select 'bids', project, row_no, amount from bids where amount < 0
    union all
    select 'payment_plan', project, row_no, amount from payment_plan where amount < 0
    union all
    select 'yearly_income', project, row_no, paid_out from income where paid_out < 0
),
wrong_by_item as (
    select item, project, min(amount) as least_fen, array_agg(row_no order by row_no) as rows
    from wrong_rows
    group by item, project
)
select
    project as subject,
    first_item,
    first_fen,
    second_item,
    second_fen,
    concat('约为另一金额的 ', $factor, case when first_fen > second_fen then ' 倍:' else ' 分之一:' end) as what_zh,
    concat('is about ', case when first_fen > second_fen then '' else '1/' end, $factor, case when first_fen > second_fen then ' times ' else ' of ' end) as what_en,
    make_array(second_fen) as beside_fen,
    make_array(first_item, second_item) as items,
    cast(null as bigint[]) as row_payments,
    cast(null as bigint[]) as row_fund_sources,
    cast(null as bigint[]) as row_bids,
    cast(null as bigint[]) as row_payment_plan,
    cast(null as bigint[]) as row_income
from siblings
where least(first_fen, second_fen) > 0
    and cast(greatest(first_fen, second_fen) as double) / cast(least(first_fen, second_fen) as double)
        between $factor * (100 - $tolerance_percent) / 100.0 and $factor * (100 + $tolerance_percent) / 100.0
union all
select
    project,
    amount['item'],
    amount['fen'],
    'zero',
    0,
    case when amount['fen'] < 0 then '不应为负' else '不应为零' end,
    case when amount['fen'] < 0 then 'must not be negative' else 'must not be zero' end,
    cast(make_array() as bigint[]),
    make_array(amount['item']),
    null, null, null, null, null
from own
where amount is not null
union all
select
    project,
    item,
    least_fen,
    'zero',
    0,
    case when least_fen < 0 then '不应为负' else '不应为零' end,
    case when least_fen < 0 then 'must not be negative' else 'must not be zero' end,
    cast(make_array() as bigint[]),
    make_array(item),
    case when item = 'payments' then rows end,
    case when item = 'fund_sources' then rows end,
    case when item = 'bids' then rows end,
    case when item = 'payment_plan' then rows end,
    case when item = 'yearly_income' then rows end
from wrong_by_item
