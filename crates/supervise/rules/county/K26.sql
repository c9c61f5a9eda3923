-- id: K26
-- title.zh: 同一账户以不同名称收款
-- title.en: One account serves differently named payees
-- audience: officer
-- severity: high
-- subject: project
-- needs: payments.account, payments.payee_name
-- items: payments, payee
-- key: account
-- personal: names
-- reach: county
-- params: shown = 50
-- basis: practice
-- method.zh: 全部拨付按账号(密钥哈希)归集,规范化后的收款名称多于一个即为疑点;统一社会信用代码或证件号相同的视为同一收款人。每个涉及的项目一条,其他项目列入关联(最多 50 个)。
-- method.en: All payments are gathered by account (a keyed hash); more than one payee name after normalising is a flag. Names with one USCC or one identity number count as one payee. One flag for each project involved, with the others (up to 50) as related.
-- why.zh: 名称不同、钱进同一个账户,收款人可能是借用名义。
-- why.en: Different names, one account: somebody may be collecting under borrowed names.
-- excludes.zh: 没有账号或收款名称的拨付;同一单位更名而代码不变的。银行代发专户、村集体账户可能正常地为多人收款。
-- excludes.en: Payments without account or payee; a firm that changed its name and kept its code. A bank's payout account or a village's collective account may rightly serve many.
-- says.zh: 账户 {account} 以 {names} 等 {payees} 个名称收款,涉及 {projects} 个项目;本项目 {payments} 笔,合计 {paid_fen}
-- says.en: The account {account} received under {payees} names ({names}) in {projects} project(s); here {payments} payment(s), {paid_fen} in all
with shared_accounts as (
    select account, count(*) as payees
    from (select distinct account, payee from account_payees) as d
    group by account
    having count(*) > 1
),
account_names as (
    select account, array_slice(array_sort(array_agg(shown)), 1, 10) as names
    from (
        select account, payee, min(shown) as shown
        from account_payees
        group by account, payee
    ) as d
    group by account
),
coded as (
    select d.account, d.project, p.project_code
    from (select distinct account, project from account_payees) as d
    join projects p on p.project = d.project
),
account_projects as (
    select account, count(*) as projects, array_slice(array_sort(array_agg(project_code)), 1, $shown + 1) as codes
    from coded
    group by account
),
touched as (
    select
        account,
        project,
        count(*) as payments,
        coalesce(sum(amount), 0) as paid_fen,
        array_agg(row_no) as rows
    from account_payees
    group by account, project
)
select
    t.project as subject,
    t.account,
    array_slice(array_remove(c.codes, o.project_code), 1, $shown) as related,
    s.payees,
    n.names,
    c.projects,
    t.payments,
    t.paid_fen,
    t.paid_fen as money_fen,
    t.rows as row_payments
from shared_accounts s
join touched t on t.account = s.account
join account_names n on n.account = s.account
join account_projects c on c.account = s.account
join coded o on o.account = t.account and o.project = t.project
