-- id: Q08
-- title.zh: 现场照片没有拍摄依据,或经图像软件处理
-- title.en: A site photo without time and place, or out of an image editor
-- audience: filer
-- severity: low
-- subject: project
-- needs: photos.file
-- items: site_photos
-- reach: record
-- params: editors = "(?-u:\\b)(lightroom|photoshop|camera raw|firefly|adobe express|gimp|krita|snapseed|meitu|beautyplus|beautycam|picsart|xingtu|hypic|capcut|ulike|faceu|pitu|camera360|canva|gaoding|polarr|vsco|facetune|faceapp|b612|youcam|airbrush|pixlr|photopea|fotor|befunky|picmonkey|photoscape|photodirector|paint\\.net|paintshop|paint shop|affinity|pixelmator|coreldraw|corel photo|capture one|luminar|dxo|darktable|rawtherapee|acdsee|picasa|topaz|neoimaging|neo imaging|isee|microsoft paint|imagemagick|inpaint|photo editor|midjourney|ai image generator|stable diffusion|dall-e|dall·e|trainedalgorithmicmedia|compositewithtrainedalgorithmicmedia)([^a-z]|$)|美图|美颜相机|醒图|剪映|轻颜|黄油相机|天天p图|相机360|可画|稿定|创客贴|泼辣|光影魔术手|可牛|即梦|文心一格"
-- basis: practice
-- method.zh: 每张照片应有拍摄记录,或在元数据中同时有拍摄时间和位置;元数据中的软件名称不应是图像编辑软件(名单为参数)。
-- method.en: Each photo has a capture record, or both time and position in its metadata; the software named there is not an image editor (the list is a parameter).
-- why.zh: 没有时间、地点的照片证明不了现场情况;经过编辑的照片可能与现场不符。
-- why.en: A photo without time and place proves nothing about a site, and an edited one may show something else than what was there.
-- excludes.zh: 没有照片的项目。
-- excludes.en: Projects without photos.
-- says.zh: {photos} 张照片中,{unplaced} 张没有拍摄记录或时间位置,{edited} 张经图像软件处理({files})
-- says.en: Of {photos} photo(s): without a capture record or time and position {unplaced}, out of an image editor {edited} ({files})
with judged as (
    select
        project,
        row_no,
        file,
        not coalesce(capture_record, false)
            and (taken_at is null or lon is null or lat is null) as unplaced,
        coalesce(regexp_like(lower(software), $editors), false) as edited
    from photos
    where file is not null
),
counted as (
    select
        project,
        count(*) as photos,
        sum(case when unplaced then 1 else 0 end) as unplaced,
        sum(case when edited then 1 else 0 end) as edited
    from judged
    group by project
    having sum(case when unplaced or edited then 1 else 0 end) > 0
),
doubtful as (
    select project, array_agg(file) as files, array_agg(row_no) as rows
    from judged
    where unplaced or edited
    group by project
)
select
    c.project as subject,
    c.photos,
    c.unplaced,
    c.edited,
    d.files,
    d.rows as row_photos
from doubtful d
join counted c on c.project = d.project
