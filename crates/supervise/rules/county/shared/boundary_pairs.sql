-- id: boundary_pairs
-- what.zh: 用地范围相互重叠的项目,每对一行,附重叠面积和占较小地块的比例;极多范围相同时每个项目至少 32 对
-- what.en: Projects whose boundaries overlap, each pair once, with the area shared and its share of the smaller; where very many are the same, 32 for each project at least
with pairs as (
    select unnest(overlap_pairs(row_no, boundary)) as pair
    from projects
    where boundary is not null
)
select
    a.row_no as a_row,
    b.row_no as b_row,
    a.project as a_project,
    a.project_code as a_code,
    b.project as b_project,
    b.project_code as b_code,
    pair['area_m2'] as area_m2,
    pair['share_of_smaller'] as share
from pairs
join projects a on a.row_no = pair['a']
join projects b on b.row_no = pair['b']
