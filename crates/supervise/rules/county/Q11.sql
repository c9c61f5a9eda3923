-- id: Q11
-- title.zh: 用地范围自相交、越出乡镇或测量过粗
-- title.en: The boundary crosses itself, leaves its township, or was measured too coarsely
-- audience: filer
-- severity: medium
-- subject: project
-- needs: projects.boundary
-- items: boundary
-- key: what
-- reach: record
-- params: coarsest_m = 10.0, outside = 0.05
-- basis: practice
-- method.zh: 范围线不应与自身相交;提供乡镇边界时,落在所属乡镇(村代码前 9 位)之外的面积不应超过 5%;测量精度不应差于 10 米。
-- method.en: The outline does not cross itself; where the register of divisions has boundaries, no more than 5% of the area lies outside the township (first 9 digits of the village code); accuracy is 10 m or better.
-- why.zh: 范围不可靠,测得的面积和照片位置就无从核对。
-- why.en: Neither area nor the position of photos can be checked against an outline that cannot be relied on.
-- excludes.zh: 没有范围的项目;没有乡镇边界时不核对是否越界;没有填写精度的不核对精度。
-- excludes.en: Projects without a boundary. Without township boundaries nothing is said about lying outside, without an accuracy nothing about accuracy.
-- says.zh: 用地范围存疑:自相交 {crosses},越出乡镇 {outside_share},测量精度 {accuracy_m} 米
-- says.en: The boundary is doubtful: crosses itself: {crosses}; outside its township: {outside_share}; accuracy {accuracy_m} m
with townships as (
    select substr(code, 1, 9) as township, min(boundary) as boundary
    from divisions
    where boundary is not null
        and (character_length(code) = 9 or (character_length(code) = 12 and code like '%000'))
    group by substr(code, 1, 9)
),
measured as (
    select
        p.project,
        p.boundary_accuracy_m as accuracy_m,
        crosses_itself(p.boundary) as crosses,
        outside_share(p.boundary, t.boundary) as outside_share
    from projects p
    left join townships t on t.township = substr(p.village_code, 1, 9)
    where p.boundary is not null
),
doubts as (
    select
        project,
        crosses,
        outside_share,
        accuracy_m,
        unnest(make_array(
            case when crosses then 'crosses' end,
            case when outside_share > $outside then 'outside' end,
            case when accuracy_m > $coarsest_m then 'coarse' end
        )) as what
    from measured
    where crosses or outside_share > $outside or accuracy_m > $coarsest_m
)
select project as subject, what, crosses, outside_share, accuracy_m
from doubts
where what is not null
