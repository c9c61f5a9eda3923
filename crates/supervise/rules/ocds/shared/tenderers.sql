-- id: tenderers
-- what.zh: 每个投标人一行:投标、被否决、在可比过程中有效投标与中标的个数,获得标的的过程数,及至少 4 个供应商达到的过程数(peer_processes)。各比率在可比的投标人少于 4 个时为空
-- what.en: one row for each tenderer: bids submitted and disqualified, processes with a valid bid and won among those that count, processes with items awarded, and how many of those at least 4 suppliers reach (peer_processes). Ratios are empty where fewer than 4 tenderers can be compared
with per_process as (
  select
    b.process, b.tenderer,
    count(*) filter (where b.status in ('pending', 'valid', 'disqualified')) as submitted,
    count(*) filter (where b.status = 'disqualified') as refused,
    bool_or(b.is_sole and b.status = 'valid' and p.winner is not null) as counts,
    bool_or(b.is_sole and b.status = 'valid' and b.tenderer = p.winner) as won
  from processes p join ocds_bids b on p.process = b.process
  where b.tenderer is not null and (p.tender_status is distinct from 'cancelled')
  group by b.process, b.tenderer
),
gathered as (
  select
    tenderer,
    sum(submitted) as submitted_bids,
    sum(refused) as disqualified_bids,
    count(*) filter (where submitted > 0) as contracting_processes,
    count(*) filter (where counts) as valid_processes,
    count(*) filter (where won) as won_processes,
    cast(0 as bigint) as awarded_processes
  from per_process
  group by tenderer
  union all
  select supplier, 0, 0, 0, 0, 0, count(*)
  from (select distinct process, supplier from awarded_items)
  group by supplier
),
summed as (
  select
    tenderer,
    sum(submitted_bids) as submitted_bids,
    sum(disqualified_bids) as disqualified_bids,
    sum(contracting_processes) as contracting_processes,
    sum(valid_processes) as valid_processes,
    sum(won_processes) as won_processes,
    sum(awarded_processes) as awarded_processes
  from gathered
  group by tenderer
),
counted as (
  select *,
    count(*) filter (where submitted_bids >= 2) over () as repeat_bidders,
    count(*) filter (where valid_processes > 0) over () as valid_bidders,
    nth_value(awarded_processes, 4) over (
      order by awarded_processes desc rows between unbounded preceding and unbounded following
    ) as fourth_awarded
  from summed
)
select
  c.tenderer, o.id as tenderer_id, coalesce(o.name, o.id) as name, true as is_bidder,
  c.submitted_bids, c.disqualified_bids, c.contracting_processes, c.valid_processes, c.won_processes, c.awarded_processes,
  case when c.submitted_bids > 0 and c.repeat_bidders >= 4
    then cast(c.disqualified_bids as double) / c.submitted_bids end as disqualified_ratio,
  case when c.valid_processes > 0 and c.valid_bidders >= 4
    then cast(c.won_processes as double) / c.valid_processes end as win_ratio,
  case when c.awarded_processes > 0 and c.fourth_awarded > 0 then c.fourth_awarded end as peer_processes
from counted c
join ocds_organizations o on c.tenderer = o.organization
