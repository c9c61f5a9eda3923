-- id: K19
-- title.zh: 照片已用于其他项目或其他阶段
-- title.en: A photo already serves another project or another stage
-- audience: officer
-- severity: high
-- subject: project
-- needs: photo_hashes.photos
-- items: site_photos
-- key: other
-- reach: county
-- params: radius = 15, shown = 20
-- basis: practice
-- method.zh: 文件相同(SHA-256),或感知哈希相差不超过半径(每 256 位 15 位,其他长度按比例)的照片,分属不同项目,或属同一项目的不同阶段。照片文件在手时,还把一张照片与另一张裁去边缘 5% 后的各种画面相比,取最小距离。半径可以调小。不同算法的哈希不比较。
-- method.en: Photos that are the same file (SHA-256), or whose perceptual hashes differ by no more than the radius (15 of 256 bits, in proportion for other lengths), and that belong to different projects or to different stages of one. Where the photo’s file is at hand, a photo is also compared with the other’s frame less 5% at its edges, in twenty ways, and the least distance counts. The radius can be narrowed. Hashes of different algorithms are not compared.
-- why.zh: 同一张照片证明两个现场或两个阶段,其中至少有一处未必真实。
-- why.en: One picture cannot show two sites or two stages: one of the filings may not be what it claims.
-- excludes.zh: 没有哈希的照片;只有整幅哈希(无裁剪哈希)的两张照片之间,裁剪过的未必能发现;同一项目同一阶段内的重复照片。相邻地块同日拍摄的照片可能相似,须对照原图。
-- excludes.en: Photos without a hash; cropped copies among photos of which only the frame’s hash was filed; repeats within one stage of one project. Pictures of neighbouring plots on one day can be alike: compare the originals.
-- says.zh: {files} 与 {other} 的 {other_files} 相同或高度相似(共 {pairs} 对,最近相差 {distance} 位)
-- says.en: {files} and {other_files} of {other} are equal or nearly so ({pairs} pair(s), the closest {distance} bits apart)
with near as (
    select *
    from photo_pairs
    where distance * 256 <= $radius * bits
),
sides as (
    select a_project as this, b_project as other, a_row, b_row, a_file, b_file, a_stage, b_stage, distance
    from near
    union all
    select b_project, a_project, b_row, a_row, b_file, a_file, b_stage, a_stage, distance
    from near
    where a_project <> b_project
),
met as (
    select
        this,
        other,
        count(*) as pairs,
        min(distance) as distance,
        array_slice(array_sort(array_agg(distinct a_file)), 1, $shown) as files,
        array_slice(array_sort(array_agg(distinct b_file)), 1, $shown) as other_files,
        array_sort(array_distinct(array_concat(array_agg(a_stage), array_agg(b_stage)))) as stages,
        array_distinct(array_concat(array_agg(a_row), array_agg(b_row))) as row_photos
    from sides
    group by this, other
)
select
    m.this as subject,
    p.project_code as other,
    nullif(m.other, m.this) as related,
    m.pairs,
    m.distance,
    m.files,
    m.other_files,
    m.stages,
    m.row_photos
from met m
join projects p on p.project = m.other
