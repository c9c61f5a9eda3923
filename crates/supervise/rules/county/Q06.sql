-- id: Q06
-- title.zh: 累计拨付与拨付记录合计不符
-- title.en: The paid total differs from the sum of payments
-- audience: filer
-- severity: medium
-- subject: project
-- needs: projects.paid_total, payments.amount
-- items: paid_total, payments
-- reach: record
-- params: tolerance_fen = 0
-- basis: practice
-- method.zh: 把各笔拨付相加,与填报的累计拨付比较;差额超过容差(默认 0 元)即提示。
-- method.en: All payments are added up and compared with the paid total as declared; a difference above the tolerance (default: none) is shown.
-- why.zh: 累计数与明细对不上,可能漏记、重记,或有拨付没有凭证。
-- why.en: A total that does not follow from its rows means payments left out, booked twice, or made without a voucher.
-- excludes.zh: 没有填写累计拨付或没有拨付记录的项目;没有金额的拨付行不计入。
-- excludes.en: Projects without a paid total or without payments; payments without an amount are left out.
-- says.zh: 填报累计拨付 {declared_fen},{payments} 笔拨付合计 {paid_fen},相差 {difference_fen}
-- says.en: {declared_fen} declared as paid; {payments} payment(s) add up to {paid_fen}: a difference of {difference_fen}
select
    p.project as subject,
    p.paid_total as declared_fen,
    y.payments,
    y.paid_fen,
    p.paid_total - y.paid_fen as difference_fen,
    abs(p.paid_total - y.paid_fen) as money_fen
from projects p
join payment_sums y on y.project = p.project
where abs(p.paid_total - y.paid_fen) > $tolerance_fen
