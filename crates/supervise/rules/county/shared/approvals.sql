-- id: approvals
-- what.zh: 每个已批复项目的批复单位、全部补贴项目和去掉村名(全称,或开头省去“村”“社区”的简称)后的名称,供同村项目相互比较
-- what.en: Each approved project with its approving body, all its programmes, and its name without that of the village (in full, or at its beginning without 村 or 社区), for comparing the projects of a village
with named as (
    select
        code,
        normal_name(
            regexp_replace(
                regexp_replace(min(name), '村?(村民委员会|村委会)$', '村'),
                '(社区)?(居民委员会|居委会)$',
                '社区'
            )
        ) as name
    from divisions
    where name is not null
    group by code
),
villages as (
    select code, name, nullif(regexp_replace(name, '(村|社区)$', ''), '') as short_name
    from named
),
programmes_paid as (
    select
        project,
        array_to_string(array_sort(array_agg(programme)), '、') as programme,
        array_to_string(array_sort(array_agg(programme_key)), '、') as programme_set
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
    s.programme_set,
    nullif(
        case
            when strpos(normal_name(p.name), v.name) > 0 then replace(normal_name(p.name), v.name, '')
            -- The village's name as it is often written, without 村; one character could mean anything.
            when character_length(v.short_name) >= 2 and starts_with(normal_name(p.name), v.short_name)
                then substr(normal_name(p.name), character_length(v.short_name) + 1)
            when v.name is not null then normal_name(p.name)
            else regexp_replace(normal_name(p.name), '^[^村]{1,8}村', '')
        end,
        ''
    ) as bare_name
from villages v
right join projects p on p.village_code = v.code
left join programmes_paid s on s.project = p.project
where p.approval_date is not null and p.village_code is not null
