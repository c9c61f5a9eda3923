-- id: R036
-- title.zh: 最低报价被否决
-- title.en: Lowest bid disqualified
-- audience: both
-- severity: medium
-- subject: process
-- applies: (tender_status is distinct from 'cancelled') and (procurement_method_details is null or not array_has($no_price_comparison, procurement_method_details)) and (array_has($price_comparison, '*') or array_has($price_comparison, procurement_method_details))
-- needs: processes.active_awards, processes.lowest_valid
-- reach: record
-- params: no_price_comparison = ["-"], price_comparison = ["*"]
-- basis.zh: 开放缔约伙伴组织(OCP)红旗 R036
-- basis.en: Open Contracting Partnership red flag R036
-- method.zh: 有生效授标、有带金额的有效投标,而提交的投标中报价最低的被否决(最低价并列时看先列出的一份)。假定只按价格评标。no_price_comparison 列出价格由采购方定死、不宜比价的采购方式说明,price_comparison 反过来只看所列。
-- method.en: There is an active award and a valid bid with an amount, and the lowest bid submitted is disqualified; of equal lowest bids the one listed first counts. Assumes that price alone decides. `no_price_comparison` lists procurementMethodDetails whose prices the buyer fixes; `price_comparison` limits the rule to those listed, * is all.
-- why.zh: 采购方可以靠否决低价让内定者中标。
-- why.en: A buyer can hand a contract to a chosen bidder by disqualifying those who ask for less.
-- excludes.zh: 已取消的过程;受邀未投与撤回的投标;价格由采购方定死的方式;其他币种的金额。没有生效授标或没有带金额的有效投标的为不适用。
-- excludes.en: Cancelled processes; bids only invited or withdrawn; methods with fixed prices; amounts in another currency. Not applicable without an active award or a valid bid with an amount.
-- says.zh: 最低报价 {lowest_amount} 被否决,有效报价最低为 {lowest_valid_amount}
-- says.en: the lowest bid {lowest_amount} was disqualified; the lowest valid bid is {lowest_valid_amount}
with candidates as (
  select process, lowest_amount, lowest_valid
  from processes
  where active_awards > 0 and lowest_disqualified = lowest_amount and lowest_valid is not null
)
select
  c.process as subject, c.lowest_amount, min(c.lowest_valid) as lowest_valid_amount
from candidates c join ocds_bids b on c.process = b.process and c.lowest_amount = b.amount
where b.status in ('pending', 'valid', 'disqualified')
group by c.process, c.lowest_amount
having min(b.bid) = min(b.bid) filter (where b.status = 'disqualified')
