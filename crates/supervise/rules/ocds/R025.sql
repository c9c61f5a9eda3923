-- id: R025
-- title.zh: 屡投不中
-- title.en: Excessive unsuccessful bids
-- audience: both
-- severity: medium
-- subject: tenderer
-- needs: tenderers.win_ratio
-- reach: county
-- params: percentile = 75, threshold = -1.0
-- basis.zh: 开放缔约伙伴组织(OCP)红旗 R025
-- basis.en: Open Contracting Partnership red flag R025
-- method.zh: 中标率 = 中标过程数 ÷ 有效投标过程数(同一过程多次投标只计一次)。投标数不少于全体的第 percentile 百分位,且中标率不高于下界 Q1 − 1.5×(Q3 − Q1) 的标出;threshold 不小于 0 时以它为界,可比投标人多少不论。
-- method.en: ratio = processes won ÷ processes with a valid bid, each process counted once. Flagged when the number of bids is at least the given percentile of all tenderers' and the ratio at most the lower fence Q1 − 1.5 × (Q3 − Q1); a `threshold` of 0 or more replaces the fence, however few tenderers there are.
-- why.zh: 常投不中的,可能是替同伙陪标。
-- why.en: A bidder that hardly ever wins may be bidding to make a partner's offer look contested.
-- excludes.zh: 已取消的过程、有待定或无效状态授标的过程、生效授标不止一个的过程、多家联合投标或中标。可比投标人少于 4 个时不适用;下界不大于 0 时不标出。
-- excludes.en: Cancelled processes, those with an award pending or of invalid status or with several active awards, bids and awards of several parties. Not applicable with fewer than 4 tenderers to compare; nothing is flagged where the fence or Q1 is 0 or less.
-- says.zh: {name} 有效投标 {valid_processes} 次只中 {won_processes} 次,中标率 {win_share},不高于界限 {fence_share}
-- says.en: {name} won {won_processes} of {valid_processes} valid bids, {win_share}; the fence is {fence_share}
with ratios as (
  select *,
    quantile8(cast(valid_processes as double), $percentile / 100.0) over () as many,
    quantile8(ratio, 0.25) over () as q1,
    quantile8(ratio, 0.75) over () as q3,
    count(ratio) over () as peers
  from (select *, cast(won_processes as double) / valid_processes as ratio from tenderers where valid_processes > 0) as valid
),
fenced as (
  select *, case when $threshold >= 0 then $threshold else q1 - 1.5 * (q3 - q1) end as fence from ratios
)
select
  'tenderer' as subject_kind, tenderer as subject, name, valid_processes, won_processes,
  ratio as win_share, fence as fence_share, many as many_bids
from fenced
where valid_processes >= many and ratio <= fence and fence > 0 and ($threshold >= 0 or (q1 > 0 and peers >= 4))
