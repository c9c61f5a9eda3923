-- id: photo_pairs
-- what.zh: 不同项目或同一项目不同阶段之间相同或高度相似的照片:感知哈希(或一方与另一方裁去边缘 5% 后的感知哈希)每 256 位相差不超过 15 位;SHA-256 或感知哈希相同的不论算法都算:同一项目各阶段两两比较,不同项目各与最先的 32 个项目比较。不同算法的感知哈希不比较
-- what.en: Photos of different projects, or of different stages of one, that are the same or nearly so: perceptual hashes, or the hash of one and that of the other with 5% of its edges cropped, that differ in at most 15 of 256 bits; and whatever has the same SHA-256 or hash: within a project each stage with each, between projects each with the first 32. Perceptual hashes of different algorithms are not compared
with hashed as (
    select row_no, phash, phash_crops, cast(length(split_part(phash, ':', 2)) as bigint) * 4 as bits
    from photos
    where phash is not null
),
neighbours as (
    select bits, unnest(hamming_pairs(row_no, phash, bits * 15 / 256, phash_crops)) as pair
    from hashed
    group by bits
),
first_copies as (
    select same, row_no, row_number() over (partition by same order by row_no) as place
    from (select same, project, min(row_no) as row_no from photo_copies group by same, project) as by_project
),
pairs as (
    select least(pair['a'], pair['b']) as a_row, greatest(pair['a'], pair['b']) as b_row, pair['distance'] as distance, bits
    from neighbours
    union all
    select a.row_no, b.row_no, 0, 256
    from photo_copies a
    join photo_copies b on b.same = a.same and b.project = a.project
    where a.row_no < b.row_no
    union all
    select a.row_no, b.row_no, 0, 256
    from first_copies a
    join first_copies b on b.same = a.same
    where a.place <= 32 and a.place < b.place
),
once as (
    select a_row, b_row, min(distance) as distance, max(bits) as bits
    from pairs
    group by a_row, b_row
),
first_sides as (
    select p.a_row, p.b_row, p.distance, p.bits, a.project as a_project, a.stage as a_stage, a.file as a_file
    from once p
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
