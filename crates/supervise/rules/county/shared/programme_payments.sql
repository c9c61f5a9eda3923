-- id: programme_payments
-- what.zh: 每个项目按补贴项目分列的拨付笔数和合计金额;没有写明补贴项目的拨付不计
-- what.en: Each project's payments by programme; payments that name none are left out
select project, programme, count(amount) as payments, sum(amount) as paid_fen
from payments
where programme is not null
group by project, programme
