-- id: K30
-- title.zh: 拨付金额首位数字偏离本福特分布
-- title.en: First digits of payments depart from Benford's law
-- audience: officer
-- severity: low
-- subject: organization
-- applies: is_owner and coalesce(owned_payments >= $payments, true)
-- needs: organizations.owned_payments
-- items: payments
-- reach: county
-- params: payments = 1000, mad = 0.015
-- basis.zh: 审计方法:本福特定律首位数字检验(M. Nigrini, Benford's Law, 2012;平均绝对偏差大于 0.015 为不符合)
-- basis.en: audit method: first-digit test of Benford's law (M. Nigrini, Benford's Law, 2012; a mean absolute deviation above 0.015 is non-conformity)
-- method.zh: 实施单位名下全部项目的拨付(至少 1,000 笔),金额首位数字 1–9 的占比与 log10(1 + 1/d) 的平均绝对偏差大于 0.015。
-- method.en: Over all payments of an owner's projects (at least 1,000) the shares of the first digits 1 to 9 differ from log10(1 + 1/d) by more than 0.015 on average.
-- why.zh: 自然形成的金额首位数字大致服从该分布,明显偏离可能是人为拼凑或按限额拆分。
-- why.en: Amounts that arise by themselves follow that law roughly; a marked departure may come from made-up amounts or from splitting under limits.
-- excludes.zh: 不足 1,000 笔的实施单位(笔数少时诚实的数据也大多超过该界限);零和负数金额。统一标准的补助(每户同额)会自然偏离,只作抽查方向,不说明任何一笔有问题。
-- excludes.en: Owners with fewer than 1,000 payments (small honest sets mostly pass that bound too); zero and negative amounts. Grants at one flat rate depart by nature. It points to where to sample and says nothing about any one payment.
-- says.zh: {payments} 笔拨付的首位数字平均偏差 {mad_share}(界限 {limit_share}),首位为 1 的占 {ones_share}(应约 30.1%)
-- says.en: The first digits of {payments} payments deviate by {mad_share} on average (bound {limit_share}); {ones_share} begin with 1 (about 30.1% expected)
with owned as (
    select
        p.owner_key,
        count(y.amount) as payments,
        benford_mad(y.amount) as mad,
        count(case when left(cast(y.amount as varchar), 1) = '1' then 1 end) as ones,
        sum(y.amount) as paid_fen
    from parties p
    join payments y on y.project = p.project
    where p.owner_key is not null and y.amount > 0
    group by p.owner_key
)
select
    owner_key as subject,
    payments,
    mad,
    mad as mad_share,
    cast($mad as double) as limit_share,
    cast(ones as double) / cast(payments as double) as ones_share,
    paid_fen as money_fen
from owned
where payments >= $payments and mad > $mad
