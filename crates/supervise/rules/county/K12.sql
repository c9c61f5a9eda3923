-- id: K12
-- title.zh: 承建单位过度集中于一个实施单位
-- title.en: A contractor and an owner too close to one another
-- audience: officer
-- severity: medium
-- subject: organization
-- applies: is_contractor
-- needs: organizations.contract_fen
-- items: contractor, owner, contract
-- key: owner_key
-- reach: county
-- params: value_percent = 50, least_owned = 5, least_wins = 4
-- basis: practice
-- method.zh: 某承建单位的合同额占某实施单位全部合同额的 50% 及以上(该实施单位至少有 5 份填了金额的合同);或某承建单位承建 4 个及以上项目,全部来自同一实施单位,不论合同金额是否填写。没有填信用代码的单位,按其名称在全部输入中唯一对应的代码认定。
-- method.en: A contractor holds 50% or more of an owner's contract value, where the owner has at least five contracts with an amount; or it won four projects or more, all from one owner, with or without amounts. An owner or contractor filed without its code is taken by the one code that the input gives its name.
-- why.zh: 长期由同一家承建、或一家企业只做一个单位的工程,可能存在利益关系或排斥竞争。
-- why.en: One contractor for most of an owner's works, or a firm that works for nobody else, may point to ties between them or to others being kept out.
-- excludes.zh: 没有合同金额的合同不计入合同额占比;没有一份填了金额、又没有疑点的承建单位不适用;实施单位自建(承建单位即实施单位)的项目。
-- excludes.en: Contracts without an amount, as to shares of value (a contractor that has none with an amount, and no flag, is not applicable); works that an owner builds itself.
-- says.zh: {organization} 承建 {owner} 的 {contracts} 份合同共 {contract_fen},占该单位合同额的 {value_share};其全部合同为 {all_contracts} 份
-- says.en: {organization} holds {contracts} contract(s) of {owner} worth {contract_fen}, {value_share} of that owner's value; it has {all_contracts} contract(s) in all
with pairs as (
    select
        contractor_key,
        owner_key,
        min(contractor_name) as organization,
        min(owner_name) as owner,
        count(*) as contracts,
        sum(contract_amount) as contract_fen
    from parties
    where contractor_key is not null and owner_key is not null and contractor_key <> owner_key
    group by contractor_key, owner_key
),
totals as (
    select contractor_key, sum(contracts) as all_contracts
    from pairs
    group by contractor_key
),
close as (
    select
        p.contractor_key,
        p.owner_key,
        p.organization,
        p.owner,
        p.contracts,
        p.contract_fen,
        t.all_contracts,
        o.owned_contracts,
        cast(p.contract_fen as double) / nullif(o.owned_fen, 0) as value_share
    from organizations o
    join pairs p on p.owner_key = o.organization_id
    join totals t on t.contractor_key = p.contractor_key
    where (o.owned_contracts >= $least_owned and p.contract_fen > 0
            and cast(p.contract_fen as double) * 100 >= $value_percent * cast(o.owned_fen as double))
        or (p.contracts >= $least_wins and p.contracts = t.all_contracts)
),
rows as (
    select c.contractor_key, c.owner_key, array_agg(p.row_no) as rows
    from close c
    join parties p on p.contractor_key = c.contractor_key and p.owner_key = c.owner_key
    group by c.contractor_key, c.owner_key
)
select
    c.contractor_key as subject,
    c.owner_key,
    c.owner_key as related,
    c.organization,
    c.owner,
    c.contracts,
    c.contract_fen,
    c.contract_fen as money_fen,
    c.all_contracts,
    c.owned_contracts,
    c.value_share,
    r.rows as row_projects
from rows r
join close c on c.contractor_key = r.contractor_key and c.owner_key = r.owner_key
