-- id: K20
-- title.zh: 不同阶段的照片同时拍摄,或批复前已有施工照片
-- title.en: Photos of different stages taken together, or works pictured before the approval
-- audience: officer
-- severity: medium
-- subject: project
-- needs: photos.stage, photos.taken_at
-- items: site_photos, approval_date
-- key: what
-- reach: record
-- params: minutes = 60
-- basis: practice
-- method.zh: 同一项目不同阶段的两张照片,拍摄时间相差不超过 60 分钟;或施工中、完工照片的拍摄日期(北京时间)早于批复日期。
-- method.en: Two photos of different stages of one project were taken within 60 minutes; or a photo of the works, or of the works done, was taken on a day (Shanghai time) before the approval.
-- why.zh: 施工前、中、后的照片一次拍成,说明过程可能没有发生;批复前已经施工的,可能是拿旧工程重新申报。
-- why.en: Before, during and after pictured in one go suggest that the works did not take place in between; works older than their approval may be an old project declared anew.
-- excludes.zh: 没有阶段或拍摄时间的照片;没有批复日期的项目不比较第二项。
-- excludes.en: Photos without stage or time; without an approval date the second comparison is left out.
-- says.zh: {what_zh}:{first_file}({first_at})与 {second_file}({second_at}),批复日期 {approved_on}
-- says.en: {what_en}: {first_file} ({first_at}) and {second_file} ({second_at}); approval {approved_on}
with staged as (
    select
        project_code,
        row_no,
        file,
        stage,
        taken_at,
        cast(taken_at as bigint) as millis,
        coalesce(taken_on, cast(taken_at + interval '8 hours' as date)) as taken_on
    from photos
    where stage is not null and taken_at is not null
),
-- The closest two photos of different stages stand side by side in order of time.
neighbours as (
    select
        *,
        lag(row_no) over (partition by project_code order by millis, row_no) as other_row,
        lag(file) over (partition by project_code order by millis, row_no) as other_file,
        lag(stage) over (partition by project_code order by millis, row_no) as other_stage,
        lag(millis) over (partition by project_code order by millis, row_no) as other_millis,
        lag(taken_at) over (partition by project_code order by millis, row_no) as other_at
    from staged
),
together as (
    select
        *,
        count(*) over (partition by project_code) as pairs,
        row_number() over (partition by project_code order by millis - other_millis, millis, row_no) as place
    from neighbours
    where other_stage <> stage and millis - other_millis <= $minutes * 60000
),
early as (
    select
        h.*,
        p.approval_date,
        count(*) over (partition by h.project_code) as photos,
        max(h.taken_at) over (partition by h.project_code) as last_at,
        row_number() over (partition by h.project_code order by h.millis, h.row_no) as place
    from projects p
    join staged h on h.project_code = p.project_code
    where h.stage in ('during', 'after') and h.taken_on < p.approval_date
),
early_rows as (
    select
        project_code,
        array_agg(row_no order by millis, row_no) as rows,
        max(case when place = photos then file end) as last_file
    from early
    group by project_code
)
select
    t.project_code as subject,
    'together' as what,
    '不同阶段的照片在一小时左右内拍摄' as what_zh,
    'photos of different stages taken within minutes' as what_en,
    t.pairs as photos,
    t.other_file as first_file,
    t.other_stage as first_stage,
    t.other_at as first_at,
    t.file as second_file,
    t.stage as second_stage,
    t.taken_at as second_at,
    cast(round(cast(t.millis - t.other_millis as double) / 60000.0) as bigint) as minutes,
    p.approval_date as approved_on,
    make_array('site_photos') as items,
    make_array(t.other_row, t.row_no) as row_photos
from together t
join projects p on p.project_code = t.project_code
where t.place = 1
union all
select
    e.project_code,
    'early',
    '施工或完工照片早于批复',
    'works pictured before the approval',
    e.photos,
    e.file,
    e.stage,
    e.taken_at,
    r.last_file,
    null,
    e.last_at,
    null,
    e.approval_date,
    make_array('site_photos', 'approval_date'),
    r.rows
from early e
join early_rows r on r.project_code = e.project_code
where e.place = 1
