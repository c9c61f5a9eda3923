-- id: R030
-- title.zh: 逾期投标中标
-- title.en: Late bid won
-- audience: both
-- severity: high
-- subject: process
-- also: tenderer
-- applies: (tender_status is distinct from 'cancelled')
-- needs: processes.tender_end, processes.dated_valid_bids, processes.supplier
-- key: ocid, tenderer_id
-- reach: record
-- basis.zh: 开放缔约伙伴组织(OCP)红旗 R030
-- basis.en: Open Contracting Partnership red flag R030
-- method.zh: 有效投标的递交时间晚于投标截止时间,且投标人是某个生效授标的供应商。该投标人也一并标出。假定该投标人在截止前没有另一份有效投标。
-- method.en: A valid bid was received after the end of the tender period, and one of its tenderers is a supplier of an active award; that tenderer is named too. Assumes that it had no other valid bid in time.
-- why.zh: 逾期者看过别人的报价再投并中标,说明采购方可能有意放行。
-- why.en: Whoever bids late may know the other offers; accepting such a bid points to an arrangement.
-- excludes.zh: 已取消的过程。没有截止时间、没有带时间的有效投标或没有生效授标的为不适用。投标时间不带时区的,只有在任何时区都得出同一结论时才比;截止时间不带时区的不比。
-- excludes.en: Cancelled processes. Not applicable without a deadline, a dated valid bid or an active award. The date of a bid without a zone counts where every zone on earth gives the same answer; a deadline without a zone is not compared.
-- says.zh: {tenderer} 投标不早于 {bid_date},已过截止时间 {tender_end},仍中标({ocid})
-- says.en: {tenderer} bid no earlier than {bid_date}, after the deadline {tender_end}, and won ({ocid})
with late as (
  select p.process, p.ocid, p.tender_end, b.tenderer, min(b.date) as bid_date
  from processes p join ocds_bids b on p.process = b.process
  where b.status = 'valid' and b.date > p.tender_end and b.tenderer is not null
    and (p.tender_status is distinct from 'cancelled')
  group by p.process, p.ocid, p.tender_end, b.tenderer
),
won as (
  select distinct l.process, l.ocid, l.tender_end, l.tenderer, l.bid_date
  from late l join ocds_awards a on l.process = a.process and l.tenderer = a.supplier
  where a.status = 'active'
)
select
  k.kind as subject_kind,
  case when k.kind = 'process' then w.process else w.tenderer end as subject,
  make_array(case when k.kind = 'process' then o.id else w.ocid end) as related,
  w.ocid, o.id as tenderer_id, coalesce(o.name, o.id) as tenderer, w.tender_end, w.bid_date
from (values ('process'), ('tenderer')) as k(kind)
cross join won w
join ocds_organizations o on w.tenderer = o.organization
