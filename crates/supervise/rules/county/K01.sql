-- id: K01
-- title.zh: 疑似重复申报
-- title.en: Possibly declared twice
-- audience: officer
-- severity: high
-- subject: project
-- applies: approval_date is not null
-- needs: projects.village_code, projects.name, projects.approval_authority
-- items: name, location, approval_authority, boundary
-- key: other
-- reach: village
-- params: months = 24, similarity = 0.6, overlap = 0.2
-- basis: practice
-- method.zh: 同一村内批复相隔不超过 24 个月、批复单位不同、或补贴项目(以拨付所列全部为准)不同的两个项目,去掉村名后名称的字三元组杰卡德相似度 ≥ 0.6(仅编号或组别不同的不算),或用地范围重叠达到较小一块的 20%。
-- method.en: Two projects of one village, approved within 24 months by different bodies or paid under different sets of programmes, whose names without the village's are alike (Jaccard of padded character trigrams ≥ 0.6; names that differ only in a number or group are not) or whose boundaries overlap by 20% of the smaller.
-- why.zh: 同一工程向不同部门、以不同名目各报一次,可套取两份资金。
-- why.en: One piece of work put to two departments under two names can be paid for twice.
-- excludes.zh: 未批复的项目;批复单位和补贴项目都相同的项目;仅编号、组别、期次不同的同类项目。
-- excludes.en: Projects not approved yet, pairs with the same approving body and programme, and names that differ only in number, group or phase.
-- says.zh: 与 {other}“{other_name}”相近:名称相似度 {similarity},范围重叠 {overlap_share};批复分别为 {authority} {approved_on} 和 {other_authority} {other_approved_on}
-- says.en: Close to {other} "{other_name}": names alike {similarity}, boundaries overlap {overlap_share}; approved by {authority} on {approved_on} and by {other_authority} on {other_approved_on}
with alike as (
    select
        a.row_no as a_row,
        b.row_no as b_row,
        trigram_similarity(a.bare_name, b.bare_name) as similarity,
        cast(null as double) as overlap_share
    from approvals a
    join approvals b on b.village_code = a.village_code
    -- Similarity is worked out only for pairs that pass all the cheap conditions.
    where case
            when a.row_no < b.row_no
                and a.bare_name is not null and b.bare_name is not null
                and (a.department <> b.department or a.programme_set <> b.programme_set)
                and months_between(
                    least(a.approval_date, b.approval_date),
                    greatest(a.approval_date, b.approval_date) - interval '1 day'
                ) < $months
                then trigram_similarity(a.bare_name, b.bare_name)
            else 0.0
        end >= $similarity
        and not differ_in_number(a.bare_name, b.bare_name)
    union all
    select a_row, b_row, null, share
    from boundary_pairs
    where share >= $overlap
),
pairs as (
    select
        least(a_row, b_row) as a_row,
        greatest(a_row, b_row) as b_row,
        max(similarity) as similarity,
        max(overlap_share) as overlap_share
    from alike
    group by least(a_row, b_row), greatest(a_row, b_row)
),
sides as (
    select
        unnest(make_array(
            named_struct('this', a_row, 'other', b_row),
            named_struct('this', b_row, 'other', a_row)
        )) as side,
        similarity,
        overlap_share
    from pairs
)
select
    t.project as subject,
    o.project_code as other,
    o.project_code as related,
    t.name,
    o.name as other_name,
    s.similarity,
    s.overlap_share,
    t.approval_authority as authority,
    o.approval_authority as other_authority,
    t.programme,
    o.programme as other_programme,
    t.approval_date as approved_on,
    o.approval_date as other_approved_on,
    t.approved_budget as budget_fen,
    o.approved_budget as other_budget_fen,
    least(t.approved_budget, o.approved_budget) as money_fen
from sides s
join approvals t on t.row_no = s.side['this']
join approvals o on o.row_no = s.side['other']
where t.village_code = o.village_code
    and (t.department <> o.department or t.programme_set <> o.programme_set)
    and months_between(
        least(t.approval_date, o.approval_date),
        greatest(t.approval_date, o.approval_date) - interval '1 day'
    ) < $months
