-- id: K31
-- title.zh: 验收后久未付清
-- title.en: Accepted long ago and still not paid
-- audience: officer
-- severity: medium
-- subject: project
-- needs: projects.acceptance_date, project_values.payable_fen, project_values.paid_fen
-- items: payments, paid_total, settlement
-- reach: record
-- params: days = 60, share = 0.8
-- basis.zh: 《保障中小企业款项支付条例》(机关、事业单位付款期限最长不超过 60 日)
-- basis.en: Regulations on Ensuring Payment to Small and Medium-sized Enterprises (public bodies pay within 60 days at the latest)
-- method.zh: 验收已超过 60 天,而已付金额(拨付记录合计,没有记录的用申报的累计拨付)不足应付金额(审定结算,否则合同,否则批复总投资)的 80%。
-- method.en: Accepted more than 60 days ago, and less than 80% of what is payable (audited settlement, else contract, else budget) has been paid (sum of payments; without any the total declared).
-- why.zh: 验收后长期拖欠,可能资金被挪用、滞留,或存在索要好处;也损害施工单位和农民工利益。
-- why.en: Payment that is held back after acceptance may have been put to another use, or be waiting for a favour; it also hurts contractors and their workers.
-- excludes.zh: 没有验收日期,或没有应付金额、没有任何拨付数据的项目。
-- excludes.en: Projects without an acceptance date, without anything payable, or without any figure of payments.
-- says.zh: {accepted_on} 验收,已过 {days} 天,{payable_item} {payable_fen},仅付 {paid_fen},占 {paid_share}
-- says.en: Accepted on {accepted_on}, {days} days ago; of {payable_item} {payable_fen} only {paid_fen} has been paid, {paid_share}
-- today: days
select
    p.project as subject,
    p.acceptance_date as accepted_on,
    days_between(p.acceptance_date, $as_of) as days,
    v.payable_item,
    v.payable_fen,
    v.paid_fen,
    cast(v.paid_fen as double) / cast(v.payable_fen as double) as paid_share,
    v.payable_fen - v.paid_fen as money_fen
from project_values v
join projects p on p.project = v.project
where days_between(p.acceptance_date, $as_of) > $days
    and cast(v.paid_fen as double) < cast(v.payable_fen as double) * $share
