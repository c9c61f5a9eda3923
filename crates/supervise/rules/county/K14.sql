-- id: K14
-- title.zh: 同一项目的投标人电话、地址或法定代表人相同
-- title.en: Bidders of one tender share phone, address or representative
-- audience: officer
-- severity: high
-- subject: project
-- applies: coalesce(procurement_method in ('open', 'selective', 'consultation', 'negotiation', 'quotation'), true)
-- needs: companies.uscc, matched_bidders.known
-- items: bids
-- key: bidders
-- reach: county
-- basis.zh: 《中华人民共和国招标投标法实施条例》第三十四条(单位负责人为同一人的不同单位不得参加同一标段投标)、第四十条
-- basis.en: Implementing Regulation of the Bidding Law, art. 34 (units under one head may not bid for one lot) and art. 40
-- method.zh: 把同一项目的投标人与企业登记对照,找出联系电话(哈希)、注册地址(去掉空格和标点)或法定代表人(哈希)相同的两家及以上投标人。
-- method.en: The bidders of one tender are looked up in the register of companies; two or more that share a phone (hash), an address (without spaces and punctuation) or a legal representative (hash) are a flag.
-- why.zh: 名义上的竞争者可能由同一人控制。
-- why.en: Bidders that look like competitors may be in one hand.
-- excludes.zh: 不经竞争的采购方式(没有填写的照样比对);登记中查不到的投标人;撤回的投标;少于 6 个字的地址。登记没有同时载明两家投标人的电话、地址或法定代表人的项目不适用。同一写字楼、同一代办电话可能是巧合。
-- excludes.en: Procedures without competition (where none is filed the bidders are compared all the same); bidders that the register does not hold, bids withdrawn, addresses of fewer than six characters. Not applicable where the register holds neither phone, address nor representative for two bidders. One office building or one agent's phone may be chance.
-- says.zh: {bidders} 在企业登记中:电话相同 {same_phone},地址相同 {same_address},法定代表人相同 {same_representative}
-- says.en: By the register {bidders} share a phone: {same_phone}; an address: {same_address}; a legal representative: {same_representative}
with traits as (
    select uscc, 'phone' as trait, phone as value
    from companies
    where phone is not null
    union all
    select uscc, 'address', normal_name(address)
    from companies
    where character_length(normal_name(address)) >= 6
    union all
    select uscc, 'representative', legal_rep_id
    from companies
    where legal_rep_id is not null
),
common as (
    select trait, value
    from traits
    group by trait, value
    having count(distinct uscc) >= 2
),
holders as (
    select distinct c.trait, c.value, t.uscc
    from common c
    join traits t on t.value = c.value and t.trait = c.trait
),
shared as (
    select
        project,
        trait,
        array_to_string(array_agg(bidder order by bidder), '、') as bidders
    from (
        select distinct l.project, h.trait, h.value, coalesce(l.company_name, l.company_uscc) as bidder
        from holders h
        join company_links l on l.company_uscc = h.uscc
        where l.role = 'bidder'
    ) as each_bidder
    group by project, trait, value
    having count(*) >= 2
)
select
    s.project as subject,
    s.bidders,
    bool_or(s.trait = 'phone') as same_phone,
    bool_or(s.trait = 'address') as same_address,
    bool_or(s.trait = 'representative') as same_representative,
    min(p.contract_amount) as money_fen
from shared s
join projects p on p.project = s.project
group by s.project, s.bidders
