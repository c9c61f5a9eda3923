-- id: valid_bids
-- what.zh: 有效投标,每个项目每个投标人一行;重复登记的取最低报价
-- what.en: Valid bids, one for each project and bidder; of a bid filed twice the lowest amount
select
    project,
    bidder_key,
    min(bidder_name) as bidder_name,
    min(bidder_uscc) as bidder_uscc,
    min(amount) as amount,
    min(bid_date) as bid_date,
    min(row_no) as bid_row
from (
    select
        project,
        org_key(bidder_uscc, bidder_name) as bidder_key,
        bidder_name,
        bidder_uscc,
        amount,
        bid_date,
        row_no
    from bids
    where status = 'valid' and amount is not null
) as valid
where bidder_key is not null
group by project, bidder_key
