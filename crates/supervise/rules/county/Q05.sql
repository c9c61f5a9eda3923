-- id: Q05
-- title.zh: 资金来源合计与批复总投资不符
-- title.en: Fund sources do not add up to the approved budget
-- audience: filer
-- severity: medium
-- subject: project
-- needs: projects.approved_budget, fund_sources.amount
-- items: fund_sources, approved_budget
-- reach: record
-- params: tolerance_fen = 0
-- basis: practice
-- method.zh: 把各级资金来源相加,与批复总投资比较;差额超过容差(默认 0 元)即提示。
-- method.en: The sources of all levels are added up and compared with the approved budget; a difference above the tolerance (default: none) is shown.
-- why.zh: 资金来源对不上批复,可能有资金未落实、重复申报,或多头资金没有入账。
-- why.en: Sources that do not add up may be funds not secured, funds asked for twice, or funds from elsewhere that were never booked.
-- excludes.zh: 没有填写批复总投资或资金来源的项目;没有金额的来源行不计入。
-- excludes.en: Projects without a budget or without sources; sources without an amount are left out.
-- says.zh: 资金来源合计 {source_fen},批复总投资 {budget_fen},相差 {difference_fen}
-- says.en: The sources add up to {source_fen}, the approved budget is {budget_fen}: a difference of {difference_fen}
select
    p.project as subject,
    s.source_fen,
    p.approved_budget as budget_fen,
    s.source_fen - p.approved_budget as difference_fen,
    abs(s.source_fen - p.approved_budget) as money_fen
from source_sums s
join projects p on p.project = s.project
where abs(s.source_fen - p.approved_budget) > $tolerance_fen
