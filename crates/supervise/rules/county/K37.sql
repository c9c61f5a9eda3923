-- id: K37
-- title.zh: 管护照片就是验收照片
-- title.en: An upkeep photo is the acceptance photo again
-- audience: officer
-- severity: medium
-- subject: project
-- needs: photo_hashes.acceptance_photos, photo_hashes.upkeep_photos
-- items: upkeep_checks, site_photos
-- reach: record
-- params: radius = 15, shown = 20
-- basis.zh: 《关于加强扶贫项目资产后续管理的指导意见》(国办函〔2021〕51号)
-- basis.en: Guiding Opinions on Strengthening the Follow-up Management of Poverty Alleviation Project Assets (Guo Ban Han [2021] No. 51)
-- method.zh: 同一项目的管护照片与验收照片文件相同(SHA-256),或感知哈希相差不超过半径(每 256 位 15 位;照片文件在手时也与裁去边缘 5% 后的画面相比)。
-- method.en: An upkeep photo of a project is the same file as an acceptance photo (SHA-256), or their perceptual hashes differ by no more than the radius (15 of 256 bits; where the file is at hand also from the frame less 5% at its edges).
-- why.zh: 用验收时的照片充当巡查照片,巡查可能没有进行。
-- why.en: A round that files the picture of the acceptance may not have taken place.
-- excludes.zh: 没有可比对的验收照片或管护照片的项目;不同算法的哈希不比较。固定机位的照片可能相似,须对照拍摄时间。
-- excludes.en: Projects without comparable photos of acceptance or of upkeep; hashes of different algorithms are not compared. Pictures from a fixed spot can be alike: compare their times.
-- says.zh: 管护照片 {files} 与验收照片 {acceptance_files} 相同或高度相似(最近相差 {distance} 位)
-- says.en: The upkeep photo(s) {files} and the acceptance photo(s) {acceptance_files} are equal or nearly so (the closest {distance} bits apart)
with again as (
    select a_project as project, a_row, b_row, a_file as upkeep_file, b_file as acceptance_file, distance
    from photo_pairs
    where a_project = b_project and a_stage = 'upkeep' and b_stage = 'acceptance' and distance * 256 <= $radius * bits
    union all
    select a_project, a_row, b_row, b_file, a_file, distance
    from photo_pairs
    where a_project = b_project and a_stage = 'acceptance' and b_stage = 'upkeep' and distance * 256 <= $radius * bits
)
select
    project as subject,
    count(*) as pairs,
    min(distance) as distance,
    array_slice(array_sort(array_agg(distinct upkeep_file)), 1, $shown) as files,
    array_slice(array_sort(array_agg(distinct acceptance_file)), 1, $shown) as acceptance_files,
    array_distinct(array_concat(array_agg(a_row), array_agg(b_row))) as row_photos
from again
group by project
