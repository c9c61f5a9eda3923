-- id: K40
-- title.zh: 签署之后又改动信息项
-- title.en: An item changed after its last signature
-- audience: officer
-- severity: medium
-- subject: project
-- needs: signatures.signed_at, item_changes.changed_at
-- key: item
-- reach: record
-- basis: practice
-- method.zh: 每个信息项最后一次改动的时间,与其所属大类最后一次审核签署的时间比较;改动晚于签署的列为疑点。
-- method.en: The last change of each item is compared with the last signature of its category; a later change is a flag.
-- why.zh: 签署的是当时的内容;签署后改动,签署人不再为现在的内容负责。
-- why.en: A signature vouches for what stood there then; what was changed afterwards nobody has vouched for.
-- excludes.zh: 没有签署或没有改动记录的项目;从未签署的大类。
-- excludes.en: Projects without signatures or without a record of changes; categories never signed.
-- says.zh: “{item}”于 {changed_at} 改动,晚于所属大类最后签署的 {signed_at}
-- says.en: "{item}" was changed at {changed_at}, after the last signature of its category at {signed_at}
with categories as (
    select item, category
    from items
    where project = (select min(project) from projects)
),
signed as (
    select project, category, max(signed_at) as signed_at
    from signatures
    where signed_at is not null
    group by project, category
),
changed as (
    select project, item, max(changed_at) as changed_at
    from item_changes
    where changed_at is not null
    group by project, item
)
select
    c.project as subject,
    c.item,
    k.category,
    c.changed_at,
    s.signed_at,
    make_array(c.item) as items
from categories k
join changed c on c.item = k.item
join signed s on s.project = c.project and s.category = k.category
where c.changed_at > s.signed_at
