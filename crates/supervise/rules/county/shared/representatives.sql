-- id: representatives
-- what.zh: 承建、收款单位的法定代表人;公职人员和亲属登记都没有时为空表
-- what.en: Legal representatives of contractors and payees; empty when there is neither a register of officials nor one of relatives
select l.project, l.role, l.company_uscc, l.company_name, l.legal_rep_id
from (
    select count(*) as persons
    from (
        select id from officials
        union all
        select id from relatives
    ) as registers
) as r
cross join company_links l
where r.persons > 0 and l.role in ('contractor', 'payee') and l.legal_rep_id is not null
