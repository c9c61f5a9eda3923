-- id: K33
-- title.zh: 验收前已全额付款
-- title.en: Paid in full before acceptance
-- audience: officer
-- severity: high
-- subject: project
-- needs: project_values.limit_fen, payments.date, payments.amount
-- items: payments, acceptance_date, retention
-- reach: record
-- params: slip = 100
-- basis.zh: 《建设工程价款结算暂行办法》(财建〔2004〕369号)第十四条;《建设工程质量保证金管理办法》(建质〔2017〕138号)
-- basis.en: Interim Measures for the Settlement of Construction Project Prices (Cai Jian [2004] No. 369), art. 14; Measures for the Management of Quality Retention Money of Construction Projects (Jian Zhi [2017] No. 138)
-- method.zh: 验收日期之前(没有验收日期的,至比对日)的拨付合计达到合同金额或审定结算金额中较低的一个;结算不足合同百分之一的视为单位填错(见 Q04),只比合同。
-- method.en: The payments dated before the acceptance (without one: up to the date of the run) reach the lower of contract and audited settlement. A settlement below a hundredth of the contract is taken for a slip of the unit (see Q04), and the contract alone is compared.
-- why.zh: 未经验收就付清,工程质量失去制约,也没有预留质量保证金。
-- why.en: Once everything is paid nothing holds the contractor to the quality of the work, and no retention money is left.
-- excludes.zh: 没有合同和结算金额的项目;没有日期或金额的拨付;验收当日的拨付。
-- excludes.en: Projects with neither contract nor settlement; payments without date or amount; payments on the day of acceptance.
-- says.zh: 至 {last_day} 已付 {paid_fen},达到合同或结算金额 {limit_fen},而验收日期为 {accepted_on}
-- says.en: By {last_day} {paid_fen} had been paid, all of {limit_fen} (contract or settlement); acceptance is dated {accepted_on}
with settled as (
    select
        v.project,
        case when v.limit_fen * $slip < p.contract_amount then p.contract_amount else v.limit_fen end as limit_fen,
        p.acceptance_date
    from project_values v
    join payment_sums s on s.project = v.project
    join projects p on p.project = v.project
    where s.paid_fen >= v.limit_fen
        and (p.acceptance_date is null or s.first_date < p.acceptance_date)
),
early as (
    select
        f.project,
        f.limit_fen,
        f.acceptance_date,
        sum(y.amount) as paid_fen,
        max(y.date) as last_day
    from settled f
    join payments y on y.project = f.project
    where y.amount is not null and y.date < coalesce(f.acceptance_date, $as_of + interval '1 day')
    group by f.project, f.limit_fen, f.acceptance_date
)
select
    project as subject,
    paid_fen,
    limit_fen,
    last_day,
    acceptance_date as accepted_on,
    paid_fen as money_fen
from early
where paid_fen >= limit_fen
