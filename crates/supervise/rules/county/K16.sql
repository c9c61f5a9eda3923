-- id: K16
-- title.zh: 合同超过批复投资,或与中标报价不一致
-- title.en: Contract above the approved budget, or unlike the winning bid
-- audience: officer
-- severity: medium
-- subject: project
-- needs: projects.contract_amount, projects.approved_budget
-- items: contract
-- key: what
-- reach: county
-- params: differ_percent = 5
-- basis.zh: 《政府投资条例》(国务院令第712号)第二十三条;《中华人民共和国招标投标法》第四十六条(不得另行订立背离合同实质性内容的协议)
-- basis.en: Government Investment Regulation (State Council Order 712), art. 23; Bidding Law, art. 46 (the contract follows the tender documents and the bid)
-- method.zh: 合同金额高于批复总投资;或与承建单位的有效报价(有多份的取最低)相差超过报价的 5%。
-- method.en: The contract exceeds the approved budget; or it differs from the contractor's own valid bid (of several the lowest) by more than 5% of the bid.
-- why.zh: 超概算须重新报批;签约价背离中标价,可能是先低价中标再加价,或另有约定。
-- why.en: A contract above the budget needs a new approval; one unlike the bid suggests a low bid raised afterwards, or a side agreement.
-- excludes.zh: 没有合同金额的项目;承建单位不在投标人之中的,不比较报价。
-- excludes.en: Projects without a contract amount; where the contractor is not among the bidders nothing is compared with a bid.
-- says.zh: 合同金额 {contract_fen},批复或报价为 {compared_fen},相差 {difference_fen}({difference_share})
-- says.en: The contract is {contract_fen} where {compared_fen} was approved or bid: a difference of {difference_fen} ({difference_share})
with compared as (
    select
        project,
        'budget' as what,
        contract_amount as contract_fen,
        approved_budget as compared_fen,
        make_array('contract', 'approved_budget') as items,
        cast(null as bigint) as row_bids
    from projects
    where contract_amount > approved_budget
    union all
    select
        p.project,
        'bid',
        p.contract_amount,
        v.amount,
        make_array('contract', 'bids'),
        v.bid_row
    from (
        select b.project, min(v.amount) as amount, min(v.bid_row) as bid_row
        from tender_bidders b
        join valid_bids v on v.project = b.project and v.bidder_key = b.bidder_key
        where b.won
        group by b.project
    ) as v
    join projects p on p.project = v.project
    where abs(p.contract_amount - v.amount) * 100 > $differ_percent * v.amount
)
select
    project as subject,
    what,
    contract_fen,
    compared_fen,
    contract_fen - compared_fen as difference_fen,
    cast(contract_fen - compared_fen as double) / nullif(compared_fen, 0) as difference_share,
    abs(contract_fen - compared_fen) as money_fen,
    items,
    row_bids
from compared
