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
-- method.zh: 同一项目不同阶段的两张照片,拍摄时间相差不超过 60 分钟;或施工中、完工照片的拍摄日期(北京时间)早于批复日期。照片注明时区的按其时区,否则取卫星定位时间,两者都没有的按北京时间计。
-- method.en: Two photos of different stages of one project were taken within 60 minutes; or a photo of the works, or of the works done, was taken on a day (Shanghai time) before the approval. A photo that names no zone counts by its satellite time, and without that in Shanghai time.
-- why.zh: 施工前、中、后的照片一次拍成,说明过程可能没有发生;批复前已经施工的,可能是拿旧工程重新申报。
-- why.en: Before, during and after pictured in one go suggest that the works did not take place in between; works older than their approval may be an old project declared anew.
-- excludes.zh: 没有阶段或拍摄时间的照片;没有批复日期的项目不比较第二项。
-- excludes.en: Photos without stage or time; without an approval date the second comparison is left out.
-- says.zh: {what_zh}({photos} 处):先 {first_file}({first_at}),后 {second_file}({second_at});批复日期 {approved_on}
-- says.en: {what_en} ({photos}): earlier {first_file} ({first_at}), later {second_file} ({second_at}); approval {approved_on}
with staged as (
    select
        project,
        row_no,
        file,
        stage,
        taken_at,
        cast(taken_at as bigint) as millis,
        coalesce(taken_on, cast(taken_at + interval '8 hours' as date)) as taken_on
    from photos
    where stage is not null and taken_at is not null
),
-- Time and stage in one number, so that one comparison with the photo before tells both; counted from long
-- before 1970, where clocks that were never set begin, as it must not be negative. The closest
-- two photos of different stages stand side by side in order of time; one order over all projects, as
-- many small windows would cost more than all that is compared.
moments as (
    select
        project,
        (cast(taken_at as bigint) + 100000000000000) * 8 + case stage
            when 'before' then 0 when 'during' then 1 when 'after' then 2 when 'acceptance' then 3 else 4
        end as moment
    from photos
    where stage is not null and taken_at is not null
),
neighbours as (
    select
        project,
        moment,
        lag(project) over (order by project, moment) as before,
        lag(moment) over (order by project, moment) as earlier
    from moments
),
close as (
    select project, moment, earlier, moment / 8 - earlier / 8 as apart
    from neighbours
    where before = project and moment % 8 <> earlier % 8 and moment / 8 - earlier / 8 <= $minutes * 60000
),
closest as (
    select
        *,
        count(*) over (partition by project) as pairs,
        row_number() over (partition by project order by apart, moment) as place
    from close
),
first_of_pair as (
    select c.project, c.moment, c.apart, c.pairs, min(h.row_no) as first_row
    from closest c
    join photos h on h.project = c.project and cast(h.taken_at as bigint) = c.earlier / 8 - 100000000000000
    where c.place = 1
        and h.stage = case c.earlier % 8
            when 0 then 'before' when 1 then 'during' when 2 then 'after' when 3 then 'acceptance' else 'upkeep'
        end
    group by c.project, c.moment, c.apart, c.pairs
),
second_of_pair as (
    select f.project, f.apart, f.pairs, f.first_row, min(h.row_no) as second_row
    from first_of_pair f
    join photos h on h.project = f.project and cast(h.taken_at as bigint) = f.moment / 8 - 100000000000000
    where h.stage = case f.moment % 8
        when 0 then 'before' when 1 then 'during' when 2 then 'after' when 3 then 'acceptance' else 'upkeep'
    end
    group by f.project, f.apart, f.pairs, f.first_row
),
together as (
    select
        s.project,
        s.apart,
        s.pairs,
        s.first_row,
        s.second_row,
        max(case when h.row_no = s.first_row then h.file end) as first_file,
        max(case when h.row_no = s.first_row then h.stage end) as first_stage,
        max(case when h.row_no = s.first_row then h.taken_at end) as first_at,
        max(case when h.row_no = s.second_row then h.file end) as second_file,
        max(case when h.row_no = s.second_row then h.stage end) as second_stage,
        max(case when h.row_no = s.second_row then h.taken_at end) as second_at
    from second_of_pair s
    join photos h on h.project = s.project
    group by s.project, s.apart, s.pairs, s.first_row, s.second_row
),
early as (
    select
        h.*,
        p.approval_date,
        count(*) over (partition by h.project) as photos,
        max(h.taken_at) over (partition by h.project) as last_at,
        row_number() over (partition by h.project order by h.millis, h.row_no) as place
    from projects p
    join staged h on h.project = p.project
    where h.stage in ('during', 'after') and h.taken_on < p.approval_date
),
early_rows as (
    select
        project,
        array_agg(row_no order by millis, row_no) as rows,
        max(case when place = photos then file end) as last_file
    from early
    group by project
)
select
    t.project as subject,
    'together' as what,
    '不同阶段的照片几乎同时拍摄' as what_zh,
    'Photos of different stages taken together' as what_en,
    t.pairs as photos,
    t.first_file,
    t.first_stage,
    t.first_at,
    t.second_file,
    t.second_stage,
    t.second_at,
    t.apart / 60000 as minutes,
    p.approval_date as approved_on,
    make_array('site_photos') as items,
    make_array(t.first_row, t.second_row) as row_photos
from together t
join projects p on p.project = t.project
union all
select
    e.project,
    'early',
    '施工或完工照片早于批复',
    'Works pictured before the approval',
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
join early_rows r on r.project = e.project
where e.place = 1
