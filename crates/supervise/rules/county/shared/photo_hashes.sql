-- id: photo_hashes
-- what.zh: 每个项目可供比对(有 SHA-256 或感知哈希)的照片数,其中验收和管护照片数
-- what.en: Each project's photos that can be compared (with a SHA-256 or a perceptual hash), and how many of them are of acceptance and of upkeep
select
    project,
    count(*) as photos,
    nullif(count(case when stage = 'acceptance' then 1 end), 0) as acceptance_photos,
    nullif(count(case when stage = 'upkeep' then 1 end), 0) as upkeep_photos
from photos
where sha256 is not null or phash is not null
group by project
