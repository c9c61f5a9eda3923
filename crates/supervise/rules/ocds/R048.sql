-- id: R048
-- title.zh: 供货种类过杂
-- title.en: Heterogeneous supplier
-- audience: both
-- severity: low
-- subject: tenderer
-- applies: awarded_processes > 0 and ($threshold >= 0 or coalesce(peer_processes >= $minimum_contracting_processes, true))
-- needs: tenderers.peer_processes
-- reach: county
-- params: digits = 2, threshold = -1.0, minimum_contracting_processes = 20
-- basis.zh: 开放缔约伙伴组织(OCP)红旗 R048
-- basis.en: Open Contracting Partnership red flag R048
-- method.zh: 种类数 = 供应商在全部过程中所获标的的分类编码前 digits 位有几种。四分位数只在至少 minimum_contracting_processes 个过程中获得标的的供应商之中计算;任何供应商的种类数不低于上界 Q3 + 1.5×(Q3 − Q1) 即标出;threshold 不小于 0 时以它为界。分类应为层级数字编码,如 UNSPSC、CPV。
-- method.en: variety = number of different first `digits` characters among the classifications of all items awarded to a supplier. The quartiles are those of suppliers awarded in at least `minimum_contracting_processes` processes; any supplier is flagged whose variety is at least the upper fence Q3 + 1.5 × (Q3 − Q1); a `threshold` of 0 or more replaces the fence. Classifications have to be hierarchical numeric codes such as UNSPSC or CPV.
-- why.zh: 什么都供的供应商多半并不专业,质次价高或坐收差价的风险更大。
-- why.en: A supplier of everything is seldom fit for each: low value, poor delivery or rent are more likely.
-- excludes.zh: 已取消的过程;授予多个供应商的授标。全部供应商少于 4 个时不适用;达到 minimum_contracting_processes 的少于 4 个、又没有设定 threshold 时,没有可比的供应商,不计入范围。
-- excludes.en: Cancelled processes; awards to several suppliers. Not applicable with fewer than 4 suppliers in all; where fewer than 4 reach `minimum_contracting_processes` and no `threshold` is set there is nobody to compare with, and nobody is counted.
-- says.zh: {name} 在 {awarded_processes} 个过程中供应了 {variety} 类标的,不低于界限 {fence}
-- says.en: {name} supplied items of {variety} classes in {awarded_processes} processes; the fence is {fence}
with varieties as (
  select supplier, count(*) as variety
  from (select distinct supplier, substr(classification, 1, $digits) as class from awarded_items)
  group by supplier
),
compared as (
  select t.tenderer, t.name, t.awarded_processes, v.variety,
    case when t.awarded_processes >= $minimum_contracting_processes then cast(v.variety as double) end as peer_variety
  from varieties v join tenderers t on v.supplier = t.tenderer
),
quartiles as (
  select *,
    quantile8(peer_variety, 0.25) over () as q1,
    quantile8(peer_variety, 0.75) over () as q3,
    count(peer_variety) over () as number
  from compared
),
fenced as (
  select *, case when $threshold >= 0 then $threshold else q3 + 1.5 * (q3 - q1) end as fence from quartiles
)
select tenderer as subject, name, awarded_processes, variety, fence
from fenced
where variety >= fence and ($threshold >= 0 or number >= 4)
