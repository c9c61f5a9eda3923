-- id: K10
-- title.zh: 固定投标人群体轮流中标
-- title.en: The same bidders meet again and again, and one of them wins
-- audience: officer
-- severity: high
-- subject: project
-- applies: coalesce(procurement_method in ('open', 'selective', 'consultation', 'negotiation', 'quotation'), true)
-- needs: projects.contractor_name, bids.bidder_name
-- items: bids, contractor
-- key: what, bidders
-- reach: county
-- params: ring_tenders = 3, ring_bidders = 3, pair_tenders = 4, pair_percent = 90
-- basis.zh: 《中华人民共和国招标投标法》第三十二条(不得相互串通投标);《中华人民共和国招标投标法实施条例》第三十九条
-- basis.en: Bidding Law, art. 32 (no collusion among bidders); Implementing Regulation of the Bidding Law, art. 39
-- method.zh: 完全相同的 3 家及以上投标人在 3 个及以上项目中相遇,且每一家都中过标;或两家在 4 个及以上项目中一同投标,占各自全部投标的 90% 以上,且每次都由其中一家中标。只统计中标人在投标人之中的项目。没有填信用代码的投标人,按其名称在全部输入中唯一对应的代码认定。
-- method.en: The very same three or more bidders meet in three or more tenders and each of them wins; or a pair bids together in four or more tenders, in at least 90% of each one's bids, and one of the two wins every time. Only tenders won by one of their bidders are counted. A bidder filed without its code is taken by the one code that the input gives its name.
-- why.zh: 轮流坐庄、陪标是串通投标的典型方式。
-- why.en: Winning in turn and bidding for show are the classic forms of bid rigging.
-- excludes.zh: 不经竞争的采购方式(没有填写的照样比对);撤回的投标;没有承建单位或投标人名单的项目。小地方投标人少,偶然相遇须结合其他疑点判断。
-- excludes.en: Procedures without competition (where none is filed the bids are compared all the same); bids withdrawn; projects without contractor or bidders. Where there are few bidders they meet by chance too: read with other flags.
-- says.zh: {bidders} 在 {tenders} 个项目中一同投标,每次都由其中一家中标({winners} 家中过标;另见 {related})
-- says.en: {bidders} bid together in {tenders} tenders and one of them won each time ({winners} of them won; see {related})
with awarded as (
    select project, bidder_key, bidder_name, winner_key
    from tender_bidders
    where winner_key is not null
),
-- Sets and pairs that meet often enough are found by a number, then looked at by their bidders.
tenders as (
    select project, bit_xor(text_key(bidder_key)) as set_number
    from awarded
    group by project
    having count(*) >= $ring_bidders
),
like_sets as (
    select unnest(repeated(set_number, $ring_tenders)) as set_number
    from tenders
),
sets as (
    select
        a.project,
        a.winner_key,
        count(*) as size,
        array_to_string(array_agg(a.bidder_key order by a.bidder_key), '、') as bidder_set,
        array_to_string(array_agg(a.bidder_name order by a.bidder_key), '、') as bidders
    from like_sets l
    join tenders t on t.set_number = l.set_number
    join awarded a on a.project = t.project
    group by a.project, a.winner_key
),
rings as (
    select
        bidder_set,
        min(bidders) as bidders,
        count(*) as tenders,
        count(distinct winner_key) as winners,
        array_agg(project) as projects
    from sets
    group by bidder_set, size
    having count(*) >= $ring_tenders and count(distinct winner_key) = size
),
winners_beside as (
    select
        least(winner_key, bidder_key) as a_key,
        greatest(winner_key, bidder_key) as b_key,
        text_key(concat(least(winner_key, bidder_key), '、', greatest(winner_key, bidder_key))) as pair_number
    from awarded
    where bidder_key <> winner_key
),
like_pairs as (
    select unnest(repeated(pair_number, $pair_tenders)) as pair_number
    from winners_beside
),
beside as (
    select w.a_key, w.b_key, count(*) as tenders
    from like_pairs l
    join winners_beside w on w.pair_number = l.pair_number
    group by w.a_key, w.b_key
    having count(*) >= $pair_tenders
),
frequent as (
    select a.bidder_key, min(a.bidder_name) as bidder_name, count(*) as bids
    from (select a_key as bidder_key from beside union select b_key from beside) as b
    join awarded a on a.bidder_key = b.bidder_key
    group by a.bidder_key
),
close as (
    select b.a_key, b.b_key, b.tenders, fa.bidder_name as a_name, fb.bidder_name as b_name
    from beside b
    join frequent fa on fa.bidder_key = b.a_key
    join frequent fb on fb.bidder_key = b.b_key
    where b.tenders * 100 >= $pair_percent * fa.bids and b.tenders * 100 >= $pair_percent * fb.bids
),
met as (
    select
        c.a_key,
        c.b_key,
        c.a_name,
        c.b_name,
        count(*) as tenders,
        count(distinct a.winner_key) as winners,
        array_agg(a.project) as projects
    from close c
    join awarded a on a.bidder_key = c.a_key
    join awarded b on b.project = a.project and b.bidder_key = c.b_key
    group by c.a_key, c.b_key, c.a_name, c.b_name, c.tenders
    having count(*) = c.tenders
),
patterns as (
    select 'ring' as what, bidders, tenders, winners, projects
    from rings
    union all
    select 'pair', concat(a_name, '、', b_name), tenders, winners, projects
    from met
),
involved as (
    select what, bidders, tenders, winners, projects, unnest(projects) as project
    from patterns
)
select
    i.project as subject,
    i.what,
    i.bidders,
    i.tenders,
    i.winners,
    array_remove(i.projects, i.project) as related,
    p.contract_amount as money_fen
from involved i
join projects p on p.project = i.project
