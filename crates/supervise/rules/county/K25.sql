-- id: K25
-- title.zh: 收款单位不是承建单位
-- title.en: Paid to somebody other than the contractor
-- audience: officer
-- severity: medium
-- subject: project
-- applies: contractor_uscc is not null or contractor_name is not null
-- needs: comparable_payees.payments
-- items: payments, payee, contractor
-- key: payee
-- personal: payee, payee_shown
-- reach: record
-- basis: practice
-- method.zh: 每笔拨付的收款单位、以及填报的收款单位,与承建单位比较:双方都有统一社会信用代码的按代码,否则按规范化名称。每个不同的收款单位一条疑点;个人以证件号哈希代替姓名。
-- method.en: The payee of each payment, and the payee filed, are compared with the contractor: by USCC where both have one, else by normalised name. One flag for each other payee; persons appear by the hash of their number, not by name.
-- why.zh: 钱没有付给干活的单位,可能被转给关联方、挂靠方或个人。
-- why.en: Money that did not go to whoever did the work may have gone to a related party, a firm whose licence was borrowed, or a person.
-- excludes.zh: 没有承建单位的项目;按补贴项目付给个人的奖补资金;名称和代码都无法比较的拨付(没有一笔可以比较的项目不适用)。民工工资专户、债权转让和设计、监理费用须对照合同。
-- excludes.en: Projects without a contractor; grants paid to persons under a programme; payments of which neither name nor code compares (not applicable where none does). Wage accounts for migrant workers, assigned claims, design and supervision fees: compare with the contracts.
-- says.zh: 承建单位为 {contractor},而{how_zh} {payee_shown}({payments} 笔,合计 {paid_fen})
-- says.en: The contractor is {contractor}, but {how_en} {payee_shown} ({payments} payment(s), {paid_fen} in all)
with contractors as (
    select project, contractor_uscc, contractor_name
    from projects
    where contractor_uscc is not null or contractor_name is not null
),
others as (
    select c.project, y.payee_uscc, y.payee_name, y.payee_id, y.amount, y.row_no
    from contractors c
    join payments y on y.project = c.project
    where (y.payee_id is null or y.programme is null) and case
        when y.payee_uscc is not null and c.contractor_uscc is not null then y.payee_uscc <> c.contractor_uscc
        -- Somebody with an identity number is not a body with a code.
        when y.payee_name is null and y.payee_id is not null and c.contractor_uscc is not null then true
        else y.payee_name <> c.contractor_name and normal_name(y.payee_name) <> normal_name(c.contractor_name)
    end
    union all
    select project, payee_uscc, payee_name, null, null, null
    from projects
    where case
        when payee_uscc is not null and contractor_uscc is not null then payee_uscc <> contractor_uscc
        else payee_name <> contractor_name and normal_name(payee_name) <> normal_name(contractor_name)
    end
),
keyed as (
    select
        *,
        coalesce(payee_id, org_key(payee_uscc, payee_name)) as payee,
        coalesce(payee_id, concat_ws(' ', payee_name, payee_uscc)) as payee_shown
    from others
)
select
    k.project as subject,
    k.payee,
    min(k.payee_shown) as payee_shown,
    min(concat_ws(' ', c.contractor_name, c.contractor_uscc)) as contractor,
    count(k.row_no) as payments,
    coalesce(sum(k.amount), 0) as paid_fen,
    coalesce(sum(k.amount), 0) as money_fen,
    case when count(k.row_no) > 0 then '拨付给了' else '填报的收款单位为' end as how_zh,
    case when count(k.row_no) > 0 then 'money went to' else 'the payee filed is' end as how_en,
    case
        when count(k.row_no) > 0 then make_array('payments', 'contractor')
        else make_array('payee', 'contractor')
    end as items,
    array_agg(k.row_no) filter (where k.row_no is not null) as row_payments
from keyed k
join contractors c on c.project = k.project
group by k.project, k.payee
