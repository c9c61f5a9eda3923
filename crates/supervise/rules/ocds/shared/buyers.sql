-- id: buyers
-- what.zh: 每个采购人一行:采购过程数、收到与否决的投标数。可比的少于 4 个时比率为空
-- what.en: one row for each buyer: contracting processes, bids received and disqualified. The ratio is empty where fewer than 4 can be compared
with summed as (
  select buyer, count(*) as contracting_processes,
    coalesce(sum(submitted_bids), 0) as submitted_bids,
    coalesce(sum(disqualified_bids), 0) as disqualified_bids
  from processes
  where buyer is not null and (tender_status is distinct from 'cancelled')
  group by buyer
),
counted as (
  select *, count(*) filter (where contracting_processes >= 2 and submitted_bids > 0) over () as peers
  from summed
)
select
  c.buyer, o.id as buyer_id, coalesce(o.name, o.id) as name, false as is_bidder,
  c.contracting_processes, c.submitted_bids, c.disqualified_bids,
  case when c.submitted_bids > 0 and c.peers >= 4
    then cast(c.disqualified_bids as double) / c.submitted_bids end as disqualified_ratio
from counted c
join ocds_organizations o on c.buyer = o.organization
