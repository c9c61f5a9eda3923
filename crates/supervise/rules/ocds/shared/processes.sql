-- id: processes
-- what.zh: 每个采购过程一行:公告、投标与中标的要点。submitted_bids 等没有时为空;winner 仅在恰有一个生效授标、没有待定或无效状态的授标、且供应商唯一时有值;price_gap 为(次低有效报价 − 中标报价)÷ 中标报价,中标价并非最低、或全部数据中可比的少于 4 个时为空
-- what.en: one row for each contracting process with what matters of its tender, bids and awards. submitted_bids and the like are empty where there are none; winner only where exactly one award is active, none is pending or invalid, and it has one supplier; price_gap = (second-lowest valid bid − winning bid) ÷ winning bid, empty where the winning bid is not the lowest or fewer than 4 processes in all can be compared
with awarded as (
  select
    process,
    count(*) filter (where is_first and status = 'active') as active_awards,
    count(*) filter (where status not in ('active', 'cancelled', 'unsuccessful')) as open_awards,
    min(supplier) filter (where status = 'active') as supplier,
    max(supplier) filter (where status = 'active') as last_supplier,
    bool_and(is_sole) filter (where status = 'active') as sole
  from ocds_awards
  group by process
),
decided as (
  select *, case when active_awards = 1 and open_awards = 0 and sole then supplier end as winner
  from awarded
),
offers as (
  select
    b.process, b.tenderer, b.amount, b.date,
    b.is_first as head,
    b.status = 'valid' as valid,
    b.status = 'disqualified' as refused,
    b.status in ('pending', 'valid', 'disqualified') as submitted,
    b.is_sole and b.status = 'valid' and b.tenderer = d.winner as winning,
    b.is_sole and b.status = 'valid' and b.tenderer <> d.winner as losing
  from decided d right join ocds_bids b on d.process = b.process
),
bidding as (
  select
    process,
    count(*) filter (where head and submitted) as submitted_bids,
    count(*) filter (where head and refused) as disqualified_bids,
    count(*) filter (where valid and date is not null) as dated_valid_bids,
    min(tenderer) filter (where valid) as valid_tenderer,
    max(tenderer) filter (where valid) as last_valid_tenderer,
    min(amount) filter (where submitted) as lowest_amount,
    min(amount) filter (where refused) as lowest_disqualified,
    min(amount) filter (where valid) as lowest_valid,
    min(amount) filter (where winning) as winning_amount,
    min(amount) filter (where losing) as next_amount
  from offers
  group by process
),
compared as (
  select
    t.process, t.ocid, t.tender_status, t.procurement_method, t.procurement_method_details,
    t.tender_start, t.tender_end, t.number_of_tenderers, t.buyer, t.procuring_entity, t.linked_only,
    nullif(d.active_awards, 0) as active_awards, d.open_awards, d.supplier, d.last_supplier, d.winner,
    nullif(b.submitted_bids, 0) as submitted_bids, b.disqualified_bids,
    nullif(b.dated_valid_bids, 0) as dated_valid_bids,
    b.valid_tenderer, b.last_valid_tenderer,
    b.lowest_amount, b.lowest_disqualified, b.lowest_valid, b.winning_amount, b.next_amount,
    case
      when b.winning_amount > 0 and b.next_amount >= b.winning_amount and (t.tender_status is distinct from 'cancelled')
      then (b.next_amount - b.winning_amount) / b.winning_amount
    end as gap
  from decided d
  right join (bidding b right join ocds_tenders t on b.process = t.process) on d.process = t.process
)
select *, case when count(gap) over () >= 4 then gap end as price_gap
from compared
