-- id: photo_pairs
-- what.zh: 不同项目或同一项目不同阶段之间相同或高度相似的照片:感知哈希每 256 位相差不超过 24 位;没有感知哈希的按 SHA-256 相同。不同算法的哈希不比较
-- what.en: Photos of different projects, or of different stages of one, that are the same or nearly so: perceptual hashes that differ in at most 24 of 256 bits; where there is none, an equal SHA-256. Hashes of different algorithms are not compared
with hashed as (
    select row_no, phash, cast(length(split_part(phash, ':', 2)) as bigint) * 4 as bits
    from photos
    where phash is not null
),
neighbours as (
    select bits, unnest(hamming_pairs(row_no, phash, bits * 24 / 256)) as pair
    from hashed
    group by bits
),
copied as (
    select sha256, min(row_no) as first_row
    from photos
    where phash is null and sha256 is not null
    group by sha256
    having count(*) > 1
),
pairs as (
    select pair['a'] as a_row, pair['b'] as b_row, pair['distance'] as distance, bits
    from neighbours
    union all
    select c.first_row, h.row_no, 0, 256
    from copied c
    join photos h on h.sha256 = c.sha256
    where h.row_no <> c.first_row and h.phash is null
),
first_sides as (
    select p.a_row, p.b_row, p.distance, p.bits, a.project as a_project, a.stage as a_stage, a.file as a_file
    from pairs p
    join photos a on a.row_no = p.a_row
)
select
    p.a_row,
    p.b_row,
    p.a_project,
    b.project as b_project,
    p.a_stage,
    b.stage as b_stage,
    p.a_file,
    b.file as b_file,
    p.distance,
    p.bits
from first_sides p
join photos b on b.row_no = p.b_row
where p.a_project <> b.project or p.a_stage <> b.stage
