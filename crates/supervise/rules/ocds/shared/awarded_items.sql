-- id: awarded_items
-- what.zh: 只有一个供应商的生效授标中带分类编码的标的,取消的采购过程除外
-- what.en: items with a classification in active awards to a single supplier, cancelled processes left out
select a.process, a.supplier, i.classification
from ocds_awards a
join ocds_items i on a.award = i.award
join ocds_tenders t on a.process = t.process
where a.status = 'active' and a.is_sole and a.supplier is not null and i.classification is not null
  and (t.tender_status is distinct from 'cancelled')
