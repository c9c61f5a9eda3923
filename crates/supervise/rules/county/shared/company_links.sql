-- id: company_links
-- what.zh: 企业登记中查到的承建、收款和投标单位;有信用代码的按代码,没有的按登记中唯一的规范化名称;少于 6 个字的地址不作比对
-- what.en: Contractors, payees and bidders found in the register of companies: by USCC, and where none is filed by a normalised name that the register holds once; addresses of fewer than six characters are not compared
with linked as (
    select project, 'contractor' as role, contractor_uscc as uscc, contractor_name as name
    from projects
    where contractor_uscc is not null or contractor_name is not null
    union all
    select project, 'payee' as role, payee_uscc as uscc, payee_name as name
    from projects
    where payee_uscc is not null or payee_name is not null
    union all
    select project, 'bidder' as role, bidder_uscc as uscc, bidder_name as name
    from tender_bidders
),
known as (
    select project, role, uscc, org_key(uscc, name) as party_key
    from linked
    where uscc is not null
    union all
    select l.project, l.role, n.uscc, org_key(null, l.name) as party_key
    from company_names n
    join linked l on normal_name(l.name) = n.name_key
    where l.uscc is null
)
select
    k.project,
    k.role,
    k.party_key,
    c.uscc as company_uscc,
    c.name as company_name,
    c.founded,
    c.staff,
    c.phone,
    c.address_key,
    c.legal_rep_id
from (
    select
        uscc,
        min(name) as name,
        min(founded) as founded,
        max(staff) as staff,
        min(phone) as phone,
        min(case when character_length(normal_name(address)) >= 6 then normal_name(address) end) as address_key,
        min(legal_rep_id) as legal_rep_id
    from companies
    where uscc is not null
    group by uscc
) as c
join known k on k.uscc = c.uscc
