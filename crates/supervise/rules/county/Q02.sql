-- id: Q02
-- title.zh: 编码或统一社会信用代码不合规
-- title.en: A code is malformed
-- audience: filer
-- severity: medium
-- subject: project
-- reach: record
-- basis.zh: 《法人和其他组织统一社会信用代码编码规则》(GB 32100-2015);《中华人民共和国行政区划代码》(GB/T 2260)
-- basis.en: GB 32100-2015 (unified social credit code); GB/T 2260 (codes of administrative divisions)
-- method.zh: 项目编码应为 14 位数字(县 6 位、年份 4 位、序号 4 位);村(社区)代码应为 12 位数字,提供行政区划登记时还应在其中;项目、投标、拨付中的统一社会信用代码按 GB 32100 验算校验码。
-- method.en: A project code has 14 digits (county 6, year 4, serial 4). A village code has 12 digits and, where a register of divisions is given, stands in it. Every USCC of the project, its bids and its payments is checked against its GB 32100 check character.
-- why.zh: 单位和地点以代码为准进行比对,代码错误会使不同记录无法对上,也可能是虚构单位的迹象。
-- why.en: Bodies and places are compared by their codes: a wrong one hides what belongs together, and may stand for a body that does not exist.
-- excludes.zh: 没有填写的代码(由 Q01 提示);没有提供行政区划登记时不核对村代码是否存在。
-- excludes.en: Codes that are not filled in (see Q01). Whether a village exists is not checked without a register of divisions.
-- says.zh: {items}中有 {count} 个代码不符合编码规则:{codes}
-- says.en: {count} code(s) under {items} break the rules they are made by: {codes}
with listed as (
    select count(*) as villages
    from divisions
    where character_length(code) = 12 and code not like '%000'
),
wrong as (
    select
        project,
        'project_code' as item,
        project_code as code,
        cast(null as bigint) as bid,
        cast(null as bigint) as payment
    from projects
    where not regexp_like(project_code, '^[0-9]{14}$')
    union all
    select p.project, 'location', p.village_code, null, null
    from projects p
    cross join listed l
    left join divisions d on d.code = p.village_code
    where not regexp_like(p.village_code, '^[0-9]{12}$')
        or (l.villages > 0 and p.village_code is not null and d.code is null)
    union all
    select project, 'owner', owner_uscc, null, null
    from projects
    where not uscc_valid(owner_uscc)
    union all
    select project, 'contractor', contractor_uscc, null, null
    from projects
    where not uscc_valid(contractor_uscc)
    union all
    select project, 'payee', payee_uscc, null, null
    from projects
    where not uscc_valid(payee_uscc)
    union all
    select project, 'bids', bidder_uscc, row_no, null
    from bids
    where not uscc_valid(bidder_uscc)
    union all
    select project, 'payments', payee_uscc, null, row_no
    from payments
    where not uscc_valid(payee_uscc)
),
listed_codes as (
    select
        project,
        array_distinct(array_agg(code)) as codes,
        array_distinct(array_agg(item)) as items,
        array_agg(bid) as bids,
        array_agg(payment) as payments
    from wrong
    group by project
)
select
    project as subject,
    array_length(codes) as count,
    array_sort(codes) as codes,
    array_sort(items) as items,
    bids as row_bids,
    payments as row_payments
from listed_codes
