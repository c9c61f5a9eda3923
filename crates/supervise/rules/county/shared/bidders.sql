-- id: bidders
-- what.zh: 每个项目每个投标人一行,附其投标份数和最低有效报价;没有写明投标人的合为一行;投标表在此只汇总一次
-- what.en: One row for each project and bidder, with its bids and its lowest valid amount; those that name no bidder make one row; the one aggregation of all bids
select
    project,
    bidder_key,
    coalesce(min(bidder_name), min(bidder_uscc)) as bidder_name,
    min(bidder_uscc) as bidder_uscc,
    count(*) as bids,
    count(case when status is null then 1 end) as unclear,
    count(case when status = 'valid' then 1 end) as valid,
    min(case when status = 'valid' then amount end) as amount,
    min(case when status = 'valid' then row_no end) as valid_row,
    min(case when status is distinct from 'withdrawn' then row_no end) as standing_row
from (
    select
        b.project,
        org_key(coalesce(b.bidder_uscc, c.uscc), b.bidder_name) as bidder_key,
        b.bidder_name,
        coalesce(b.bidder_uscc, c.uscc) as bidder_uscc,
        b.status,
        b.amount,
        b.row_no
    from org_codes c
    right join (
        select *, case when bidder_uscc is null then normal_name(bidder_name) end as name_key
        from bids
    ) as b on b.name_key = c.name_key
) as keyed
group by project, bidder_key
