-- id: parties
-- what.zh: 每个项目的实施、承建、收款和管护单位,统一为可比对的单位标识(信用代码,否则为规范化名称)
-- what.en: Each project's owner, contractor, payee and upkeep body under keys that compare (USCC, else normalised name)
select
    project,
    project_code,
    row_no,
    village_code,
    kind,
    org_key(owner_uscc, owner_name) as owner_key,
    owner_name,
    org_key(contractor_uscc, contractor_name) as contractor_key,
    contractor_name,
    contractor_uscc,
    org_key(payee_uscc, payee_name) as payee_key,
    contract_date,
    contract_amount,
    acceptance_date,
    org_key(null, upkeep_body) as upkeep_key
from projects
