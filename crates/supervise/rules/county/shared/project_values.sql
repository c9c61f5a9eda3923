-- id: project_values
-- what.zh: 每个项目的计价基数:合同金额(没有时为批复总投资)、合同与结算中较低者、应付金额(结算,否则合同,否则批复)以及已付金额(拨付记录合计,否则申报的累计拨付)
-- what.en: What each project's payments are measured by: contract (else budget), the lower of contract and settlement, what is payable (settlement, else contract, else budget), and what was paid (sum of payments, else the total declared)
with amounts as (
    select
        p.project,
        p.row_no,
        case when p.contract_amount > 0 then p.contract_amount end as contract_fen,
        case when p.settlement > 0 then p.settlement end as settlement_fen,
        case when p.approved_budget > 0 then p.approved_budget end as budget_fen,
        coalesce(s.paid_fen, p.paid_total) as paid_fen
    from payment_sums s
    right join projects p on p.project = s.project
)
select
    project,
    row_no,
    coalesce(contract_fen, budget_fen) as value_fen,
    case when contract_fen is not null then 'contract' when budget_fen is not null then 'approved_budget' end as value_item,
    least(contract_fen, settlement_fen) as limit_fen,
    coalesce(settlement_fen, contract_fen, budget_fen) as payable_fen,
    case
        when settlement_fen is not null then 'settlement'
        when contract_fen is not null then 'contract'
        when budget_fen is not null then 'approved_budget'
    end as payable_item,
    paid_fen
from amounts
