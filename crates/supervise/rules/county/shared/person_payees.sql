-- id: person_payees
-- what.zh: 每个项目付给个人、且至少能与一种登记比对的拨付笔数:证件号哈希与死亡或公职人员登记使用同一密钥,或其补贴项目有同一密钥的享受对象名单
-- what.en: Each project's payments to persons that compare with at least one register: the hashed number has the key of the deceased or the officials, or the programme has a list of the eligible under that key
with general as (
    select distinct split_part(id, ':', 1) as key_id
    from (
        select id from officials
        union all
        select id from deceased
    ) as registers
    where id is not null
),
listed as (
    select distinct translate(programme, '（）０１２３４５６７８９ 　', '()0123456789') as programme_key, split_part(id, ':', 1) as key_id
    from eligible
    where id is not null and programme is not null
),
persons as (
    select project, translate(programme, '（）０１２３４５６７８９ 　', '()0123456789') as programme_key, split_part(payee_id, ':', 1) as key_id
    from payments
    where payee_id is not null
)
select y.project, count(*) as persons
from listed l
right join (
    general g
    right join persons y on y.key_id = g.key_id
) on l.programme_key = y.programme_key and l.key_id = y.key_id
where g.key_id is not null or l.key_id is not null
group by y.project
