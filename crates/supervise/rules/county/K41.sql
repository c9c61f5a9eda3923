-- id: K41
-- title.zh: 补助金额与规模 × 标准不符
-- title.en: The grant is not scale × rate
-- audience: officer
-- severity: high
-- subject: project
-- needs: programmes.rate, programme_scales.expected_fen
-- items: payments, scale, accepted_scale
-- key: programme
-- reach: record
-- params: tolerance_fen = 100
-- basis: practice
-- method.zh: 按补贴项目汇总拨付,与规模(已验收的按验收规模,否则按申报规模)× 补贴标准比较,差额超过 1 元的列为疑点;未验收的项目可能分期拨付,只看是否多付。亩、公顷、平方米之间自动换算;补贴项目的名称不计括号、数字的全角半角和空格。
-- method.en: Payments under a programme are added up and compared with scale (the accepted, else the declared) × the programme's rate; a difference above one yuan is a flag. Before acceptance money may be paid in parts, so only too much counts. Mu, hectares and square metres are converted; the names of programmes are compared whatever the width of their brackets and digits and without spaces.
-- why.zh: 按面积、头数补助的资金应与核定规模一一对应,多付的部分可能是虚报规模。
-- why.en: Grants by area or head follow from the scale; what was paid beyond it may rest on an inflated scale.
-- excludes.zh: 没有补贴项目名称的拨付;标准登记中没有、或单位无法换算的补贴项目;没有规模的项目。
-- excludes.en: Payments that name no programme, programmes without a rate or in a unit that does not convert, projects without a scale.
-- says.zh: “{programme}”已拨付 {paid_fen},按 {scale}{unit} × {rate_fen} 应为 {expected_fen},相差 {difference_fen}
-- says.en: {paid_fen} paid under "{programme}"; {scale} {unit} at {rate_fen} make {expected_fen}: a difference of {difference_fen}
select
    project as subject,
    programme,
    paid_fen,
    scale,
    unit,
    rate_fen,
    expected_fen,
    paid_fen - expected_fen as difference_fen,
    abs(paid_fen - expected_fen) as money_fen,
    make_array('payments', case when accepted then 'accepted_scale' else 'scale' end) as items
from programme_scales
where paid_fen > expected_fen + $tolerance_fen
    or (accepted and paid_fen < expected_fen - $tolerance_fen)
