-- id: processes
-- what.zh: 每个采购过程一行:公告、投标与中标的要点。submitted_bids 等没有时为空;settled_supplier 在有待定或无效状态的授标时为空;winner 仅在恰有一个生效授标、没有待定或无效状态的授标、且供应商唯一时有值;price_gap 同 compared_processes 的 gap,全部数据中可比的少于 4 个时为空
-- what.en: one row for each contracting process with what matters of its tender, bids and awards. submitted_bids and the like are empty where there are none; settled_supplier also where an award is pending or invalid; winner only where exactly one award is active, none is pending or invalid, and it has one supplier; price_gap is gap of compared_processes, empty where fewer than 4 processes in all can be compared
select *, case when (select count(gap) from compared_processes) >= 4 then gap end as price_gap
from compared_processes
