-- id: programme_scales
-- what.zh: 每个项目每个补贴项目的已拨金额,和按规模(验收规模优先)× 标准应得的金额;单位不能换算的不列
-- what.en: What each project was paid under each programme, and what its scale (the accepted one first) × the rate comes to; left out where the units do not convert
with rates as (
    select translate(programme, '（）０１２３４５６７８９ 　', '()0123456789') as programme_key, min(unit) as unit, min(rate) as rate
    from programmes
    where programme is not null and unit is not null and rate is not null
    group by translate(programme, '（）０１２３４５６７８９ 　', '()0123456789')
    having count(distinct rate) = 1
),
scales as (
    select
        project,
        acceptance_date is not null as accepted,
        coalesce(accepted_scale, scale) as scale,
        case
            when accepted_scale is not null then coalesce(accepted_scale_unit, scale_unit)
            else scale_unit
        end as scale_unit
    from projects
),
matched as (
    select
        y.project,
        y.programme,
        y.paid_fen,
        s.accepted,
        r.unit,
        r.rate,
        case
            when s.scale_unit = r.unit then s.scale
            else mu(s.scale, s.scale_unit) / mu(1.0, r.unit)
        end as scale
    from rates r
    join programme_payments y on y.programme_key = r.programme_key
    join scales s on s.project = y.project
    where y.payments > 0
)
select
    project,
    programme,
    paid_fen,
    accepted,
    scale,
    unit,
    rate as rate_fen,
    cast(round(scale * rate) as bigint) as expected_fen
from matched
where scale is not null
