-- id: parties
-- what.zh: 每个项目的实施和承建单位,统一为可比对的单位标识(信用代码;没有填的,用其名称在全部输入中唯一对应的代码;再没有的为规范化名称)
-- what.en: Each project's owner and contractor under keys that compare: the USCC; where none is filed the one that the input gives that name; else the normalised name
with uncoded as (
    select
        *,
        case when owner_uscc is null then normal_name(owner_name) end as owner_name_key,
        case when contractor_uscc is null then normal_name(contractor_name) end as contractor_name_key
    from projects
)
select
    p.project,
    p.project_code,
    p.row_no,
    p.village_code,
    p.kind,
    org_key(coalesce(p.owner_uscc, o.uscc), p.owner_name) as owner_key,
    p.owner_name,
    org_key(coalesce(p.contractor_uscc, c.uscc), p.contractor_name) as contractor_key,
    p.contractor_name,
    coalesce(p.contractor_uscc, c.uscc) as contractor_uscc,
    p.contract_date,
    p.contract_amount,
    p.acceptance_date
from org_codes c
right join (
    org_codes o
    right join uncoded p on p.owner_name_key = o.name_key
) on p.contractor_name_key = c.name_key
