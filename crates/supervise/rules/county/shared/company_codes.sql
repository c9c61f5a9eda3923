-- id: company_codes
-- what.zh: 企业登记中每个规范化名称的信用代码:最小的和最大的,只有一个代码的两者相同
-- what.en: The USCCs that the register of companies gives a normalised name: the least and the greatest, the same where there is one
select normal_name(name) as name_key, min(uscc) as first_uscc, max(uscc) as last_uscc
from companies
where uscc is not null and normal_name(name) is not null
group by normal_name(name)
