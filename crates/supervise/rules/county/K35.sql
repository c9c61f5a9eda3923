-- id: K35
-- title.zh: 同一批人员验收了承建单位的绝大多数项目
-- title.en: The same people accepted nearly all of a contractor's projects
-- audience: officer
-- severity: medium
-- subject: organization
-- applies: is_contractor
-- needs: organizations.panel_projects
-- items: acceptance_panel, contractor
-- reach: county
-- params: least_projects = 5, share_percent = 80
-- basis: practice
-- method.zh: 某承建单位已验收且有验收人员名单的项目在 5 个及以上,其中 80% 及以上由同样的 3 名及以上人员一同验收。人员按证件号哈希比对。没有填信用代码的承建单位,按其名称在全部输入中唯一对应的代码认定。
-- method.en: Of a contractor's accepted projects with a recorded panel (five or more), 80% or more were accepted by the same three or more members together. Members are compared by the hash of their number. A contractor filed without its code is taken by the one code that the input gives its name.
-- why.zh: 验收人员固定不变,容易与承建单位形成利益关系,使验收流于形式。
-- why.en: A panel that never changes may grow close to the contractor, and acceptance become a formality.
-- excludes.zh: 没有验收人员记录的项目;没有证件号的人员。专业人员少的县难免重复,须结合其他疑点。
-- excludes.en: Projects without a recorded panel, members without a number. In a county with few experts repetition is hard to avoid: read with other flags.
-- says.zh: {organization} 有验收名单的 {panel_projects} 个项目中,{together} 个由同样 {members} 人验收({accepted_share})
-- says.en: Of {panel_projects} projects of {organization} with a recorded panel, {together} were accepted by the same {members} people ({accepted_share})
with sizes as (
    select organization_id as contractor_key, name as organization, panel_projects
    from organizations
    where panel_projects >= $least_projects
),
seats as (
    select
        s.contractor_key,
        s.panel_projects,
        p.project,
        m.member_id,
        text_key(concat(s.contractor_key, '|', m.member_id)) as number
    from sizes s
    join parties p on p.contractor_key = s.contractor_key
    join panel m on m.project = p.project
    where p.acceptance_date is not null and m.member_id is not null
),
-- Who sits often enough is found by a number, then looked at by contractor and member.
often as (
    select unnest(repeated(number, greatest(cast(ceil($least_projects * $share_percent / 100.0) as bigint), 1))) as number
    from seats
),
regulars as (
    select s.contractor_key, s.panel_projects, s.member_id, array_agg(distinct s.project) as projects
    from often o
    join seats s on s.number = o.number
    group by s.contractor_key, s.panel_projects, s.member_id
    having count(distinct s.project) * 100 >= $share_percent * s.panel_projects
),
panels as (
    select contractor_key, panel_projects, project, array_agg(member_id) as members
    from (select contractor_key, panel_projects, member_id, unnest(projects) as project from regulars) as r
    group by contractor_key, panel_projects, project
),
firsts as (
    select contractor_key, panel_projects, project, members, unnest(members) as first_member
    from panels
),
seconds as (
    select contractor_key, panel_projects, project, members, first_member, unnest(members) as second_member
    from firsts
),
thirds as (
    select contractor_key, panel_projects, project, first_member, second_member, unnest(members) as third_member
    from seconds
    where second_member > first_member
),
threes as (
    select
        contractor_key,
        first_member,
        second_member,
        third_member,
        count(*) as together,
        array_agg(project) as projects
    from thirds
    where third_member > second_member
    group by contractor_key, first_member, second_member, third_member
    having count(*) * 100 >= $share_percent * min(panel_projects)
),
seats_together as (
    select
        contractor_key,
        together,
        unnest(make_array(first_member, second_member, third_member)) as member_id,
        projects
    from threes
),
groups as (
    select
        t.contractor_key,
        max(t.together) as together,
        count(distinct t.member_id) as members,
        array_agg(distinct m.row_no order by m.row_no) as rows
    from (
        select contractor_key, together, member_id, unnest(projects) as project
        from seats_together
    ) as t
    join panel m on m.project = t.project and m.member_id = t.member_id
    group by t.contractor_key
)
select
    g.contractor_key as subject,
    s.organization,
    s.panel_projects,
    g.together,
    g.members,
    cast(g.together as double) / s.panel_projects as accepted_share,
    g.rows as row_panel
from groups g
join sizes s on s.contractor_key = g.contractor_key
