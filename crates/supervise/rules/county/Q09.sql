-- id: Q09
-- title.zh: 项目编码或支付凭证重复
-- title.en: A project code or a payment voucher appears twice
-- audience: filer
-- severity: medium
-- subject: project
-- key: what, value
-- reach: county
-- params: same_owner_only = false
-- basis: practice
-- method.zh: 同一项目编码出现在多行的,后出现的行不参加比对,在此提示。同一凭证号出现在两笔及以上拨付中的也提示;凭证号由各单位自行编排的县,可把参数 same_owner_only 设为 true,只在同一实施单位内比较。
-- method.en: Of rows with one project code only the first is screened; the others are shown here. A voucher number under two or more payments is shown too; a county whose bodies each number their own vouchers sets same_owner_only to true, and only payments of one owner are compared.
-- why.zh: 一张凭证对应两笔拨付,可能是重复入账,也可能是用同一凭证报了两次。
-- why.en: One voucher under two payments is a payment booked twice, or a voucher used twice.
-- excludes.zh: 没有凭证号的拨付。
-- excludes.en: Payments without a voucher number.
-- says.zh: “{value}”重复出现 {times} 次(本项目 {times_here} 次)
-- says.en: "{value}" appears {times} times ({times_here} of them in this project)
with uses as (
    select
        y.voucher,
        y.project,
        p.project_code,
        y.row_no,
        y.amount,
        case when $same_owner_only then coalesce(p.owner_key, p.project_code) else '' end as scope
    from repeated_vouchers r
    join payments y on y.voucher = r.voucher
    join parties p on p.project = y.project
),
groups as (
    select
        voucher,
        scope,
        count(*) as times,
        array_agg(distinct project_code order by project_code) as projects
    from uses
    group by voucher, scope
    having count(*) > 1
)
select
    u.project as subject,
    'payments' as what,
    u.voucher as value,
    min(g.times) as times,
    count(*) as times_here,
    sum(u.amount) as money_fen,
    make_array('vouchers', 'payments') as items,
    array_remove(g.projects, u.project_code) as related,
    array_agg(u.row_no order by u.row_no) as row_payments,
    cast(null as bigint[]) as row_projects
from groups g
join uses u on u.voucher = g.voucher and u.scope = g.scope
group by u.project, u.project_code, u.voucher, g.projects
union all
select
    project as subject,
    'projects' as what,
    project_code as value,
    count(*) + 1 as times,
    count(*) + 1 as times_here,
    null as money_fen,
    make_array('project_code') as items,
    cast(null as varchar[]) as related,
    cast(null as bigint[]) as row_payments,
    array_append(array_agg(row_no order by row_no), min(first_row_no)) as row_projects
from duplicates
group by project, project_code
