-- id: company_names
-- what.zh: 企业登记中唯一的规范化名称及其信用代码
-- what.en: Normalised names that the register of companies holds once, with their USCC
select normal_name(name) as name_key, min(uscc) as uscc
from companies
where uscc is not null and name is not null
group by normal_name(name)
having count(*) = 1
