-- id: repeated_vouchers
-- what.zh: 出现在两笔及以上拨付中的凭证号
-- what.en: Voucher numbers that stand under two or more payments
with numbers as (
    select unnest(repeated(text_key(voucher), 2)) as number
    from payments
)
select y.voucher
from numbers n
join payments y on text_key(y.voucher) = n.number
group by y.voucher
having count(*) > 1
