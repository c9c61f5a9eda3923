-- Projects that share a contractor, a payee's organization code or an account with ?1, and those that doubts about it name
-- for their photos or their ground; ?2 at most, each with all that it shares. Those that doubts about it were dismissed with
-- are left out, unless another doubt that was not dismissed names them.
with this as (
    select project, code from projects where id = ?1
), named as (
    select j.value as code, min(f.state = 'dismissed') as dismissed,
        max(f.state <> 'dismissed' and instr(f.items, '"site_photos"') > 0) as photo,
        max(f.state <> 'dismissed' and instr(f.items, '"boundary"') > 0) as boundary
    from flags f, json_each(f.related) j
    where f.subject_kind = 'project' and f.subject = (select code from this) and f.state <> 'cleared'
    group by j.value
), own as (
    select json_extract(cells, '$.contractor_uscc') as contractor from project_fields where project = (select project from this)
), paid as (
    select distinct json_extract(cells, '$.account') as account, json_extract(cells, '$.payee_uscc') as payee
    from project_rows where project = (select project from this) and list = 'payments'
), shared as (
    select f.project, 'contractor' as shares, 1 as place
    from project_fields f, own where json_extract(f.cells, '$.contractor_uscc') = own.contractor
    union
    select r.project, 'account', 0
    from project_rows r where r.list = 'payments'
      and json_extract(r.cells, '$.account') in (select account from paid where account is not null)
    union
    select r.project, 'payee', 4
    from project_rows r where r.list = 'payments'
      and json_extract(r.cells, '$.payee_uscc') in (select payee from paid where payee is not null)
    union
    select p.project, 'photo', 2
    from named join projects p using (code) where named.photo
    union
    select p.project, 'boundary', 3
    from named join projects p using (code) where named.boundary
)
select id, code, name, jurisdiction, shares
from (
    select project, min(place) as place, group_concat(shares) as shares
    from (select * from shared order by project, place) group by project
)
join projects using (project)
where withdrawn = 0 and project <> (select project from this)
  and code not in (select code from named where dismissed)
order by place, code
limit ?2
