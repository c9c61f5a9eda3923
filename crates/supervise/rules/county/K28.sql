-- id: K28
-- title.zh: 资金到账满一年而拨出不足一半
-- title.en: Money idle for a year after it arrived
-- audience: officer
-- severity: medium
-- subject: project
-- needs: fund_sources.arrival_date, fund_sources.amount
-- items: fund_sources, payments, paid_total
-- reach: record
-- params: months = 12, share = 0.5
-- basis.zh: 《财政违法行为处罚处分条例》(国务院令第427号)第六条(滞留应当下拨的财政资金);《中央财政衔接推进乡村振兴补助资金管理办法》(财农〔2021〕19号)
-- basis.en: Regulations on Penalties and Sanctions against Illegal Fiscal Acts (State Council Order 427), art. 6 (holding back fiscal funds that are to be passed on); Measures for the Management of Central Subsidies for Consolidation and Rural Revitalisation (Cai Nong [2021] No. 19)
-- method.zh: 到账满 12 个月的各项资金合计,已拨付(拨付记录合计,没有记录的用申报的累计拨付,都没有的按 0 元)不足其 50%。
-- method.en: Of the sources that arrived 12 months ago or earlier less than 50% has been paid on (sum of payments; without any the total declared; without that nothing).
-- why.zh: 资金长期闲置,可能项目条件不实、以拨代支,也可能被挪作他用。
-- why.en: Money that lies idle may belong to a project that cannot be built, or may have been put to another use meanwhile.
-- excludes.zh: 没有到账日期或金额的资金来源不计;到账不满 12 个月的不计。
-- excludes.en: Sources without arrival date or amount, and those that arrived less than 12 months ago.
-- says.zh: {arrived_fen} 到账已满一年(最早 {first_arrival},至今 {months} 个月),仅拨出 {paid_fen},占 {paid_share}
-- says.en: {arrived_fen} arrived a year ago or earlier (the first on {first_arrival}, {months} month(s) ago); only {paid_fen} has been paid on, {paid_share}
-- today: arrived_fen, paid_share, months
with arrived as (
    select
        project,
        sum(amount) as arrived_fen,
        min(arrival_date) as first_arrival,
        array_agg(row_no) as rows
    from fund_sources
    where amount is not null and months_between(arrival_date, $as_of) >= $months
    group by project
)
select
    a.project as subject,
    a.first_arrival,
    a.arrived_fen,
    coalesce(v.paid_fen, 0) as paid_fen,
    cast(coalesce(v.paid_fen, 0) as double) / cast(a.arrived_fen as double) as paid_share,
    months_between(a.first_arrival, $as_of) as months,
    a.arrived_fen - coalesce(v.paid_fen, 0) as money_fen,
    a.rows as row_fund_sources
from arrived a
join project_values v on v.project = a.project
where a.arrived_fen > 0
    and cast(coalesce(v.paid_fen, 0) as double) < cast(a.arrived_fen as double) * $share
