-- id: K17
-- title.zh: 实测面积明显小于申报规模
-- title.en: The ground measured is far smaller than the scale declared
-- audience: officer
-- severity: high
-- subject: project
-- applies: scale_unit in ('亩', '公顷')
-- needs: projects.scale, site_areas.measured_mu
-- items: scale, boundary, site_photos
-- reach: record
-- params: tolerance = 0.15, ground_tolerance = 0.5, unknown_accuracy_m = 5.0
-- basis.zh: 实务:用地范围、航拍图幅和照片点位与申报规模比对
-- basis.en: practice: boundary, drone footprints and positions of photos against the scale declared
-- method.zh: (甲)用地范围或监督人员在照片上勾绘的面积,加误差后小于申报规模的 85%:高;(乙)没有范围、但有声明覆盖全部场地的航拍:图幅之并加误差小于 85%:中(图幅高度以起飞点为准,坡地误差更大);(丙)只有地面照片且至少 5 个点位:点位凸包外扩 100 米后仍小于 50%:低。误差 = 周长 × 测量精度,精度未填的按 5 米计;同时有多种结果的,取缺口最严重的一种。面积按 WGS-84 椭球计算;CGCS2000 视同 WGS-84(相差分米级)。
-- method.en: (a) The boundary, or what an officer outlined on a photo, plus its error is under 85% of the scale declared: high. (b) No boundary, but a drone set declared to cover the whole site: the union of its footprints plus error is under 85%: medium (their height is relative to take-off, so slopes add error). (c) Ground photos only, with at least 5 positions: their convex hull widened by 100 m is under 50%: low. The error is perimeter × accuracy; where no accuracy is filed, 5 m are taken. Of several results the gravest is shown. Areas are geodesic on WGS-84; CGCS2000 is taken as WGS-84 (they differ by decimetres).
-- why.zh: 种植、养殖和整治类补助按面积计发,实地面积远小于申报面积的,可能虚报规模。
-- why.en: Grants for planting, breeding and land works are paid by area; ground far smaller than declared may mean that the scale was overstated.
-- excludes.zh: 规模不以亩、公顷计的项目;既无范围、又无完整航拍图幅、点位也不足 5 个的项目。照片只能说明“至多看到多少”,没有拍到的地块不等于不存在,须到现场核对。
-- excludes.en: Scales in other units; projects with neither a boundary, nor a drone set of which every frame has a footprint, nor 5 positions. Pictures show "at most so much": ground that was not photographed may still be there. Check on site.
-- says.zh: 申报 {declared_mu} 亩,{how_zh} {measured_mu} 亩(误差 ±{error_mu} 亩),为申报的 {measured_share}
-- says.en: {declared_mu} mu declared; {how_en} {measured_mu} mu (±{error_mu} mu), {measured_share} of it
with measured as (
    select
        p.project,
        mu(p.scale, p.scale_unit) as declared_mu,
        s.how,
        s.measured_mu,
        coalesce(s.error_mu, s.edge_m * $unknown_accuracy_m * 3.0 / 2000.0, 0.0) as error_mu,
        1.0 - case when s.how = 'ground' then $ground_tolerance else $tolerance end as least_share,
        case s.how when 'drone' then 2 when 'ground' then 3 else 1 end as rank,
        s.pictures,
        coalesce(p.contract_amount, p.approved_budget) as value_fen
    from projects p
    join site_areas s on s.project = p.project
    where p.scale > 0.0 and p.scale_unit in ('亩', '公顷')
),
short as (
    select
        *,
        row_number() over (
            partition by project
            order by rank, measured_mu + error_mu, how
        ) as place
    from measured
    where measured_mu + error_mu < declared_mu * least_share
)
select
    project as subject,
    case rank when 1 then 'high' when 2 then 'medium' else 'low' end as severity,
    case
        when how = 'boundary' then make_array('scale', 'boundary')
        else make_array('scale', 'site_photos')
    end as items,
    declared_mu,
    measured_mu,
    error_mu,
    measured_mu / declared_mu as measured_share,
    how,
    case how
        when 'boundary' then '用地范围实测'
        when 'outline' then '照片上勾绘测得'
        when 'drone' then '航拍照片(高度以起飞点为准,坡地误差更大)至多显示'
        else '地面照片点位外扩 100 米后至多'
    end as how_zh,
    case how
        when 'boundary' then 'the boundary measures'
        when 'outline' then 'the outline on a photo measures'
        when 'drone' then 'the drone pictures, whose height is relative to take-off so that slopes add error, show at most'
        else 'the positions of ground photos, widened by 100 m, span at most'
    end as how_en,
    pictures,
    cast(round(cast(value_fen as double) * (1.0 - (measured_mu + error_mu) / declared_mu)) as bigint) as money_fen
from short
where place = 1
