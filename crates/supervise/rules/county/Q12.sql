-- id: Q12
-- title.zh: 受益户数超过全村户数,或人数少于户数
-- title.en: More beneficiary households than the village has, or fewer people than households
-- audience: filer
-- severity: medium
-- subject: project
-- needs: projects.households
-- items: beneficiaries
-- key: what
-- reach: record
-- basis: practice
-- method.zh: 受益户数与行政区划登记中该村户数比较;受益人数不应少于受益户数。
-- method.en: Beneficiary households are compared with the households that the register of divisions gives for the village; there are at least as many people as households.
-- why.zh: 受益人口决定项目是否该立、补助多少,虚增户数会放大成效。
-- why.en: Who benefits decides whether a project is approved and with how much; inflated numbers inflate the result.
-- excludes.zh: 没有填写受益户数的项目;登记中没有该村户数的,只核对人数与户数。
-- excludes.en: Projects without beneficiary households; where the register has no figure for the village only people and households are compared.
-- says.zh: 受益 {households} 户 {people} 人,全村 {village_households} 户
-- says.en: {households} households and {people} people benefit; the village has {village_households} households
with compared as (
    select
        p.project,
        p.households,
        p.people,
        d.households as village_households
    from (
        select code, max(households) as households from divisions group by code
    ) as d
    right join projects p on p.village_code = d.code
    where p.households is not null
)
select project as subject, 'village' as what, households, people, village_households
from compared
where households > village_households
union all
select project, 'people', households, people, village_households
from compared
where people < households
