-- id: K22
-- title.zh: 形象进度大幅上升而期间没有照片
-- title.en: Progress leapt with no photo in between
-- audience: officer
-- severity: low
-- subject: project
-- needs: progress.date, progress.percent, photos.taken_on
-- items: progress, site_photos
-- key: from_date
-- reach: record
-- params: points = 30.0
-- basis: practice
-- method.zh: 形象进度比此前达到的最高值上升 30 个百分点及以上,而上一次与本次进度日期之间(含当日)没有拍摄任何照片。
-- method.en: Progress rose by 30 points or more above all that had been reached, and no photo was taken from the day of the entry before to the day of this one.
-- why.zh: 进度是拨款依据,大幅上升却没有现场照片,可能只是填报的数字。
-- why.en: Money is paid by progress; a leap that nothing pictures may exist on paper only.
-- excludes.zh: 没有任何带日期照片的项目(不适用);首次进度没有前值,不比较;没有日期的照片不计。
-- excludes.en: Projects without any dated photo (not applicable); the first entry, which has none before it; photos without a date.
-- says.zh: 形象进度从 {from_date} 的 {from_percent}% 升至 {date} 的 {percent}%,其间没有照片(共有 {photos} 张带日期的照片)
-- says.en: Progress rose from {from_percent}% on {from_date} to {percent}% on {date} with no photo in between ({photos} dated photo(s) in all)
with rises as (
    select project, row_no, date, percent, earlier_date, earlier_percent
    from progress_steps
    where round(percent - earlier_percent, 6) >= $points
),
-- What had been reached before and was lost again does not rise a second time.
reached as (
    select r.row_no, max(g.percent) as highest
    from rises r
    join progress g on g.project = r.project
    where g.date <= r.earlier_date
    group by r.row_no
),
leaps as (
    select r.*
    from reached h
    join rises r on r.row_no = h.row_no
    where round(r.percent - h.highest, 6) >= $points
),
pictured as (
    select
        l.project,
        l.row_no,
        count(*) as photos,
        count(case when h.taken_on between l.earlier_date and l.date then 1 end) as between_photos
    from leaps l
    join photos h on h.project = l.project
    where h.taken_on is not null
    group by l.project, l.row_no
)
select
    l.project as subject,
    l.earlier_date as from_date,
    l.earlier_percent as from_percent,
    l.date,
    l.percent,
    c.photos,
    l.row_no as row_progress
from leaps l
join pictured c on c.row_no = l.row_no and c.project = l.project
where c.between_photos = 0
