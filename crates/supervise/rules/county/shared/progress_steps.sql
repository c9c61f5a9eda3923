-- id: progress_steps
-- what.zh: 形象进度按日期排列,每行带上一次的日期和百分比
-- what.en: Progress in order of date, each row with the date and percentage before it
select
    project,
    row_no,
    date,
    percent,
    lag(date) over (partition by project order by date, percent) as earlier_date,
    lag(percent) over (partition by project order by date, percent) as earlier_percent
from progress
where date is not null and percent is not null
