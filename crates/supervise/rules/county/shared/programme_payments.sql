-- id: programme_payments
-- what.zh: 每个项目按补贴项目(括号、数字的全角半角和空格不计)分列的拨付笔数和合计金额;没有写明补贴项目的拨付不计
-- what.en: Each project's payments by programme, whatever the width of its brackets and digits and with or without spaces; payments that name none are left out
select project, programme_key, min(programme) as programme, sum(payments) as payments, sum(paid_fen) as paid_fen
from (
    select
        project,
        programme,
        translate(programme, '（）０１２３４５６７８９ 　', '()0123456789') as programme_key,
        count(amount) as payments,
        sum(amount) as paid_fen
    from payments
    where programme is not null
    group by project, programme
) as written
where programme_key is not null
group by project, programme_key
