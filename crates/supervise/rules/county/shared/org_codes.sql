-- id: org_codes
-- what.zh: 没有填代码的实施、承建和投标单位,其规范化名称在全部输入中唯一对应的信用代码
-- what.en: The USCC of owners, contractors and bidders that were filed without one, by their normalised name: only where the whole input gives that name exactly one
with uncoded as (
    select owner_name as name from projects where owner_uscc is null
    union all
    select contractor_name from projects where contractor_uscc is null
    union all
    select bidder_name from bids where bidder_uscc is null
),
wanted as (
    select normal_name(name) as name_key
    from (select name from uncoded group by name) as names
    where normal_name(name) is not null
    group by normal_name(name)
),
filed as (
    select uscc, name
    from (
        select owner_uscc as uscc, owner_name as name from projects
        union all
        select contractor_uscc, contractor_name from projects
        union all
        select payee_uscc, payee_name from projects
        union all
        select bidder_uscc, bidder_name from bids
    ) as pairs
    where uscc is not null and name is not null
    group by uscc, name
),
keyed as (
    select normal_name(name) as name_key, uscc as first_uscc, uscc as last_uscc
    from filed
    union all
    select name_key, first_uscc, last_uscc
    from company_codes
)
select k.name_key, min(k.first_uscc) as uscc
from wanted w
join keyed k on k.name_key = w.name_key
group by k.name_key
having min(k.first_uscc) = max(k.last_uscc)
