-- id: K29
-- title.zh: 多笔拨付紧贴审批限额之下
-- title.en: Several payments just below an approval limit
-- audience: officer
-- severity: medium
-- subject: project
-- needs: payments.date, payments.amount, payments.payee_name
-- items: payments, payment_plan
-- key: payee
-- personal: payee, payee_shown
-- reach: record
-- params: approval_limits = [5000000, 20000000, 50000000], below_percent = 10, days = 30, payments = 3
-- basis: practice
-- method.zh: 同一项目 30 天内付给同一收款人(统一社会信用代码;没有填的,用这些拨付中其名称唯一对应的代码;再没有的用规范化名称;个人按证件号哈希)3 笔及以上,每笔都低于某一审批限额且不低于其 90%。限额默认 5 万、20 万和 50 万元。列出笔数最多的一个 30 天区间。
-- method.en: Within 30 days one project pays one payee (by USCC; where none is filed by the one that these payments give its name, else by normalised name; persons by hashed number) three times or more, each time under one of the approval limits by no more than 10%. Default limits: ¥50,000, ¥200,000 and ¥500,000. The 30 days with the most payments are shown.
-- why.zh: 把一笔大额拆成几笔限额以下的小额,可以绕过上级审批。
-- why.en: A large payment cut into several under the limit needs nobody further up to approve it.
-- excludes.zh: 没有日期、金额或收款人的拨付。按合同约定等额分期的,核对拨付计划。
-- excludes.en: Payments without date, amount or payee. Equal instalments may be what the contract says: compare the payment plan.
-- says.zh: {first_day} 至 {last_day} 付给 {payee_shown} {payments} 笔,合计 {total_fen},最大一笔 {largest_fen},每笔都紧贴限额({limits_fen})之下
-- says.en: From {first_day} to {last_day} {payee_shown} was paid {payments} times, {total_fen} in all, at most {largest_fen} at once, each just under a limit ({limits_fen})
with near_limit as (
    select
        y.project,
        y.row_no,
        y.date,
        y.amount,
        y.payee_id,
        y.payee_uscc,
        y.payee_name,
        coalesce(y.payee_id, y.payee_name, y.payee_uscc) as payee_shown,
        l.limit_fen
    from (select unnest($approval_limits) as limit_fen) as l
    cross join payments y
    where y.amount < l.limit_fen
        and y.amount * 100 >= l.limit_fen * (100 - $below_percent)
        and y.date is not null
),
-- Bands of limits that lie close together may both hold a payment.
banded as (
    select project, row_no, date, amount, payee_id, payee_uscc, payee_name, payee_shown, max(limit_fen) as limit_fen
    from near_limit
    where payee_shown is not null
    group by project, row_no, date, amount, payee_id, payee_uscc, payee_name, payee_shown
),
busy as (
    select project
    from banded
    group by project
    having count(*) >= $payments
),
named as (
    select b.*, normal_name(b.payee_name) as name_key
    from busy s
    join banded b on b.project = s.project
),
-- A payee filed without its code is taken by the one code that these payments give its name.
coded as (
    select
        *,
        min(payee_uscc) over (partition by project, name_key) as first_uscc,
        max(payee_uscc) over (partition by project, name_key) as last_uscc
    from named
),
keyed as (
    select
        project,
        row_no,
        date,
        amount,
        payee_shown,
        limit_fen,
        coalesce(
            payee_id,
            payee_uscc,
            case when first_uscc = last_uscc and name_key is not null then first_uscc end,
            name_key
        ) as payee
    from coded
),
windows as (
    select
        project,
        payee,
        payee_shown,
        date as first_day,
        max(date) over w as last_day,
        count(*) over w as payments,
        sum(amount) over w as total_fen,
        max(amount) over w as largest_fen,
        array_agg(limit_fen) over w as limits_fen,
        array_agg(row_no) over w as rows
    from keyed
    where payee is not null
    window w as (
        partition by project, payee
        order by cast(date as int)
        range between current row and $days following
    )
),
ranked as (
    select
        *,
        row_number() over (
            partition by project, payee
            order by payments desc, total_fen desc, first_day, payee_shown
        ) as place
    from windows
    where payments >= $payments
)
select
    project as subject,
    payee,
    payee_shown,
    payments,
    total_fen,
    largest_fen,
    array_sort(array_distinct(limits_fen)) as limits_fen,
    first_day,
    last_day,
    total_fen as money_fen,
    rows as row_payments
from ranked
where place = 1
