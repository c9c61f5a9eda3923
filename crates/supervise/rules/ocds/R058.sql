-- id: R058
-- title.zh: 中标价大幅低于次低价
-- title.en: Heavily discounted bid
-- audience: both
-- severity: low
-- subject: process
-- also: tenderer
-- applies: (tender_status is distinct from 'cancelled') and (procurement_method_details is null or not array_has($no_price_comparison, procurement_method_details)) and (array_has($price_comparison, '*') or array_has($price_comparison, procurement_method_details))
-- needs: processes.price_gap
-- key: ocid
-- reach: county
-- params: threshold = -1.0, no_price_comparison = ["-"], price_comparison = ["*"]
-- basis.zh: 开放缔约伙伴组织(OCP)红旗 R058
-- basis.en: Open Contracting Partnership red flag R058
-- method.zh: 差距 =(次低有效报价 − 中标报价)÷ 中标报价;中标人多次投标时取其最低。差距不低于上界 Q3 + 1.5×(Q3 − Q1)即标出,四分位按 Hyndman–Fan 第 8 种定义;threshold 不小于 0 时以它为界,可比过程多少不论。中标人也一并标出。no_price_comparison 列出价格由采购方定死、不宜比价的采购方式说明,price_comparison 反过来只看所列。
-- method.en: difference = (second-lowest valid bid − winning bid) ÷ winning bid, of several bids by the winner the lowest. Flagged when it is at least the upper fence Q3 + 1.5 × (Q3 − Q1); quartiles by definition 8 of Hyndman and Fan; a `threshold` of 0 or more replaces the fence, however few processes there are. The winner is named too. `no_price_comparison` lists procurementMethodDetails whose prices the buyer fixes; `price_comparison` limits the rule to those listed, * is all.
-- why.zh: 质量要求不严时,报价过低者可能以次充好。
-- why.en: Where quality is not checked, an offer far below the others may be for defective goods.
-- excludes.zh: 已取消的过程。不适用:有待定或无效状态的授标、生效授标不止一个、中标价不是最低、多家联合投标或中标、金额不是主要币种、可比过程少于 4 个。上界为 0 时不标出。
-- excludes.en: Cancelled processes. Not applicable: an award pending or of invalid status, several active awards, a winning bid that is not the lowest, bids or awards of several parties, amounts in another currency, fewer than 4 processes to compare. Nothing is flagged where the fence is 0.
-- says.zh: 中标报价 {winning_amount} 之上,次低有效报价 {next_amount} 高出 {price_gap_share},不低于界限 {fence_share}(中标 {winner})
-- says.en: the second-lowest valid bid {next_amount} is {price_gap_share} above the winning bid {winning_amount}, the fence is {fence_share} (winner {winner})
with gaps as (
  select *, quantile8(gap, 0.25) over () as q1, quantile8(gap, 0.75) over () as q3, count(gap) over () as peers
  from processes
  where gap is not null
    and (procurement_method_details is null or not array_has($no_price_comparison, procurement_method_details))
    and (array_has($price_comparison, '*') or array_has($price_comparison, procurement_method_details))
),
fenced as (
  select *, case when $threshold >= 0 then $threshold else q3 + 1.5 * (q3 - q1) end as fence from gaps
),
flagged as (
  select * from fenced where gap >= fence and fence > 0 and ($threshold >= 0 or peers >= 4)
),
offered as (
  select
    f.process, f.ocid, f.winner, f.winning_amount, f.next_amount, f.gap, f.fence,
    first_value(b.tenderer order by b.bid) as runner_up
  from flagged f join ocds_bids b on f.process = b.process and f.next_amount = b.amount
  where b.status = 'valid' and b.is_sole and b.tenderer <> f.winner
  group by f.process, f.ocid, f.winner, f.winning_amount, f.next_amount, f.gap, f.fence
)
select
  case when k.kind = 'process' then 'process' else 'tenderer' end as subject_kind,
  case k.kind when 'process' then f.process when 'winner' then f.winner else f.runner_up end as subject,
  case when k.kind = 'process' then make_array(w.id, l.id) else make_array(f.ocid) end as related,
  f.ocid, f.winning_amount, f.next_amount, f.gap as price_gap_share, f.fence as fence_share,
  coalesce(w.name, w.id) as winner, coalesce(l.name, l.id) as runner_up
from (values ('process'), ('winner')) as k(kind)
cross join offered f
join ocds_organizations w on f.winner = w.organization
join ocds_organizations l on f.runner_up = l.organization
