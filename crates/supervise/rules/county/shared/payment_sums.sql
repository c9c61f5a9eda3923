-- id: payment_sums
-- what.zh: 每个项目的拨付笔数、合计金额和首末日期;拨付表在此只扫描一次
-- what.en: Each project's payments: number, sum, first and last day; the one scan of all payments
select
    project,
    count(amount) as payments,
    sum(amount) as paid_fen,
    min(date) as first_date,
    max(date) as last_date
from payments
group by project
