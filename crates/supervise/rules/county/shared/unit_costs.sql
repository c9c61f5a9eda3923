-- id: unit_costs
-- what.zh: 每个项目的单位造价(批复总投资 ÷ 规模)与其他同类型同单位项目的四分位数;同类少于 8 个时四分位数为空
-- what.en: Budget per unit of scale, and the quartiles of the other projects of its kind and unit; no quartiles where there are fewer than 8 others
with costs as (
    select
        project,
        kind,
        scale_unit,
        cast(approved_budget as double) / scale as unit_fen
    from projects
    where approved_budget > 0 and scale > 0 and kind is not null and scale_unit is not null
),
peers as (
    select
        project,
        unit_fen,
        count(*) over (partition by kind, scale_unit) - 1 as peers,
        quantile8_others(unit_fen, 0.25) over (partition by kind, scale_unit) as q1_fen,
        quantile8_others(unit_fen, 0.75) over (partition by kind, scale_unit) as q3_fen
    from costs
)
select
    project,
    unit_fen,
    peers,
    case when peers >= 8 then q1_fen end as q1_fen,
    case when peers >= 8 then q3_fen end as q3_fen
from peers
