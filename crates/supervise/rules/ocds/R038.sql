-- id: R038
-- title.zh: 否决投标过多
-- title.en: Excessive disqualified bids
-- audience: both
-- severity: medium
-- subject: buyer, procuring_entity, tenderer
-- applies: case when is_bidder then submitted_bids >= $minimum_submitted_bids else contracting_processes >= $minimum_contracting_processes end
-- needs: buyers.disqualified_ratio, procuring_entities.disqualified_ratio, tenderers.disqualified_ratio
-- reach: county
-- params: threshold = -1.0, minimum_submitted_bids = 2, minimum_contracting_processes = 2
-- basis.zh: 开放缔约伙伴组织(OCP)红旗 R038
-- basis.en: Open Contracting Partnership red flag R038
-- method.zh: 否决率 = 被否决的投标 ÷ 提交的投标,按采购人、采购实施主体、投标人分别计算;不低于同类的上界 Q3 + 1.5×(Q3 − Q1) 即标出,threshold 不小于 0 时以它为界,同类多少不论。
-- method.en: ratio = bids disqualified ÷ bids submitted, for buyers, procuring entities and tenderers separately. Flagged when it is at least the upper fence Q3 + 1.5 × (Q3 − Q1) of its kind; a `threshold` of 0 or more replaces the fence, however few of a kind there are.
-- why.zh: 采购方可以靠否决他人让内定者中标;串通者会故意交不合格的标书陪标。
-- why.en: Buyers can favour somebody by disqualifying the others; colluding bidders may hand in offers made to fail.
-- excludes.zh: 已取消的过程;提交少于 minimum_submitted_bids 份的投标人;过程少于 minimum_contracting_processes 个的采购人与实施主体。同类可比的少于 4 个时不适用;上界为 0 时不标出。
-- excludes.en: Cancelled processes; tenderers with fewer than `minimum_submitted_bids` bids; buyers and procuring entities with fewer than `minimum_contracting_processes` processes. Not applicable with fewer than 4 of a kind to compare; nothing is flagged where the fence is 0.
-- says.zh: {name} 的 {submitted_bids} 份投标中有 {disqualified_bids} 份被否决,占 {disqualified_share},不低于界限 {fence_share}
-- says.en: {name}: {disqualified_bids} of {submitted_bids} bids were disqualified, {disqualified_share}; the fence is {fence_share}
with ratios as (
  select 'buyer' as subject_kind, buyer as subject, name, submitted_bids, disqualified_bids,
    cast(disqualified_bids as double) / submitted_bids as ratio
  from buyers where submitted_bids > 0 and contracting_processes >= $minimum_contracting_processes
  union all
  select 'procuring_entity', procuring_entity, name, submitted_bids, disqualified_bids,
    cast(disqualified_bids as double) / submitted_bids
  from procuring_entities where submitted_bids > 0 and contracting_processes >= $minimum_contracting_processes
  union all
  select 'tenderer', tenderer, name, submitted_bids, disqualified_bids,
    cast(disqualified_bids as double) / submitted_bids
  from tenderers where submitted_bids > 0 and submitted_bids >= $minimum_submitted_bids
),
quartiles as (
  select *,
    quantile8(ratio, 0.25) over (partition by subject_kind) as q1,
    quantile8(ratio, 0.75) over (partition by subject_kind) as q3,
    count(ratio) over (partition by subject_kind) as peers
  from ratios
),
fenced as (
  select *, case when $threshold >= 0 then $threshold else q3 + 1.5 * (q3 - q1) end as fence from quartiles
)
select
  subject_kind, subject, name, submitted_bids, disqualified_bids,
  ratio as disqualified_share, fence as fence_share
from fenced
where ratio >= fence and fence > 0 and ($threshold >= 0 or peers >= 4)
