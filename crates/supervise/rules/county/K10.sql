-- id: K10
-- title.zh: 固定投标人群体轮流中标
-- title.en: The same bidders meet again and again, and one of them wins
-- audience: officer
-- severity: high
-- subject: project
-- applies: procurement_method in ('open', 'selective', 'consultation', 'negotiation', 'quotation')
-- needs: projects.contractor_name, bids.bidder_name
-- items: bids, contractor
-- key: what, bidders
-- reach: county
-- params: ring_tenders = 3, ring_bidders = 3, pair_tenders = 4, pair_percent = 90
-- basis.zh: 《中华人民共和国招标投标法》第三十二条(不得相互串通投标);《中华人民共和国招标投标法实施条例》第三十九条
-- basis.en: Bidding Law, art. 32 (no collusion among bidders); Implementing Regulation of the Bidding Law, art. 39
-- method.zh: 完全相同的 3 家及以上投标人在 3 个及以上项目中相遇,且每一家都中过标;或两家在 4 个及以上项目中一同投标,占各自全部投标的 90 % 以上,且每次都由其中一家中标。只统计中标人在投标人之中的项目。
-- method.en: The very same three or more bidders meet in three or more tenders and each of them wins; or a pair bids together in four or more tenders, in at least 90 % of each one's bids, and one of the two wins every time. Only tenders won by one of their bidders are counted.
-- why.zh: 轮流坐庄、陪标是串通投标的典型方式。
-- why.en: Winning in turn and bidding for show are the classic forms of bid rigging.
-- excludes.zh: 撤回的投标;没有承建单位或投标人名单的项目。小地方投标人少,偶然相遇须结合其他疑点判断。
-- excludes.en: Bids withdrawn; projects without contractor or bidders. Where there are few bidders they meet by chance too: read with other flags.
-- says.zh: {bidders} 在 {tenders} 个项目中一同投标,每次都由其中一家中标({winners} 家中过标;另见 {related})
-- says.en: {bidders} bid together in {tenders} tenders and one of them won each time ({winners} of them won; see {related})
with awarded as (
    select project_code, bidder_key, bidder_name, winner_key
    from tender_bidders
    where winner_key is not null
),
sets as (
    select
        project_code,
        array_to_string(array_agg(bidder_key order by bidder_key), '、') as bidder_set,
        array_to_string(array_agg(bidder_name order by bidder_key), '、') as bidders,
        min(winner_key) as winner_key,
        count(*) as size
    from awarded
    group by project_code
    having count(*) >= $ring_bidders
),
rings as (
    select
        bidder_set,
        min(bidders) as bidders,
        count(*) as tenders,
        count(distinct winner_key) as winners,
        array_agg(project_code) as projects
    from sets
    group by bidder_set, size
    having count(*) >= $ring_tenders and count(distinct winner_key) = size
),
frequent as (
    select bidder_key, count(*) as bids
    from awarded
    group by bidder_key
    having count(*) >= $pair_tenders
),
met as (
    select
        a.bidder_key as a_key,
        b.bidder_key as b_key,
        min(a.bidder_name) as a_name,
        min(b.bidder_name) as b_name,
        count(*) as tenders,
        count(distinct a.winner_key) as winners,
        array_agg(a.project_code) as projects,
        min(a.bids) as a_bids,
        min(b.bids) as b_bids
    from (
        select f.bidder_key, f.bids, w.project_code, w.bidder_name, w.winner_key
        from frequent f
        join awarded w on w.bidder_key = f.bidder_key
    ) as a
    join (
        select f.bidder_key, f.bids, w.project_code, w.bidder_name
        from frequent f
        join awarded w on w.bidder_key = f.bidder_key
    ) as b on b.project_code = a.project_code
    where a.bidder_key < b.bidder_key
    group by a.bidder_key, b.bidder_key
    having count(*) >= $pair_tenders
        and count(*) = sum(case when a.winner_key in (a.bidder_key, b.bidder_key) then 1 else 0 end)
        and count(*) * 100 >= $pair_percent * min(a.bids)
        and count(*) * 100 >= $pair_percent * min(b.bids)
),
patterns as (
    select 'ring' as what, bidders, tenders, winners, projects
    from rings
    union all
    select 'pair', concat(a_name, '、', b_name), tenders, winners, projects
    from met
),
involved as (
    select what, bidders, tenders, winners, projects, unnest(projects) as project_code
    from patterns
)
select
    i.project_code as subject,
    i.what,
    i.bidders,
    i.tenders,
    i.winners,
    array_sort(array_remove(i.projects, i.project_code)) as related,
    p.contract_amount as money_fen
from involved i
join projects p on p.project_code = i.project_code
