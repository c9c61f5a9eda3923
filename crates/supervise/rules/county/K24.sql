-- id: K24
-- title.zh: 拨付超过合同或结算
-- title.en: Paid more than contract or settlement
-- audience: officer
-- severity: high
-- subject: project
-- needs: project_values.limit_fen, payments.amount
-- items: payments, contract, settlement
-- reach: record
-- params: tolerance_fen = 0
-- basis.zh: 《建设工程价款结算暂行办法》(财建〔2004〕369号);《基本建设财务规则》(财政部令第81号)
-- basis.en: Interim Measures for the Settlement of Construction Project Prices (Cai Jian [2004] No. 369); Financial Rules for Capital Construction (Ministry of Finance Order 81)
-- method.zh: 拨付记录合计大于合同金额,或大于审定结算金额(超过容差,默认 0 元)。超过合同但未超过审定结算的列为低。
-- method.en: The payments add up to more than the contract, or than the audited settlement (by more than the tolerance, default none). Above the contract but within the settlement the severity is low.
-- why.zh: 超付的资金没有依据,可能重复支付或虚列支出。
-- why.en: What is paid beyond contract and settlement has no ground; it may have been paid twice or never been due.
-- excludes.zh: 既没有合同金额也没有结算金额的项目;没有金额的拨付不计。有签证变更的,核对补充合同。
-- excludes.en: Projects with neither contract nor settlement; payments without an amount. Where works were changed, look for the supplementary contract.
-- says.zh: 拨付合计 {paid_fen},合同 {contract_fen},审定结算 {settlement_fen},超出 {excess_fen}
-- says.en: {paid_fen} paid in all; contract {contract_fen}, settlement {settlement_fen}: {excess_fen} too much
select
    p.project as subject,
    case
        when s.paid_fen <= p.settlement + $tolerance_fen then 'low'
        else 'high'
    end as severity,
    case
        when p.contract_amount > 0 and s.paid_fen > p.contract_amount + $tolerance_fen
            and p.settlement > 0 and s.paid_fen > p.settlement + $tolerance_fen
            then make_array('payments', 'contract', 'settlement')
        when p.contract_amount > 0 and s.paid_fen > p.contract_amount + $tolerance_fen
            then make_array('payments', 'contract')
        else make_array('payments', 'settlement')
    end as items,
    s.paid_fen,
    p.contract_amount as contract_fen,
    p.settlement as settlement_fen,
    s.paid_fen - v.limit_fen as excess_fen,
    s.paid_fen - v.limit_fen as money_fen
from payment_sums s
join project_values v on v.project = s.project
join projects p on p.project = s.project
where s.paid_fen > v.limit_fen + $tolerance_fen
