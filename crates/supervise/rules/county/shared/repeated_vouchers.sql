-- id: repeated_vouchers
-- what.zh: 出现在两笔及以上拨付中的凭证号
-- what.en: Voucher numbers that stand under two or more payments
with numbers as (
    select text_key(voucher) as number
    from payments
    where voucher is not null
    group by text_key(voucher)
    having count(*) > 1
)
select y.voucher
from numbers n
join payments y on text_key(y.voucher) = n.number
group by y.voucher
having count(*) > 1
