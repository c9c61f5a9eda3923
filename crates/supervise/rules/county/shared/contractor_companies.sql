-- id: contractor_companies
-- what.zh: 在企业登记中查到、且有成立日期或参保人数的承建单位
-- what.en: Contractors that the register of companies holds with a founding date or a number of staff
select project, company_uscc, company_name, founded, staff
from company_links
where role = 'contractor' and (founded is not null or staff is not null)
