-- id: K07
-- title.zh: 竞争性采购只有一家有效投标
-- title.en: One valid bid in a competitive procedure
-- audience: officer
-- severity: medium
-- subject: project
-- applies: coalesce(procurement_method in ('open', 'selective', 'consultation', 'negotiation', 'quotation'), true)
-- needs: projects.procurement_method, bids.status
-- items: bids, procurement_method
-- reach: county
-- basis.zh: 《中华人民共和国招标投标法》第二十八条(投标人少于三个的应当重新招标);《中华人民共和国政府采购法》第三十六条;OCP 红旗 R018(Single bid received)
-- basis.en: Bidding Law, art. 28 (fewer than three bidders: tender anew); Government Procurement Law, art. 36; OCP red flag R018 (single bid received)
-- method.zh: 公开招标、邀请招标、磋商、谈判、询价中,状态为“有效”的投标人恰为一家,报价未填也算。同一投标人重复登记的只算一家;没有写明投标人的有效投标,只在没有其他有效投标时计数。
-- method.en: In an open, selective, consultation, negotiation or quotation procedure exactly one bidder holds a valid bid, with or without an amount. A bidder filed twice counts once; a valid bid that names no bidder counts only where no other is valid.
-- why.zh: 只有一家有效投标就没有竞争,其余投标可能是陪衬,或竞争者被不当排除。
-- why.en: With one valid bid there is no competition: the others may have been there for show, or been shut out.
-- excludes.zh: 单一来源、直接委托、自建;没有填写采购方式或没有投标记录的项目(不适用);状态为空、或有效而没有写明投标人的投标,其份数在说明中列出。
-- excludes.en: Single source, direct award and self-build; not applicable without a procurement method or without bids. Bids without a status, and valid ones that name no bidder, are counted in the sentence.
-- says.zh: {procurement_method}共 {bids} 份投标,有效的只有 {bidder} 一家({unclear} 份状态或投标人不明)
-- says.en: {procurement_method}: of {bids} bid(s) only that of {bidder} is valid ({unclear} without status or bidder)
with counted as (
    select
        project,
        sum(bids) as bids,
        sum(unclear) + sum(case when bidder_key is null then valid else 0 end) as unclear,
        count(case when valid > 0 then bidder_key end) as named,
        sum(case when bidder_key is null then valid else 0 end) as unnamed,
        min(case when valid > 0 then bidder_name end) as bidder,
        min(amount) as amount,
        min(valid_row) as valid_row
    from bidders
    group by project
)
select
    p.project as subject,
    p.procurement_method,
    c.bids,
    c.unclear,
    c.bidder,
    c.amount as money_fen,
    c.valid_row as row_bids
from counted c
join projects p on p.project = c.project
where p.procurement_method is not null and (c.named = 1 or (c.named = 0 and c.unnamed = 1))
