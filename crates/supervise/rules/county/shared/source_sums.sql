-- id: source_sums
-- what.zh: 每个项目的资金来源笔数和合计金额
-- what.en: Each project's fund sources: number and sum
select project, count(amount) as sources, sum(amount) as source_fen
from fund_sources
group by project
