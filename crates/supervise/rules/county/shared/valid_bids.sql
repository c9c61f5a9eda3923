-- id: valid_bids
-- what.zh: 有报价的有效投标,每个项目每个投标人一行;重复登记的取最低报价
-- what.en: Valid bids with an amount, one for each project and bidder; of a bid filed twice the lowest amount
select project, bidder_key, bidder_name, bidder_uscc, amount, valid_row as bid_row
from bidders
where amount is not null and bidder_key is not null
