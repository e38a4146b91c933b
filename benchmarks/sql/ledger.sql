-- What a posting must do at least, in one transaction: lock two accounts in order, header and entries. The triggers that keep
-- the books are the tables' own and fire here as they do for the platform. Hot: one account is in every posting.
-- (The points stand for colons, which would begin a variable here.)
\set shop random(1, :shops)
BEGIN;
SELECT code, id FROM payments_ledgeraccount
WHERE code IN (replace('coupon_funding.CNY.s', '.', chr(58)) || :shop::int,
    replace(CASE WHEN :hot::int = 1 THEN 'commission.CNY' ELSE 'shop_payable.CNY.s' || :shop::int END, '.', chr(58)))
ORDER BY id FOR NO KEY UPDATE;
WITH header AS (
    INSERT INTO payments_ledgertransaction
        (kind, idempotency_key, request_hash, currency, at, order_id, shop_id, data, written_in)
    VALUES ('settled', 'sql-' || gen_random_uuid(), encode(sha256('bench'), 'hex'), 'CNY', now(), NULL, :shop::int, '{}', 0)
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING id
)
INSERT INTO payments_ledgerentry (transaction_id, account_id, amount_fen)
SELECT header.id, account.id, leg.fen
FROM header, (VALUES
    (replace('coupon_funding.CNY.s', '.', chr(58)) || :shop::int, 100),
    (replace(CASE WHEN :hot::int = 1 THEN 'commission.CNY' ELSE 'shop_payable.CNY.s' || :shop::int END, '.', chr(58)), -100)
) AS leg (code, fen) JOIN payments_ledgeraccount account ON account.code = leg.code;
COMMIT;
