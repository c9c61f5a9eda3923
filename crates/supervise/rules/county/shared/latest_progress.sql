-- id: latest_progress
-- what.zh: 每个项目截至比对日的最后一次形象进度;同一天有多条的取最高
-- what.en: Each project's last progress up to the date of the run; of several on one day the highest
with last_days as (
    select project, max(date) as date
    from progress
    where date <= $as_of and percent is not null
    group by project
)
select g.project, g.date, max(g.percent) as percent, max(g.row_no) as row_no
from last_days d
join progress g on g.project = d.project and g.date = d.date
where g.percent is not null
group by g.project, g.date
