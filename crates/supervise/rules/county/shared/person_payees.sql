-- id: person_payees
-- what.zh: 每个项目付给个人、且证件号哈希与死亡、公职或享受对象登记使用同一密钥的拨付笔数;三种登记都没有时为空表
-- what.en: Each project's payments to persons whose hashed number has the key of a register of the deceased, of officials or of the eligible; empty when there is no such register
with keys as (
    select distinct split_part(id, ':', 1) as key_id
    from (
        select id from officials
        union all
        select id from deceased
        union all
        select id from eligible
    ) as registers
    where id is not null
)
select y.project, count(*) as persons
from keys k
join payments y on split_part(y.payee_id, ':', 1) = k.key_id
where y.payee_id is not null
group by y.project
