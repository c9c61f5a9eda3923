-- id: K15
-- title.zh: 收款或承建单位的法定代表人是公职人员或其亲属
-- title.en: The representative of payee or contractor is an official, or a relative of one
-- audience: officer
-- severity: high
-- subject: project
-- applies: contractor_name is not null or contractor_uscc is not null or payee_name is not null or payee_uscc is not null
-- needs: companies.legal_rep_id, representatives.legal_rep_id
-- items: contractor, payee
-- key: company_uscc
-- reach: record
-- basis.zh: 《中华人民共和国公务员法》第五十九条(不得违规从事或者参与营利性活动、在企业兼职)、第七十六条(公务回避)
-- basis.en: Civil Servants Law, art. 59 (no unauthorised business activity or post in an enterprise) and art. 76 (recusal)
-- method.zh: 按企业登记查出承建、收款单位(包括各笔拨付的收款单位;没有填代码的按登记中唯一的名称)的法定代表人,与公职人员和亲属登记按哈希比对。只比对哈希,不显示身份。
-- method.en: The legal representatives of contractors and payees, of single payments too, are looked up in the register of companies, without a code by a name that it holds once, and compared with the registers of officials and relatives. Hashes are compared; nobody's identity is shown.
-- why.zh: 公职人员或其亲属的企业承接公共项目,可能存在利益冲突;是否经过回避、报备须由人核实。
-- why.en: Public work that goes to a firm of an official or a relative may be a conflict of interest; whether it was declared has to be asked by a person.
-- excludes.zh: 企业登记中没有法定代表人的单位;没有公职人员登记、也没有亲属登记时不比对。
-- excludes.en: Bodies whose representative the register does not name; nothing is compared when there is neither a register of officials nor one of relatives.
-- says.zh: {company} 的法定代表人与公职人员或亲属登记相符(亲属:{is_relative});承建:{is_contractor},收款:{is_payee},拨付:{paid_fen}
-- says.en: The representative of {company} matches the registers (as a relative: {is_relative}); contractor: {is_contractor}, payee: {is_payee}, paid {paid_fen}
with persons as (
    select id, min(kind) as kind
    from (
        select id, 1 as kind from officials where id is not null
        union all
        select id, 2 as kind from relatives where id is not null
    ) as listed
    group by id
),
connected as (
    select c.uscc, min(c.name) as name, min(q.kind) as kind
    from persons q
    join companies c on c.legal_rep_id = q.id
    where c.uscc is not null
    group by c.uscc
),
-- Payments that give no code, by every way of writing a connected company's name.
paid_names as (
    select w.payee_name, k.uscc
    from connected k
    join company_names n on n.uscc = k.uscc
    join (
        select distinct payee_name
        from payments
        where payee_name is not null and payee_uscc is null and payee_id is null
    ) as w on normal_name(w.payee_name) = n.name_key
),
parts as (
    select
        l.project,
        k.uscc,
        l.role,
        cast(null as bigint) as paid_fen,
        cast(null as bigint) as payment
    from connected k
    join company_links l on l.company_uscc = k.uscc
    where l.role in ('contractor', 'payee')
    union all
    select y.project, k.uscc, 'payment', y.amount, y.row_no
    from connected k
    join payments y on y.payee_uscc = k.uscc
    union all
    select y.project, w.uscc, 'payment', y.amount, y.row_no
    from paid_names w
    join payments y on y.payee_name = w.payee_name
    where y.payee_uscc is null and y.payee_id is null
),
involved as (
    select
        project,
        uscc,
        bool_or(role = 'contractor') as is_contractor,
        bool_or(role <> 'contractor') as is_payee,
        bool_or(role = 'payee') as is_named_payee,
        sum(paid_fen) as paid_fen,
        array_agg(payment order by payment) as rows
    from parts
    group by project, uscc
)
select
    i.project as subject,
    i.uscc as company_uscc,
    k.name as company,
    k.kind = 2 as is_relative,
    i.is_contractor,
    i.is_payee,
    i.paid_fen,
    coalesce(i.paid_fen, p.contract_amount) as money_fen,
    array_remove_all(
        make_array(
            case when i.is_contractor then 'contractor' else '' end,
            case when i.is_named_payee then 'payee' else '' end,
            case when i.paid_fen is not null then 'payments' else '' end
        ),
        ''
    ) as items,
    i.rows as row_payments
from connected k
join involved i on i.uscc = k.uscc
join projects p on p.project = i.project
