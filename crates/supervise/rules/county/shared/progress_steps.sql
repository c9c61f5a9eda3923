-- id: progress_steps
-- what.zh: 形象进度按日期排列,每行带上一次的日期和百分比
-- what.en: Progress in order of date, each row with the date and percentage before it
with ordered as (
    -- One order over all projects, as many small windows would cost more than all that is compared.
    select
        project,
        row_no,
        date,
        percent,
        lag(project) over (order by project, date, percent) as before,
        lag(date) over (order by project, date, percent) as before_date,
        lag(percent) over (order by project, date, percent) as before_percent
    from progress
    where date is not null and percent is not null
)
select
    project,
    row_no,
    date,
    percent,
    case when before = project then before_date end as earlier_date,
    case when before = project then before_percent end as earlier_percent
from ordered
