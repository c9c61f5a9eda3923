-- id: compared_processes
-- by: process
-- what.zh: processes 的各列,以及 gap =(次低有效报价 − 中标报价)÷ 中标报价,中标价并非最低时为空
-- what.en: the columns of processes, and gap = (second-lowest valid bid − winning bid) ÷ winning bid, empty where the winning bid is not the lowest
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
)
select
  t.process, t.ocid, t.tender_status, t.procurement_method, t.procurement_method_details,
  t.tender_start, t.tender_end, t.number_of_tenderers, t.buyer, t.procuring_entity, t.linked_only,
  nullif(d.active_awards, 0) as active_awards, d.open_awards, d.supplier, d.last_supplier, d.winner,
  case when d.open_awards = 0 then d.supplier end as settled_supplier,
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
