-- id: K05
-- title.zh: 疑似拆分合同规避限额
-- title.en: Contracts possibly split to stay under a limit
-- audience: officer
-- severity: medium
-- subject: project
-- needs: projects.owner_name, projects.contract_date, projects.contract_amount
-- items: contract, contractor, procurement_method
-- reach: county
-- params: limits = [60000000, 400000000], high_limit = 400000000, days = 90
-- basis.zh: 《中华人民共和国招标投标法》第四条;《必须招标的工程项目规定》(国家发展改革委令第16号,2018年)第五条;《中华人民共和国政府采购法实施条例》第二十八条
-- basis.en: Bidding Law, art. 4 (no splitting to evade tendering); NDRC Order 16 of 2018, art. 5 (works of ¥4,000,000 and more are tendered); Implementing Regulation of the Government Procurement Law, art. 28
-- method.zh: 同一实施单位在 90 天内与同一承建单位签订,或同一实施单位在同一村签订同类型项目的合同,有 2 份及以上各自低于限额、合计达到或超过限额。对每个项目取合计最大的一个 90 天区间。限额默认 60 万元和 400 万元。没有填信用代码的单位,按其名称在全部输入中唯一对应的代码认定。
-- method.en: Within 90 days one owner signs two or more contracts with one contractor, or for projects of one kind in one village, each under a limit and together at or above it. For each project the 90 days with the largest sum are shown. The default limits are ¥600,000 and ¥4,000,000. An owner or contractor filed without its code is taken by the one code that the input gives its name.
-- why.zh: 把一项工程拆成几份,每份都在限额以下,就可以不公开招标。
-- why.en: Works cut into parts that each stay under the limit need no public tender.
-- excludes.zh: 没有实施单位、签订日期或合同金额的项目;单份已达到限额的合同。
-- excludes.en: Projects without owner, contract date or amount; contracts that reach the limit by themselves.
-- says.zh: {first_day} 至 {last_day} 共 {contracts} 份合同合计 {total_fen},每份低于 {limit_fen}(另见 {related})
-- says.en: {contracts} contracts from {first_day} to {last_day} add up to {total_fen}, each under {limit_fen} (see {related})
with contracts as (
    select
        project,
        contract_date,
        contract_amount,
        owner_key,
        contractor_key,
        case when kind is not null and village_code is not null then concat(kind, '|', village_code) end as kind_village
    from parties
    where contract_amount > 0 and owner_key is not null and contract_date is not null
),
shared_grounds as (
    select project, contract_date, contract_amount, owner_key, 'contractor' as ground, contractor_key as shared
    from contracts
    where contractor_key is not null
    union all
    select project, contract_date, contract_amount, owner_key, 'village', kind_village
    from contracts
    where kind_village is not null
),
grounds as (
    select
        g.project,
        g.contract_date,
        g.contract_amount,
        g.owner_key,
        g.ground,
        g.shared,
        g.number,
        l.limit_fen
    from (select unnest($limits) as limit_fen) as l
    cross join (select *, text_key(owner_key) # text_key(shared) as number from shared_grounds) as g
    where g.contract_amount < l.limit_fen
),
-- Found by a number, then looked at by owner and ground.
crowded as (
    select limit_fen, unnest(repeated(number, 2)) as number
    from grounds
    group by limit_fen
),
candidates as (
    select g.project, g.contract_date, g.contract_amount, g.limit_fen, g.owner_key, g.ground, g.shared
    from crowded c
    join grounds g on g.number = c.number and g.limit_fen = c.limit_fen
),
windows as (
    select
        limit_fen,
        owner_key,
        ground,
        shared,
        contract_date as first_day,
        max(contract_date) over (
            partition by limit_fen, owner_key, ground, shared
            order by cast(contract_date as int)
            range between current row and $days following
        ) as last_day,
        sum(contract_amount) over (
            partition by limit_fen, owner_key, ground, shared
            order by cast(contract_date as int)
            range between current row and $days following
        ) as total_fen,
        count(*) over (
            partition by limit_fen, owner_key, ground, shared
            order by cast(contract_date as int)
            range between current row and $days following
        ) as contracts,
        array_agg(project) over (
            partition by limit_fen, owner_key, ground, shared
            order by cast(contract_date as int)
            range between current row and $days following
        ) as projects
    from candidates
),
members as (
    select
        unnest(projects) as project,
        limit_fen,
        ground,
        first_day,
        last_day,
        total_fen,
        contracts,
        projects
    from windows
    where contracts >= 2 and total_fen >= limit_fen
),
ranked as (
    select
        *,
        row_number() over (
            partition by project
            order by limit_fen desc, total_fen desc, ground, first_day
        ) as rank
    from members
)
select
    project as subject,
    case when limit_fen >= $high_limit then 'high' else 'medium' end as severity,
    array_remove(projects, project) as related,
    ground,
    limit_fen,
    contracts,
    total_fen,
    total_fen as money_fen,
    first_day,
    last_day
from ranked
where rank = 1
