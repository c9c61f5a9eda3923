-- id: K06
-- title.zh: 合同金额紧贴限额之下
-- title.en: Contract amount just below a limit
-- audience: officer
-- severity: low
-- subject: project
-- needs: projects.contract_amount
-- items: contract
-- key: limit_fen
-- reach: record
-- params: limits = [60000000, 400000000], below_percent = 5
-- basis.zh: 《必须招标的工程项目规定》(国家发展改革委令第16号,2018年)第五条;《中华人民共和国招标投标法》第四条
-- basis.en: NDRC Order 16 of 2018, art. 5; Bidding Law, art. 4
-- method.zh: 合同金额低于限额且不低于限额的 95%。限额默认 60 万元(各地工程采购限额)和 400 万元(必须招标的施工合同)。
-- method.en: The contract is under a limit by no more than 5%. Default limits: ¥600,000 (local procurement of works) and ¥4,000,000 (works that must be tendered).
-- why.zh: 金额刚好低于限额,可能是为了不公开招标而压低的。
-- why.en: An amount just under the limit may have been set so that no public tender was needed.
-- excludes.zh: 没有合同金额的项目。单独一份这样的合同很常见,应与其他疑点合看。
-- excludes.en: Projects without a contract amount. One such contract by itself is common: read it together with other flags.
-- says.zh: 合同金额 {contract_fen},仅比限额 {limit_fen} 低 {gap_fen}
-- says.en: The contract of {contract_fen} is {gap_fen} below the limit of {limit_fen}
select
    p.project as subject,
    l.limit_fen,
    p.contract_amount as contract_fen,
    l.limit_fen - p.contract_amount as gap_fen,
    p.contract_amount as money_fen
from (select unnest($limits) as limit_fen) as l
cross join projects p
where p.contract_amount < l.limit_fen
    and p.contract_amount * 100 >= l.limit_fen * (100 - $below_percent)
