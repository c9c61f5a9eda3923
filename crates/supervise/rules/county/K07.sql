-- id: K07
-- title.zh: 竞争性采购只有一家有效投标
-- title.en: One valid bid in a competitive procedure
-- audience: officer
-- severity: medium
-- subject: project
-- applies: procurement_method in ('open', 'selective', 'consultation', 'negotiation', 'quotation')
-- needs: bids.status, bids.amount
-- items: bids, procurement_method
-- reach: record
-- basis.zh: 《中华人民共和国招标投标法》第二十八条(投标人少于三个的应当重新招标);《中华人民共和国政府采购法》第三十六条;OCP 红旗 R018(Single bid received)
-- basis.en: Bidding Law, art. 28 (fewer than three bidders: tender anew); Government Procurement Law, art. 36; OCP red flag R018 (single bid received)
-- method.zh: 公开招标、邀请招标、磋商、谈判、询价中,状态为“有效”的投标人恰为一家。同一投标人重复登记的只算一家。
-- method.en: In an open, selective, consultation, negotiation or quotation procedure exactly one bidder holds a valid bid. A bidder filed twice counts once.
-- why.zh: 只有一家有效投标就没有竞争,其余投标可能是陪衬,或竞争者被不当排除。
-- why.en: With one valid bid there is no competition: the others may have been there for show, or been shut out.
-- excludes.zh: 单一来源、直接委托、自建;没有投标记录的项目;状态或报价为空的投标不计,并在说明中列出。
-- excludes.en: Single source, direct award and self-build; projects without bids. Bids without status or amount are left out and named.
-- says.zh: {procurement_method}共 {bids} 份投标,有效的只有 {bidder} 一家({unclear} 份状态或报价不明)
-- says.en: {procurement_method}: of {bids} bids only that of {bidder} is valid ({unclear} without status or amount)
with counted as (
    select
        project,
        count(*) as bids,
        sum(case when status is null or amount is null then 1 else 0 end) as unclear
    from bids
    group by project
),
single as (
    select project, min(bidder_name) as bidder, min(amount) as amount, min(bid_row) as bid_row
    from valid_bids
    group by project
    having count(*) = 1
)
select
    p.project as subject,
    p.procurement_method,
    c.bids,
    c.unclear,
    s.bidder,
    s.amount as money_fen,
    s.bid_row as row_bids
from single s
join counted c on c.project = s.project
join projects p on p.project = s.project
