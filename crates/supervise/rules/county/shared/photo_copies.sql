-- id: photo_copies
-- what.zh: SHA-256 或感知哈希相同、又出现在不止一个项目或阶段的照片:每个项目的每个阶段各取第一张
-- what.en: Photos whose SHA-256 or perceptual hash is the same in more than one project or stage: the first of each stage of each project
with keyed as (
    select row_no, project, stage, lower(sha256) as same
    from photos
    where sha256 is not null
    union all
    select row_no, project, stage, lower(phash)
    from photos
    where phash is not null
),
numbers as (
    select unnest(repeated(text_key(same), 2)) as number
    from keyed
),
copies as (
    select k.same, k.project, k.stage, min(k.row_no) as row_no
    from numbers n
    join keyed k on text_key(k.same) = n.number
    group by k.same, k.project, k.stage
)
select same, project, stage, row_no
from (select same, project, stage, row_no, count(*) over (partition by same) as places from copies) as counted
where places > 1
