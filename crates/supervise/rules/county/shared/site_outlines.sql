-- id: site_outlines
-- what.zh: 每个项目现场照片应当落入的范围:用地范围,没有时为所在村的村界
-- what.en: Where each project's photos should lie: within its boundary, or without one within its village
with villages as (
    select code, min(boundary) as outline
    from divisions
    where boundary is not null
    group by code
),
outlined as (
    select
        p.project,
        case when area_m2(p.boundary) > 0.0 then p.boundary end as boundary,
        v.outline as village
    from villages v
    right join projects p on p.village_code = v.code
)
select
    project,
    case when boundary is not null then 'boundary' else 'village' end as source,
    coalesce(boundary, village) as outline
from outlined
where coalesce(boundary, village) is not null
