-- id: K27
-- title.zh: 付给已故人员、公职人员或不在享受对象名单上的人员
-- title.en: Paid to somebody deceased, an official, or not on the list of the eligible
-- audience: officer
-- severity: high
-- subject: project
-- needs: payments.payee_id, payments.date, person_payees.persons
-- items: payments
-- key: reason
-- reach: county
-- params: shown = 50
-- basis.zh: 《财政违法行为处罚处分条例》(国务院令第427号)第六条(以虚报、冒领等手段骗取财政资金)
-- basis.en: Regulations on Penalties and Sanctions against Illegal Fiscal Acts (State Council Order 427), art. 6 (obtaining fiscal funds by false claims or in another's name)
-- method.zh: 以证件号哈希比对:拨付日期不早于死亡登记日期(登记或拨付没有日期的,列为低级疑点);收款人在公职人员登记中;补贴项目有享受对象名单,而收款人在拨付日期不在名单的有效期内。补贴项目的名称不计括号、数字的全角半角和空格。只比较同一密钥的哈希。三种登记有哪种比哪种;没有一笔拨付能与任何登记比对的项目不适用。
-- method.en: By hashed number: the payment is dated on or after the registered death (a low flag where the register or the payment gives no date); the payee is in the register of officials; or the programme has a list of the eligible and the payee is not on it on the day of the payment. The names of programmes are compared whatever the width of their brackets and digits and without spaces. Only hashes of one key are compared. Each of the three registers is used if it is there; a project of which no payment compares with any is not applicable.
-- why.zh: 付给已故人员的补贴多由他人领取;公职人员和名单外人员领取补贴,可能不符合条件。
-- why.en: What is paid to the dead is collected by somebody else; officials and people who are not on the list may not be entitled.
-- excludes.zh: 没有证件号的拨付;没有任何一种登记、或登记与拨付使用不同密钥的(不适用);没有名单的补贴项目,名单中没有写明补贴项目的行。登记滞后、重名无关(按证件号),工资性支付须另行核对。
-- excludes.en: Payments without an identity number; no register at all, or one hashed with another key (not applicable); programmes without a list, and rows of a list that name no programme. Registers lag behind: check dates. Wages for work are another matter.
-- says.zh: {payments} 笔合计 {paid_fen} 付给{reason_zh},共 {persons} 人({first_day} 至 {last_day},补贴项目 {programmes})
-- says.en: {payments} payment(s), {paid_fen} in all, to {persons} person(s) {reason_en} ({first_day} to {last_day}, programmes {programmes})
with deaths as (
    select id, min(date) as died_on
    from deceased
    where id is not null
    group by id
),
known_persons as (
    select id, max(died_on) as died_on, max(dead) as dead, max(office) as office
    from (
        select id, died_on, 1 as dead, 0 as office from deaths
        union all
        select id, null, 0, 1 from officials where id is not null
    ) as registers
    group by id
),
spans as (
    select
        id,
        translate(programme, '（）０１２３４５６７８９ 　', '()0123456789') as programme_key,
        coalesce("from", date '1900-01-01') as first_day,
        coalesce("to", date '9999-12-31') as last_day
    from eligible
    where id is not null and programme is not null
),
entitled as (
    select id, programme_key, min(first_day) as first_day, max(last_day) as last_day
    from spans
    group by id, programme_key
),
-- Times between two stays on a list.
gaps as (
    select id, programme_key, covered_to, first_day
    from (
        select
            id,
            programme_key,
            first_day,
            max(last_day) over (
                partition by id, programme_key
                order by first_day, last_day
                rows between unbounded preceding and 1 preceding
            ) as covered_to
        from spans
    ) as ordered
    where first_day > covered_to
),
listed as (
    select distinct programme_key, split_part(id, ':', 1) as key_id
    from spans
),
person_payments as (
    select project, row_no, date, amount, payee_id, programme, translate(programme, '（）０１２３４５６７８９ 　', '()0123456789') as programme_key
    from payments
    where payee_id is not null
),
compared as (
    select
        y.project,
        y.row_no,
        y.date,
        y.amount,
        y.payee_id,
        y.programme,
        k.died_on <= y.date as is_deceased,
        k.dead = 1 and (k.died_on is null or y.date is null) as is_undated,
        k.office = 1 as is_official,
        l.programme_key is not null
            and (e.id is null or y.date < e.first_day or y.date > e.last_day) as is_unlisted
    from listed l
    right join (
        entitled e
        right join (
            known_persons k
            right join person_payments y on y.payee_id = k.id
        ) on e.id = y.payee_id and e.programme_key = y.programme_key
    ) on l.programme_key = y.programme_key and l.key_id = split_part(y.payee_id, ':', 1)
),
hits as (
    select
        project,
        row_no,
        date,
        amount,
        payee_id,
        programme,
        unnest(make_array(
            case when is_deceased then 'deceased' end,
            case when is_undated then 'deceased_undated' end,
            case when is_official then 'official' end,
            case when is_unlisted then 'not_listed' end
        )) as reason
    from compared
    where is_deceased or is_undated or is_official or is_unlisted
    union all
    select y.project, y.row_no, y.date, y.amount, y.payee_id, y.programme, 'not_listed'
    from gaps g
    join person_payments y on y.payee_id = g.id and y.programme_key = g.programme_key
    where y.date > g.covered_to and y.date < g.first_day
),
sums as (
    select
        project,
        reason,
        count(*) as payments,
        coalesce(sum(amount), 0) as paid_fen,
        min(date) as first_day,
        max(date) as last_day,
        array_sort(array_distinct(array_agg(programme) filter (where programme is not null))) as programmes,
        array_distinct(array_agg(payee_id)) as payees,
        array_agg(row_no) as rows
    from hits
    where reason is not null
    group by project, reason
),
-- Persons whom more than one project paid for the same reason.
elsewhere as (
    select payee_id, reason, array_agg(project) as codes
    from (select distinct payee_id, reason, project from hits where reason is not null) as d
    group by payee_id, reason
    having count(*) > 1
),
meetings as (
    select distinct h.project, h.reason, h.other
    from (
        select project, reason, unnest(codes) as other
        from (
            select distinct h.project, h.reason, array_slice(e.codes, 1, $shown) as codes
            from elsewhere e
            join hits h on h.payee_id = e.payee_id and h.reason = e.reason
        ) as met
    ) as h
    where h.other <> h.project
),
others as (
    select m.project, m.reason, array_slice(array_sort(array_agg(p.project_code)), 1, $shown) as related
    from meetings m
    join projects p on p.project = m.other
    group by m.project, m.reason
)
select
    s.project as subject,
    case s.reason when 'not_listed' then 'medium' when 'deceased_undated' then 'low' else 'high' end as severity,
    s.reason,
    case s.reason
        when 'deceased' then '登记已死亡的人员'
        when 'deceased_undated' then '登记已死亡(死亡或拨付日期未填)的人员'
        when 'official' then '公职人员登记中的人员'
        else '拨付时不在享受对象名单上的人员'
    end as reason_zh,
    case s.reason
        when 'deceased' then 'registered as deceased'
        when 'deceased_undated' then 'registered as deceased (the date of death or of the payment is not filed)'
        when 'official' then 'in the register of officials'
        else 'not on the list of the eligible at the time'
    end as reason_en,
    o.related,
    s.payments,
    cast(cardinality(s.payees) as bigint) as persons,
    array_slice(array_sort(s.payees), 1, 10) as payees,
    s.paid_fen,
    s.paid_fen as money_fen,
    s.first_day,
    s.last_day,
    s.programmes,
    s.rows as row_payments
from others o
right join sums s on s.project = o.project and s.reason = o.reason
