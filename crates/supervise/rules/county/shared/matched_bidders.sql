-- id: matched_bidders
-- what.zh: 至少两家投标人可在企业登记中查到的项目
-- what.en: Projects of which the register of companies holds at least two bidders
select project, count(distinct company_uscc) as known
from company_links
where role = 'bidder'
group by project
having count(distinct company_uscc) >= 2
