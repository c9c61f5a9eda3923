-- id: organizations
-- what.zh: 实施、承建、投标和管护单位,每个单位一行,附其角色和数量
-- what.en: Owners, contractors, bidders and upkeep bodies, one row each, with what they did and how often
with owners as (
    select
        p.owner_key as organization_id,
        min(p.owner_name) as name,
        count(*) as owned_projects,
        count(p.contract_amount) as owned_contracts,
        sum(p.contract_amount) as owned_fen,
        sum(s.payments) as owned_payments
    from parties p
    left join payment_sums s on s.project = p.project
    where p.owner_key is not null
    group by p.owner_key
),
contractors as (
    select
        p.contractor_key as organization_id,
        min(p.contractor_name) as name,
        count(p.owner_key) as contracts,
        sum(p.contract_amount) as contract_fen,
        count(p.acceptance_date) as accepted_projects,
        nullif(count(case when p.acceptance_date is not null then m.project end), 0) as panel_projects
    from parties p
    left join (
        select distinct project from panel where member_id is not null
    ) as m on m.project = p.project
    where p.contractor_key is not null
    group by p.contractor_key
),
bidders as (
    select
        bidder_key as organization_id,
        min(bidder_name) as name,
        nullif(count(winner_key), 0) as tenders,
        count(case when won then 1 end) as won,
        count(case when winner_key is not null and not won then 1 end) as lost
    from tender_bidders
    group by bidder_key
),
bodies as (
    select
        org_key(null, upkeep_body) as organization_id,
        min(upkeep_body) as name,
        sum(upkeep_fund) as upkeep_fund_fen,
        -- Empty where a project accepted or in upkeep does not say since when.
        case
            when count(
                case
                    when upkeep_fund > 0 and stage in ('accepted', 'upkeep', 'closed')
                        and acceptance_date is null and finish_date is null
                        then 1
                end
            ) = 0
                then sum(upkeep_fund)
        end as dated_fund_fen
    from projects
    where upkeep_body is not null
    group by org_key(null, upkeep_body)
),
roles as (
    select
        organization_id, name,
        true as is_owner, false as is_contractor, false as is_bidder, false as is_upkeep_body,
        owned_projects, owned_contracts, owned_fen, owned_payments,
        cast(null as bigint) as contracts, cast(null as bigint) as contract_fen,
        cast(null as bigint) as accepted_projects, cast(null as bigint) as panel_projects,
        cast(null as bigint) as tenders, cast(null as bigint) as won, cast(null as bigint) as lost,
        cast(null as bigint) as upkeep_fund_fen, cast(null as bigint) as dated_fund_fen
    from owners
    union all
    select
        organization_id, name, false, true, false, false,
        null, null, null, null, contracts, contract_fen, accepted_projects, panel_projects,
        null, null, null, null, null
    from contractors
    union all
    select
        organization_id, name, false, false, true, false,
        null, null, null, null, null, null, null, null, tenders, won, lost, null, null
    from bidders
    union all
    select
        organization_id, name, false, false, false, true,
        null, null, null, null, null, null, null, null, null, null, null, upkeep_fund_fen, dated_fund_fen
    from bodies
)
select
    organization_id,
    min(name) as name,
    bool_or(is_owner) as is_owner,
    bool_or(is_contractor) as is_contractor,
    bool_or(is_bidder) as is_bidder,
    bool_or(is_upkeep_body) as is_upkeep_body,
    max(owned_projects) as owned_projects,
    max(owned_contracts) as owned_contracts,
    max(owned_fen) as owned_fen,
    max(owned_payments) as owned_payments,
    max(contracts) as contracts,
    max(contract_fen) as contract_fen,
    max(accepted_projects) as accepted_projects,
    max(panel_projects) as panel_projects,
    max(tenders) as tenders,
    max(won) as won,
    max(lost) as lost,
    max(upkeep_fund_fen) as upkeep_fund_fen,
    max(dated_fund_fen) as dated_fund_fen
from roles
where organization_id is not null
group by organization_id
