-- id: site_areas
-- what.zh: 规模以亩或公顷计的项目实测面积:用地范围;没有范围时为声明覆盖全场的航拍图幅之并,再次为至少 5 个现场照片点位的凸包(外扩 100 米);另有监督人员在照片上勾绘的面积
-- what.en: Ground measured for projects whose scale is in mu or hectares: the boundary; without one the union of a drone set declared to cover the site, else the convex hull of at least 5 positions of photos widened by 100 m; besides, what an officer outlined on a photo
with bounded as (
    select
        project,
        area_m2(boundary) as area_m2,
        perimeter_m(boundary) as edge_m,
        boundary_accuracy_m as accuracy_m
    from projects
    where scale_unit in ('亩', '公顷') and boundary is not null
),
open_land as (
    select project
    from projects
    where scale_unit in ('亩', '公顷') and boundary is null
),
pictured as (
    select
        l.project,
        count(case when h.covers_site then 1 end) as frames,
        count(case when h.covers_site then area_m2(h.footprint) end) as outlined,
        union_area_m2(case when h.covers_site then h.footprint end) as drone_m2,
        max(case when h.covers_site then h.accuracy_m end) as drone_accuracy_m,
        count(h.footprint) as footprints,
        count(case when h.lat is not null then h.lon end) as points,
        hull_area_m2(h.lon, h.lat, 100.0) as hull_m2
    from open_land l
    join photos h on h.project = l.project
    group by l.project
)
select
    project,
    'boundary' as how,
    area_m2 * 3.0 / 2000.0 as measured_mu,
    edge_m * accuracy_m * 3.0 / 2000.0 as error_mu,
    edge_m,
    cast(0 as bigint) as pictures
from bounded
where area_m2 > 0.0
union all
-- One frame without a footprint would make the set look smaller than it is. The edge is that of a square.
select
    project,
    'drone',
    drone_m2 * 3.0 / 2000.0,
    4.0 * sqrt(drone_m2) * drone_accuracy_m * 3.0 / 2000.0,
    4.0 * sqrt(drone_m2),
    frames
from pictured
where frames > 0 and outlined = frames and drone_m2 > 0.0
union all
select
    project,
    'ground',
    hull_m2 * 3.0 / 2000.0,
    0.0,
    null,
    points
from pictured
where frames = 0 and footprints = 0 and points >= 5 and hull_m2 > 0.0
union all
-- Of several outlines the largest.
select
    project,
    'outline',
    max(measured_mu),
    coalesce(max(error_mu), 0.0),
    null,
    cast(1 as bigint)
from outlines
where measured_mu > 0.0
group by project
