-- id: comparable_payees
-- what.zh: 至少有一笔拨付的收款单位可与承建单位比较(双方都有名称,或都有代码)的项目
-- what.en: Projects of which at least one payment's payee compares with the contractor: both have a name, or both a code
select p.project, s.payments
from payment_sums s
join projects p on p.project = s.project
where (p.contractor_name is not null and s.named_payees > 0)
    or (p.contractor_uscc is not null and s.coded_payees > 0)
