-- id: K18
-- title.zh: 现场照片的位置在项目范围之外
-- title.en: Site photos taken away from the site
-- audience: officer
-- severity: medium
-- subject: project
-- needs: site_outlines.outline, photos.lon, photos.lat
-- items: site_photos, boundary
-- reach: record
-- params: metres = 200.0
-- basis: practice
-- method.zh: 照片位置到用地范围(没有范围时为村界)的距离,超过 200 米加照片自身的定位精度。范围以内距离为 0;照片只记有 DOP 值的,精度按每单位 5 米折算,都没有的按 0 计。
-- method.en: The distance from a photo's position to the boundary (without one: to the village's outline) exceeds 200 m plus the photo's own accuracy. Inside it is 0. Where a photo tells only its dilution of precision, 5 m a unit are taken for its accuracy; where it tells neither, 0.
-- why.zh: 在别处拍摄的照片不能证明本项目的现场,可能用其他地点冒充。
-- why.en: A photo taken elsewhere does not show this site; another place may have been passed off as it.
-- excludes.zh: 没有位置的照片;既没有用地范围、行政区划登记中也没有村界的项目。道路、管网等线状项目的范围应包含其全长。
-- excludes.en: Photos without a position; projects with neither a boundary nor a village outline in the register of divisions. The boundary of a road or pipe must include all of its length.
-- says.zh: {outside} 张照片的位置在{outline_zh}之外,最远 {farthest_m} 米({files})
-- says.en: {outside} photo(s) lie outside {outline_en}, the farthest by {farthest_m} m ({files})
with placed as (
    select
        o.project,
        o.source,
        h.row_no,
        h.file,
        distance_m(h.lon, h.lat, o.outline) as metres,
        coalesce(h.accuracy_m, 0.0) as accuracy_m
    from site_outlines o
    join photos h on h.project = o.project
    where h.lon is not null and h.lat is not null
)
select
    project as subject,
    min(source) as outline,
    case when min(source) = 'boundary' then '用地范围' else '村界' end as outline_zh,
    case when min(source) = 'boundary' then 'the boundary' else 'the village' end as outline_en,
    count(*) as outside,
    round(max(metres)) as farthest_m,
    array_agg(file order by row_no) as files,
    array_agg(row_no order by row_no) as row_photos
from placed
where metres > $metres + accuracy_m
group by project
