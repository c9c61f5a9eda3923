-- id: K02
-- title.zh: 用地范围与其他项目重叠
-- title.en: The boundary overlaps another project's
-- audience: officer
-- severity: medium
-- subject: project
-- needs: projects.boundary
-- items: boundary
-- key: other
-- reach: county
-- params: overlap = 0.1
-- basis: practice
-- method.zh: 借助空间索引找出所有相交的范围,重叠面积达到较小一块 10% 的列为疑点。面积按 WGS-84 椭球计算;CGCS2000 视同 WGS-84(相差分米级)。
-- method.en: All boundaries that meet are found through a spatial index; an overlap of 10% of the smaller or more is a flag. Areas are geodesic on WGS-84; CGCS2000 is taken as WGS-84 (they differ by decimetres).
-- why.zh: 同一块地可能被两个项目各计一次面积、各领一次补助。
-- why.en: One piece of ground may be counted, and paid for, by two projects.
-- excludes.zh: 没有范围的项目;测量误差造成的小块重叠(不足 10%);极多项目填报同一范围时,每个项目至少列出 32 个对象,其余不一一列出。
-- excludes.en: Projects without a boundary, and slight overlaps such as errors of measurement make (under 10%). Where very many projects file the same ground, 32 others at least are shown for each, and not every pair.
-- says.zh: 与 {other} 的范围重叠 {overlap_mu} 亩,占较小一块的 {overlap_share}
-- says.en: Overlaps {other} by {overlap_mu} mu, {overlap_share} of the smaller
select
    a_project as subject,
    b_code as other,
    b_code as related,
    area_m2 * 3.0 / 2000.0 as overlap_mu,
    share as overlap_share
from boundary_pairs
where share >= $overlap
union all
select
    b_project as subject,
    a_code as other,
    a_code as related,
    area_m2 * 3.0 / 2000.0 as overlap_mu,
    share as overlap_share
from boundary_pairs
where share >= $overlap
