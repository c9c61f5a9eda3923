-- id: matched_bidders
-- what.zh: 企业登记载有至少两家投标人的电话、地址或法定代表人,因而可以比对的项目
-- what.en: Projects of which at least two bidders compare, because the register of companies holds a phone, an address or a legal representative for both
select project, greatest(count(phone), count(address_key), count(legal_rep_id)) as known
from company_links
where role = 'bidder'
group by project
having greatest(count(phone), count(address_key), count(legal_rep_id)) >= 2
