-- id: R035
-- title.zh: 除中标者外全被否决
-- title.en: All except winning bid disqualified
-- audience: both
-- severity: high
-- subject: process
-- also: tenderer
-- applies: (tender_status is distinct from 'cancelled')
-- needs: processes.submitted_bids, processes.supplier, processes.settled_supplier
-- key: ocid
-- reach: record
-- params: threshold = 1
-- basis.zh: 开放缔约伙伴组织(OCP)红旗 R035
-- basis.en: Open Contracting Partnership red flag R035
-- method.zh: 恰有一个投标人的投标有效,它就是全部生效授标的供应商,且至少 threshold 个其他投标人的投标被否决。中标人也一并标出。
-- method.en: Exactly one tenderer has valid bids, it is the supplier of all active awards, and at least `threshold` other tenderers were disqualified. The winner is named too.
-- why.zh: 采购方可以靠否决他人让内定者中标。
-- why.en: A buyer can hand a contract to a chosen bidder by disqualifying all others.
-- excludes.zh: 已取消的过程。没有投标、没有生效授标,或有待定或无效状态授标的为不适用。
-- excludes.en: Cancelled processes. Not applicable without bids, without an active award, or where an award is pending or of invalid status.
-- says.zh: {disqualified_tenderers} 个其他投标人全被否决,只剩中标的 {winner}({ocid})
-- says.en: {disqualified_tenderers} other tenderers were disqualified, only the winner {winner} was left ({ocid})
with alone as (
  select process, ocid, supplier
  from processes
  where valid_tenderer = last_valid_tenderer and supplier = last_supplier and valid_tenderer = supplier
    and settled_supplier is not null and disqualified_bids > 0 and (tender_status is distinct from 'cancelled')
),
refused as (
  select a.process, a.ocid, a.supplier, count(distinct b.tenderer) as disqualified_tenderers
  from alone a join ocds_bids b on a.process = b.process
  where b.status = 'disqualified' and b.tenderer <> a.supplier
  group by a.process, a.ocid, a.supplier
  having count(distinct b.tenderer) >= $threshold
)
select
  k.kind as subject_kind,
  case when k.kind = 'process' then r.process else r.supplier end as subject,
  make_array(case when k.kind = 'process' then o.id else r.ocid end) as related,
  r.ocid, coalesce(o.name, o.id) as winner, r.disqualified_tenderers
from (values ('process'), ('tenderer')) as k(kind)
cross join refused r
join ocds_organizations o on r.supplier = o.organization
