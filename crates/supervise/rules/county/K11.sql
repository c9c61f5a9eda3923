-- id: K11
-- title.zh: 疑似陪标单位:屡投不中,多为同一中标人作陪
-- title.en: A bidder that always loses, mostly beside one winner
-- audience: officer
-- severity: medium
-- subject: organization
-- applies: is_bidder
-- needs: organizations.tenders
-- items: bids
-- key: winner_key
-- reach: county
-- params: least_lost = 8, accompanied_percent = 60
-- basis.zh: 《中华人民共和国招标投标法》第三十二条;OCP 红旗 R025(Excessive unsuccessful bids)
-- basis.en: Bidding Law, art. 32; OCP red flag R025 (excessive unsuccessful bids)
-- method.zh: 未中标 8 次及以上、从未中标,且 60% 以上的投标由同一家中标。只统计中标人在投标人之中的项目。没有填信用代码的投标人,按其名称在全部输入中唯一对应的代码认定。
-- method.en: Lost eight times or more and never won, and in at least 60% of its tenders the winner was one and the same. Only tenders won by one of their bidders are counted. A bidder filed without its code is taken by the one code that the input gives its name.
-- why.zh: 总是参加、总是落选、又总与同一家同场,可能是为其凑足家数。
-- why.en: Who always takes part, always loses and always beside the same winner may be there to make up the number.
-- excludes.zh: 中过标的单位;撤回的投标;没有承建单位的项目。
-- excludes.en: Bidders that won at least once; bids withdrawn; tenders without a contractor.
-- says.zh: {organization} 投标 {tenders} 次均未中标,其中 {beside_winner} 次由 {winner} 中标({accompanied_share})
-- says.en: {organization} lost all of its {tenders} tenders; {winner} won {beside_winner} of them ({accompanied_share})
with losers as (
    select organization_id, name, tenders
    from organizations
    where won = 0 and lost >= $least_lost
),
beside as (
    select
        l.organization_id,
        min(l.name) as organization,
        min(l.tenders) as tenders,
        b.winner_key,
        count(*) as beside_winner,
        array_agg(b.bid_row order by b.bid_row) as rows
    from losers l
    join tender_bidders b on b.bidder_key = l.organization_id
    where b.winner_key is not null
    group by l.organization_id, b.winner_key
)
select
    b.organization_id as subject,
    b.organization,
    b.tenders,
    b.beside_winner,
    w.name as winner,
    b.winner_key,
    b.winner_key as related,
    cast(b.beside_winner as double) / b.tenders as accompanied_share,
    b.rows as row_bids
from beside b
join organizations w on w.organization_id = b.winner_key
where b.beside_winner * 100 >= $accompanied_percent * b.tenders
