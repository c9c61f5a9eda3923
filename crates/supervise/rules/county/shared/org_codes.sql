-- id: org_codes
-- what.zh: 规范化名称对应的信用代码;只列全部输入中恰有一个代码的名称,供没有填代码的行使用
-- what.en: The USCC that goes with a normalised name, for rows that give none; only names to which the whole input gives exactly one
with named as (
    select uscc, name
    from (
        select owner_uscc as uscc, owner_name as name from projects
        union all
        select contractor_uscc, contractor_name from projects
        union all
        select payee_uscc, payee_name from projects
        union all
        select bidder_uscc, bidder_name from bids
        union all
        select uscc, name from companies
    ) as pairs
    where uscc is not null and name is not null
    group by uscc, name
)
select name_key, min(uscc) as uscc
from (select normal_name(name) as name_key, uscc from named) as keyed
where name_key is not null
group by name_key
having min(uscc) = max(uscc)
