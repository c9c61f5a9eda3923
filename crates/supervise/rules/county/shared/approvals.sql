-- id: approvals
-- what.zh: 每个已批复项目的批复单位、全部补贴项目和去掉村名后的名称,供同村项目相互比较
-- what.en: Each approved project with its approving body, all its programmes, and its name without the village's, for comparing the projects of a village
with villages as (
    select
        code,
        normal_name(regexp_replace(min(name), '(村民委员会|村委会)$', '村')) as name
    from divisions
    where name is not null
    group by code
),
programmes_paid as (
    select project, array_to_string(array_sort(array_agg(programme)), '、') as programme
    from programme_payments
    group by project
)
select
    p.project,
    p.project_code,
    p.row_no,
    p.village_code,
    p.approval_date,
    p.approved_budget,
    p.name,
    p.approval_authority,
    normal_name(p.approval_authority) as department,
    s.programme,
    nullif(
        case
            when v.name is not null then replace(normal_name(p.name), v.name, '')
            else regexp_replace(normal_name(p.name), '^[^村]{1,8}村', '')
        end,
        ''
    ) as bare_name
from villages v
right join projects p on p.village_code = v.code
left join programmes_paid s on s.project = p.project
where p.approval_date is not null and p.village_code is not null
