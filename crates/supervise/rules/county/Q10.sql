-- id: Q10
-- title.zh: 形象进度倒退、超过 100% 或完工而无竣工日期
-- title.en: Progress goes backwards, exceeds 100%, or is complete without a finish date
-- audience: filer
-- severity: medium
-- subject: project
-- needs: progress.date, progress.percent
-- key: what, date
-- reach: record
-- basis: practice
-- method.zh: 进度按日期排列,后一次不应低于前一次,任何一次不应超过 100%(同一天的多次合为一条);达到 100% 的项目应填写竣工日期。
-- method.en: In order of date, no entry falls below the one before it and none exceeds 100% (those of one day make one flag); a project at 100% has a finish date.
-- why.zh: 进度是拨款的依据,前后矛盾的进度不能作为依据。
-- why.en: Money is paid by progress; progress that contradicts itself is no ground to pay on.
-- excludes.zh: 没有进度记录的项目;没有日期或百分比的进度行(没有日期的只看是否达到或超过 100%)。同一天的多条进度按百分比排列。
-- excludes.en: Projects without progress; entries without date or percentage (one without a date is only asked whether it reaches or exceeds 100%). Entries of one day are taken in order of percentage.
-- says.zh: {date} 的形象进度为 {percent}%(此前 {earlier_date} 为 {earlier_percent}%,竣工日期 {finish_date})
-- says.en: Progress of {percent}% on {date} (before: {earlier_percent}% on {earlier_date}; finish date {finish_date})
with last_entries as (
    select project, max(row_no) as row_no, max(date) as date, max(percent) as percent
    from progress
    where percent >= 100
    group by project
)
select
    project as subject,
    'backwards' as what,
    date,
    percent,
    earlier_date,
    earlier_percent,
    cast(null as date) as finish_date,
    make_array('progress') as items,
    make_array(row_no) as row_progress
from progress_steps
where percent < earlier_percent
union all
select
    project, 'above', date, max(percent), min(earlier_date), min(earlier_percent), null,
    make_array('progress'), array_agg(row_no order by row_no)
from progress_steps
where percent > 100
group by project, date
union all
select
    project, 'above', null, max(percent), null, null, null,
    make_array('progress'), array_agg(row_no order by row_no)
from progress
where percent > 100 and date is null
group by project
union all
select
    p.project, 'unfinished', l.date, l.percent, null, null, null,
    make_array('progress', 'finish_date'), make_array(l.row_no)
from last_entries l
join projects p on p.project = l.project
where p.finish_date is null
