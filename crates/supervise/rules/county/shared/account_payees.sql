-- id: account_payees
-- what.zh: 收款人户名不止一个的账户的每笔拨付,附其收款人:身份相同或规范化户名相同的算同一个
-- what.en: Payments to accounts that were filed under more than one name, with their payee: rows of one identity, or of one normalised name, are one
with suspects as (
    select text_key(account) as number
    from payments
    where account is not null and payee_name is not null
    group by text_key(account)
    having min(text_key(payee_name)) <> max(text_key(payee_name))
),
named as (
    select
        y.account,
        y.project,
        y.row_no,
        y.amount,
        coalesce(y.payee_id, y.payee_name) as shown,
        normal_name(y.payee_name) as name,
        coalesce(y.payee_uscc, y.payee_id) as identity
    from suspects s
    join payments y on text_key(y.account) = s.number
    where y.payee_name is not null
),
-- Names with one identity become one, then rows of equal name join them.
identified as (
    select *, min(name) over (partition by account, coalesce(identity, name)) as first_name
    from named
)
select account, project, row_no, amount, shown, min(first_name) over (partition by account, name) as payee
from identified
