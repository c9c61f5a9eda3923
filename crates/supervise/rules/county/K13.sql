-- id: K13
-- title.zh: 承建单位成立不久或几乎没有人员
-- title.en: The contractor is new, or has hardly any staff
-- audience: officer
-- severity: medium
-- subject: project
-- applies: contractor_name is not null or contractor_uscc is not null
-- needs: companies.uscc, projects.contract_date, projects.contract_amount, contractor_companies.company_uscc
-- items: contractor, contract
-- reach: record
-- params: months = 12, staff = 2, least_contract_fen = 50000000
-- basis: practice
-- method.zh: 按企业登记,签订合同时承建单位成立不满 12 个月;或合同金额在 50 万元及以上而登记人员不超过 2 人。
-- method.en: By the register of companies the contractor was founded less than 12 months before the contract, or has no more than two staff on record for a contract of ¥500,000 or more.
-- why.zh: 为承接项目临时成立、没有人员的企业往往没有施工能力,可能是借用资质或转手。
-- why.en: A firm set up for the occasion or without people can hardly build: the licence may be lent, the work passed on.
-- excludes.zh: 登记中查不到的承建单位。没有合同日期或金额的、登记没有成立日期或人员的,只比对有的一项;没有疑点的,不适用。
-- excludes.en: Contractors that the register does not hold. Without a contract date or amount, or where the register lacks founding date or staff, only the other is compared; a project that raises no flag so is not applicable.
-- says.zh: {company} 成立于 {founded},{contract_date} 签订 {contract_fen} 的合同,登记人员 {staff} 人
-- says.en: {company}, founded {founded} and with {staff} staff on record, signed a contract of {contract_fen} on {contract_date}
select
    p.project as subject,
    c.company_name as company,
    c.company_uscc,
    c.founded,
    p.contract_date,
    months_between(c.founded, p.contract_date) as age_months,
    c.staff,
    p.contract_amount as contract_fen,
    p.contract_amount as money_fen
from contractor_companies c
join projects p on p.project = c.project
where months_between(c.founded, p.contract_date) < $months
    or (c.staff <= $staff and p.contract_amount >= $least_contract_fen)
