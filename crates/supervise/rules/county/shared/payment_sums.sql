-- id: payment_sums
-- what.zh: 每个项目的拨付笔数、合计金额、首末日期,以及写明收款单位名称或代码的笔数;拨付表在此只汇总一次
-- what.en: Each project's payments: number, sum, first and last day, and how many name their payee or give its code; the one aggregation of all payments
select
    project,
    count(amount) as payments,
    sum(amount) as paid_fen,
    min(date) as first_date,
    max(date) as last_date,
    count(payee_name) as named_payees,
    count(payee_uscc) as coded_payees
from payments
group by project
