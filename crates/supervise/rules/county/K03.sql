-- id: K03
-- title.zh: 单位造价明显高于同类项目
-- title.en: Cost per unit far above comparable projects
-- audience: officer
-- severity: medium
-- subject: project
-- applies: coalesce(approved_budget > 0, true) and coalesce(scale > 0, true)
-- needs: projects.approved_budget, projects.scale, projects.kind, projects.scale_unit, unit_costs.q3_fen
-- items: approved_budget, scale
-- reach: county
-- params: whisker = 1.5
-- basis: practice
-- method.zh: 批复总投资 ÷ 建设规模,与同类型、同单位的其他项目(不含本项目,至少 8 个)比较;高于上四分位数加 1.5 倍四分位距的列为疑点。四分位数按 Hyndman–Fan 第 8 种定义。
-- method.en: Approved budget ÷ scale against the other projects of the same kind and unit (itself left out, at least 8): above the third quartile plus 1.5 interquartile ranges is a flag. Quartiles follow Hyndman & Fan's definition 8.
-- why.zh: 单价虚高是套取资金最常见的做法之一,也可能是规模少报。
-- why.en: An inflated price per unit is a common way of drawing more money than the work costs; the scale may also be understated.
-- excludes.zh: 投资额或规模不大于 0 的项目;没有填写投资额、规模、类型或单位的,以及同类少于 8 个的项目不适用。
-- excludes.en: A budget or scale of zero or less. Not applicable without budget, scale, kind or unit, and where fewer than 8 others compare.
-- says.zh: 每{unit} {unit_fen},{peers} 个同类项目的上限为 {limit_fen}(上四分位 {q3_fen})
-- says.en: {unit_fen} for each {unit}; {peers} comparable projects set the bound at {limit_fen} (third quartile {q3_fen})
select
    p.project as subject,
    p.kind,
    p.scale_unit as unit,
    cast(round(c.unit_fen) as bigint) as unit_fen,
    cast(round(c.q1_fen) as bigint) as q1_fen,
    cast(round(c.q3_fen) as bigint) as q3_fen,
    cast(round(c.q3_fen + $whisker * (c.q3_fen - c.q1_fen)) as bigint) as limit_fen,
    c.peers,
    cast(round((c.unit_fen - c.q3_fen) * p.scale) as bigint) as money_fen
from unit_costs c
join projects p on p.project = c.project
where c.unit_fen > c.q3_fen + $whisker * (c.q3_fen - c.q1_fen)
