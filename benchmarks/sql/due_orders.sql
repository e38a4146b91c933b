-- Orders %(first)s … %(last)s, handed over and paid online, each due a second after the one before: orders, their lines,
-- payments and settlements, and the postings of what was paid. Run as one transaction; the triggers of the books fire.
INSERT INTO payments_order (id, public_id, reference, number, shop_id, payer_id, title_zh, title_en, currency, status,
    opened_at, closed_at, total_fen, deposit_fen, paid_fen, refunded_fen, coupon_fen)
SELECT n, 'bench' || lpad(n::text, 11, '0'), 'bench' || lpad(n::text, 11, '0'), 'B-' || n, 1 + n %% %(shops)s, NULL, '保养',
    'Oil service', 'CNY', 'completed', %(now)s::timestamptz - interval '20 days', %(now)s::timestamptz - interval '10 days',
    26800, 0, 26800, 0, 0
FROM generate_series(%(first)s, %(last)s) n;
INSERT INTO payments_orderline (order_id, position, kind, reference, title_zh, title_en, service_id, amount_fen, labour_fen,
    refunded_fen)
SELECT n, line.position, 'work', '', '工作', 'Work', NULL, line.fen, 0, 0
FROM generate_series(%(first)s, %(last)s) n, (VALUES (1, 18400), (2, 8400)) AS line (position, fen);
INSERT INTO payments_payment (public_id, order_id, provider, purpose, shop_method, amount_fen, currency, request_no,
    provider_ref, status, created_at, expires_at, paid_at, pay_url, code_text, refunded_fen, asked, last_error)
SELECT 'bench' || lpad(n::text, 11, '0'), n, 'sandbox', 'balance', '', 26800, 'CNY', 'bench' || n, '', 'paid',
    %(now)s::timestamptz - interval '20 days', %(now)s::timestamptz - interval '20 days',
    %(now)s::timestamptz - interval '20 days', '', '', 0, 0, ''
FROM generate_series(%(first)s, %(last)s) n;
INSERT INTO payments_settlement (order_id, kind, status, due_at, attempts, last_error)
SELECT n, 'visit', 'due', %(now)s::timestamptz - interval '3 days' + n * interval '1 second', 0, ''
FROM generate_series(%(first)s, %(last)s) n;
INSERT INTO payments_ledgeraccount (code, kind, currency, provider, shop_id, order_id, grows_by_debit, is_floored,
    debits_fen, credits_fen)
SELECT 'held:CNY:o' || n, 'held', 'CNY', '', NULL, n, false, true, 0, 0
FROM generate_series(%(first)s, %(last)s) n;
INSERT INTO payments_ledgertransaction (id, kind, idempotency_key, request_hash, currency, at, order_id, shop_id, data,
    written_in)
SELECT -n, 'paid', 'paid:bench' || n, repeat('0', 64), 'CNY', %(now)s::timestamptz - interval '20 days', n,
    1 + n %% %(shops)s, '{}', 0
FROM generate_series(%(first)s, %(last)s) n;
INSERT INTO payments_ledgerentry (transaction_id, account_id, amount_fen)
SELECT -a.order_id, leg.account, leg.fen
FROM payments_ledgeraccount a,
    LATERAL (VALUES (a.id, -26800), ((SELECT id FROM payments_ledgeraccount WHERE code = 'psp_clearing:CNY:sandbox'), 26800))
        AS leg (account, fen)
WHERE a.kind = 'held' AND a.order_id BETWEEN %(first)s AND %(last)s;
