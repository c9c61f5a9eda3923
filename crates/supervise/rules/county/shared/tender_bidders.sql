-- id: tender_bidders
-- what.zh: 每个项目的投标人(撤回的除外),以及谁是承建单位;双方都有信用代码时按代码认定,否则按规范化名称
-- what.en: The bidders of each project, without bids withdrawn, and which of them became the contractor: by USCC where both sides have one, else by normalised name
with judged as (
    select
        b.project,
        b.bidder_key,
        b.bidder_name,
        b.bidder_uscc,
        b.standing_row as bid_row,
        coalesce(
            case
                when b.bidder_uscc is not null and p.contractor_uscc is not null
                    then b.bidder_uscc = p.contractor_uscc
                else normal_name(b.bidder_name) = normal_name(p.contractor_name)
            end,
            false
        ) as won
    from parties p
    join bidders b on b.project = p.project
    where b.bidder_key is not null and b.standing_row is not null
),
winners as (
    select project, max(bidder_key) as winner_key
    from judged
    where won
    group by project
)
select
    j.project,
    j.bidder_key,
    j.bidder_name,
    j.bidder_uscc,
    j.bid_row,
    j.won,
    w.winner_key
from winners w
right join judged j on j.project = w.project
