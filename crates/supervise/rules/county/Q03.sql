-- id: Q03
-- title.zh: 日期先后颠倒或晚于今天
-- title.en: Dates are out of order, or lie ahead
-- audience: filer
-- severity: medium
-- subject: project
-- key: first_item, second_item
-- reach: record
-- today: second_date
-- basis: practice
-- method.zh: 应依次为:批复 ≤ 公告 ≤ 投标截止 ≤ 开标 ≤ 合同签订 ≤ 实际开工 ≤ 竣工 ≤ 验收;每个日期与它之前最近的一个已填日期比较。拨付不得早于批复。凡记录为已经发生的日期不得晚于比对日。
-- method.en: Approval ≤ tender start ≤ tender end ≤ bid opening ≤ contract ≤ start ≤ finish ≤ acceptance; each date is compared with the nearest earlier one that is filled in. No payment precedes the approval. Nothing recorded as done lies after the date of the run.
-- why.zh: 日期矛盾说明资料有误,或事后补做;先开工后招标、先拨付后批复均须说明原因。
-- why.en: Dates that contradict one another are wrong or were written afterwards; works before the tender or payments before the approval need an explanation.
-- excludes.zh: 计划工期、拨付计划日期和质保金返还日期可以在今后;没有承建单位时投标截止和开标日期也可以在今后。
-- excludes.en: Planned periods, due dates of the payment plan and the return of the retention may lie ahead, and so may the end of a tender and the bid opening while there is no contractor.
-- says.zh: 请核对日期({items}):{first_date} 不应晚于 {second_date}
-- says.en: Check the dates ({items}): {first_date} should not be later than {second_date}
with dated as (
    select
        p.project,
        p.row_no,
        make_array(
            named_struct('a', 'approval_date', 'd', p.approval_date, 'b', 'tender_period', 'e', p.tender_start),
            named_struct(
                'a', case when p.tender_start is not null then 'tender_period' else 'approval_date' end,
                'd', coalesce(p.tender_start, p.approval_date),
                'b', 'tender_period',
                'e', p.tender_end
            ),
            named_struct(
                'a', case when coalesce(p.tender_end, p.tender_start) is not null then 'tender_period' else 'approval_date' end,
                'd', coalesce(p.tender_end, p.tender_start, p.approval_date),
                'b', 'bid_opening',
                'e', p.bid_opening
            ),
            named_struct(
                'a', case
                    when p.bid_opening is not null then 'bid_opening'
                    when coalesce(p.tender_end, p.tender_start) is not null then 'tender_period'
                    else 'approval_date'
                end,
                'd', coalesce(p.bid_opening, p.tender_end, p.tender_start, p.approval_date),
                'b', 'contract',
                'e', p.contract_date
            ),
            named_struct(
                'a', case
                    when p.contract_date is not null then 'contract'
                    when p.bid_opening is not null then 'bid_opening'
                    when coalesce(p.tender_end, p.tender_start) is not null then 'tender_period'
                    else 'approval_date'
                end,
                'd', coalesce(p.contract_date, p.bid_opening, p.tender_end, p.tender_start, p.approval_date),
                'b', 'start_date',
                'e', p.start_date
            ),
            named_struct(
                'a', case
                    when p.start_date is not null then 'start_date'
                    when p.contract_date is not null then 'contract'
                    when p.bid_opening is not null then 'bid_opening'
                    when coalesce(p.tender_end, p.tender_start) is not null then 'tender_period'
                    else 'approval_date'
                end,
                'd', coalesce(p.start_date, p.contract_date, p.bid_opening, p.tender_end, p.tender_start, p.approval_date),
                'b', 'finish_date',
                'e', p.finish_date
            ),
            named_struct(
                'a', case
                    when p.finish_date is not null then 'finish_date'
                    when p.start_date is not null then 'start_date'
                    when p.contract_date is not null then 'contract'
                    when p.bid_opening is not null then 'bid_opening'
                    when coalesce(p.tender_end, p.tender_start) is not null then 'tender_period'
                    else 'approval_date'
                end,
                'd', coalesce(
                    p.finish_date, p.start_date, p.contract_date, p.bid_opening,
                    p.tender_end, p.tender_start, p.approval_date
                ),
                'b', 'acceptance_date',
                'e', p.acceptance_date
            ),
            named_struct('a', 'approval_date', 'd', p.approval_date, 'b', 'as_of', 'e', $as_of),
            named_struct('a', 'village_resolution', 'd', p.resolution_date, 'b', 'as_of', 'e', $as_of),
            named_struct('a', 'tender_period', 'd', p.tender_start, 'b', 'as_of', 'e', $as_of),
            named_struct(
                'a', 'tender_period',
                'd', case
                    when coalesce(p.contractor_name, p.contractor_uscc) is not null
                        and not coalesce(p.tender_start > $as_of, false)
                        then p.tender_end
                end,
                'b', 'as_of',
                'e', $as_of
            ),
            named_struct(
                'a', 'bid_opening',
                'd', case when coalesce(p.contractor_name, p.contractor_uscc) is not null then p.bid_opening end,
                'b', 'as_of',
                'e', $as_of
            ),
            named_struct('a', 'contract', 'd', p.contract_date, 'b', 'as_of', 'e', $as_of),
            named_struct('a', 'start_date', 'd', p.start_date, 'b', 'as_of', 'e', $as_of),
            named_struct('a', 'finish_date', 'd', p.finish_date, 'b', 'as_of', 'e', $as_of),
            named_struct('a', 'acceptance_date', 'd', p.acceptance_date, 'b', 'as_of', 'e', $as_of)
        ) as steps
    from projects p
    where p.tender_start < p.approval_date
        or p.tender_end < coalesce(p.tender_start, p.approval_date)
        or p.bid_opening < coalesce(p.tender_end, p.tender_start, p.approval_date)
        or p.contract_date < coalesce(p.bid_opening, p.tender_end, p.tender_start, p.approval_date)
        or p.start_date < coalesce(p.contract_date, p.bid_opening, p.tender_end, p.tender_start, p.approval_date)
        or p.finish_date < coalesce(
            p.start_date, p.contract_date, p.bid_opening, p.tender_end, p.tender_start, p.approval_date
        )
        or p.acceptance_date < coalesce(
            p.finish_date, p.start_date, p.contract_date, p.bid_opening,
            p.tender_end, p.tender_start, p.approval_date
        )
        or greatest(
            p.approval_date, p.resolution_date, p.tender_start, p.tender_end, p.bid_opening,
            p.contract_date, p.start_date, p.finish_date, p.acceptance_date
        ) > $as_of
),
steps as (
    select project, row_no, unnest(steps) as step
    from dated
),
early_payments as (
    select
        e.project,
        e.approval_date,
        min(y.date) as first_date,
        array_agg(y.row_no order by y.row_no) as rows
    from (
        select p.project, p.approval_date
        from projects p
        join payment_sums s on s.project = p.project
        where s.first_date < p.approval_date
    ) as e
    join payments y on y.project = e.project
    where y.date < e.approval_date
    group by e.project, e.approval_date
),
ahead as (
    select 'payments' as item, project, date, row_no from payments where date > $as_of
    union all
    select 'bids', project, bid_date, row_no from bids where bid_date > $as_of
    union all
    select 'fund_sources', project, arrival_date, row_no from fund_sources where arrival_date > $as_of
    union all
    select 'progress', project, date, row_no from progress where date > $as_of
    union all
    select 'inspections', project, date, row_no from inspections where date > $as_of
    union all
    select 'site_photos', project, taken_on, row_no from photos where taken_on > $as_of
    union all
    select 'upkeep_checks', project, date, row_no from upkeep_checks where date > $as_of
    union all
    select 'yearly_income', project, make_date(cast(least(year, 9999) as int), 1, 1), row_no
    from income
    where year > cast(date_part('year', $as_of) as bigint) and (income <> 0 or paid_out <> 0)
),
ahead_by_item as (
    select item, project, max(date) as first_date, array_agg(row_no order by row_no) as rows
    from ahead
    group by item, project
)
select
    project as subject,
    step['a'] as first_item,
    step['d'] as first_date,
    step['b'] as second_item,
    step['e'] as second_date,
    case when step['b'] <> 'as_of' then step['e'] end as recorded_date,
    case
        when step['b'] = 'as_of' or step['b'] = step['a'] then make_array(step['a'])
        else make_array(step['a'], step['b'])
    end as items,
    cast(null as bigint[]) as row_payments,
    cast(null as bigint[]) as row_bids,
    cast(null as bigint[]) as row_fund_sources,
    cast(null as bigint[]) as row_progress,
    cast(null as bigint[]) as row_inspections,
    cast(null as bigint[]) as row_photos,
    cast(null as bigint[]) as row_upkeep_checks,
    cast(null as bigint[]) as row_income
from steps
where step['d'] > step['e']
union all
select
    project as subject,
    'approval_date' as first_item,
    approval_date as first_date,
    'payments' as second_item,
    first_date as second_date,
    first_date as recorded_date,
    make_array('approval_date', 'payments') as items,
    rows as row_payments,
    null as row_bids,
    null as row_fund_sources,
    null as row_progress,
    null as row_inspections,
    null as row_photos,
    null as row_upkeep_checks,
    null as row_income
from early_payments
union all
select
    project,
    item,
    first_date,
    'as_of',
    $as_of,
    null,
    make_array(item),
    case when item = 'payments' then rows end,
    case when item = 'bids' then rows end,
    case when item = 'fund_sources' then rows end,
    case when item = 'progress' then rows end,
    case when item = 'inspections' then rows end,
    case when item = 'site_photos' then rows end,
    case when item = 'upkeep_checks' then rows end,
    case when item = 'yearly_income' then rows end
from ahead_by_item
