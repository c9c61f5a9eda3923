-- id: K09
-- title.zh: 投标报价相同或呈规律性差异
-- title.en: Bids equal, or stepping regularly
-- audience: officer
-- severity: high
-- subject: project
-- needs: bids.status, bids.amount, bids.bidder_name
-- items: bids
-- key: what, amount_fen
-- reach: county
-- params: tolerance = 0.001, least_bids = 4, rounding_fen = 100
-- basis.zh: 《中华人民共和国招标投标法实施条例》第四十条第(四)项(投标文件异常一致或者投标报价呈规律性差异);《政府采购货物和服务招标投标管理办法》(财政部令第87号)第三十七条;OCP 红旗 R028(Identical bid prices)
-- basis.en: Implementing Regulation of the Bidding Law, art. 40 (4) (bids abnormally alike or differing regularly); MOF Order 87, art. 37; OCP red flag R028 (identical bid prices)
-- method.zh: 两家及以上有效投标报价完全相同;或 4 家及以上有效投标按报价排列后,相邻差额相等或相邻涨幅相等,允许 0.1% 的误差(不小于 1 元的取整误差)。
-- method.en: Two or more valid bids of the same amount; or four or more valid bids whose sorted amounts rise by one difference or by one ratio, within 0.1% of the step (rounding to the yuan is allowed for).
-- why.zh: 互不知情的投标人很难报出相同或等距的价格。
-- why.en: Bidders who do not know of one another hardly arrive at equal or evenly spaced prices.
-- excludes.zh: 没有报价、状态或投标人的投标;同一投标人重复登记的。等差、等比须有 4 家及以上有效投标。
-- excludes.en: Bids without amount, status or bidder; a bidder filed twice counts once. Regular steps are looked for among four or more valid bids only.
-- says.zh: {bidders} 的 {bids} 份有效报价{what_zh}:自 {amount_fen} 起,每级 {step_fen}(涨幅 {step_share})
-- says.en: {bids} valid bids of {bidders} {what_en}: from {amount_fen} by {step_fen} ({step_share}) each
with ordered as (
    select
        project,
        amount,
        lag(project) over (order by project, amount, bidder_key) as before,
        lag(amount) over (order by project, amount, bidder_key) as before_amount
    from valid_bids
),
steps as (
    select
        project,
        amount,
        case when before = project then amount - before_amount end as step,
        case when before = project then cast(amount as double) / nullif(before_amount, 0) - 1.0 end as rise
    from ordered
),
regular as (
    select
        project,
        count(*) as bids,
        min(amount) as amount_fen,
        min(step) as least_step,
        max(step) as greatest_step,
        min(rise) as least_rise,
        max(rise) as greatest_rise
    from steps
    group by project
    having count(*) >= $least_bids
),
patterns as (
    select
        project,
        'equal' as what,
        amount as amount_fen,
        count(*) as bids,
        cast(0 as bigint) as step_fen,
        cast(0 as double) as step_share
    from valid_bids
    group by project, amount
    having count(*) >= 2
    union all
    select
        project,
        case
            when greatest_step - least_step <= greatest($tolerance * least_step, $rounding_fen) then 'difference'
            else 'ratio'
        end as what,
        amount_fen,
        bids,
        least_step as step_fen,
        least_rise as step_share
    from regular
    where least_step > 0
        and (
            greatest_step - least_step <= greatest($tolerance * least_step, $rounding_fen)
            or greatest_rise - least_rise
                <= greatest($tolerance * least_rise, cast($rounding_fen as double) / nullif(amount_fen, 0))
        )
)
select
    p.project as subject,
    p.what,
    case p.what when 'equal' then '完全相同' when 'difference' then '按相等的差额排列' else '按相等的涨幅排列' end as what_zh,
    case p.what when 'equal' then 'are equal' when 'difference' then 'rise by one difference' else 'rise by one ratio' end as what_en,
    p.amount_fen,
    p.bids,
    p.step_fen,
    p.step_share,
    array_agg(v.bidder_name order by v.amount, v.bidder_name) as bidders,
    array_agg(v.bid_row) as row_bids
from patterns p
join valid_bids v on v.project = p.project
where p.what <> 'equal' or v.amount = p.amount_fen
group by p.project, p.what, p.amount_fen, p.bids, p.step_fen, p.step_share
