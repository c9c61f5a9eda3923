-- id: R028
-- title.zh: 报价相同
-- title.en: Identical bid prices
-- audience: both
-- severity: medium
-- subject: process
-- also: tenderer
-- applies: (tender_status is distinct from 'cancelled') and (procurement_method_details is null or not array_has($no_price_comparison, procurement_method_details)) and (array_has($price_comparison, '*') or array_has($price_comparison, procurement_method_details))
-- needs: processes.lowest_amount
-- key: ocid, amount
-- reach: record
-- params: no_price_comparison = ["-"], price_comparison = ["*"]
-- basis.zh: 开放缔约伙伴组织(OCP)红旗 R028
-- basis.en: Open Contracting Partnership red flag R028
-- method.zh: 同一过程中,不同投标人(联合体按成员组合计)提交了完全相同的报价。有关投标人也一并标出。no_price_comparison 列出价格由采购方定死、不宜比价的采购方式说明,price_comparison 反过来只看所列。
-- method.en: Different tenderers (groups of tenderers count by their members) submitted exactly the same price in one process. These tenderers are named too. `no_price_comparison` lists procurementMethodDetails whose prices the buyer fixes; `price_comparison` limits the rule to those listed, * is all.
-- why.zh: 报价可能被泄露,或由同一人编制。
-- why.en: A price may have been leaked, or one hand wrote both offers.
-- excludes.zh: 已取消的过程;受邀未投与撤回的投标;价格由采购方定死的方式;其他币种的金额。没有可比金额的为不适用。
-- excludes.en: Cancelled processes; bids only invited or withdrawn; methods with fixed prices; amounts in another currency. Not applicable without any amount.
-- says.zh: {tenderers} 的报价同为 {amount}({ocid})
-- says.en: {tenderers} all offered {amount} ({ocid})
with same as (
  select process, amount
  from ocds_bids
  where status in ('pending', 'valid', 'disqualified') and amount is not null and bidder is not null
  group by process, amount
  having min(bidder) <> max(bidder)
),
who as (
  select distinct s.process, s.amount, b.tenderer
  from same s join ocds_bids b on s.process = b.process and s.amount = b.amount
  where b.status in ('pending', 'valid', 'disqualified') and b.tenderer is not null
),
named as (
  select
    w.process, w.amount, w.tenderer, p.ocid,
    row_number() over (partition by w.process, w.amount order by o.id) as place,
    array_agg(o.id) over (partition by w.process, w.amount order by o.id rows between unbounded preceding and unbounded following) as ids,
    array_agg(coalesce(o.name, o.id)) over (partition by w.process, w.amount order by o.id rows between unbounded preceding and unbounded following) as names
  from who w
  join processes p on w.process = p.process
  join ocds_organizations o on w.tenderer = o.organization
  where (p.tender_status is distinct from 'cancelled')
    and (p.procurement_method_details is null or not array_has($no_price_comparison, p.procurement_method_details))
    and (array_has($price_comparison, '*') or array_has($price_comparison, p.procurement_method_details))
)
select
  k.kind as subject_kind,
  case when k.kind = 'process' then n.process else n.tenderer end as subject,
  case when k.kind = 'process' then n.ids else make_array(n.ocid) end as related,
  n.ocid, n.amount, n.names as tenderers
from named n cross join (values ('process'), ('tenderer')) as k(kind)
where k.kind = 'tenderer' or n.place = 1
