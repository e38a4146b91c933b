-- What a booking must do at least: price, the day's claims, the visit, a claim on bay and technician, event, outbox;
-- then the confirmation with its event and outbox row. Two transactions, as over HTTP.
\set shop random(1, :shops)
\set slot random(0, 100000)
\set bay random(1, 4)
\set technician random(1, 6)
\set tail random(0, 2000000000)
BEGIN;
SELECT labour_fen, parts_fen FROM catalog_offer o JOIN shops_shop s ON s.id = o.shop_id
WHERE s.public_id = lpad(:shop::text, 16, '0') AND service_id = :service AND o.is_active;
SELECT a.resource_id, extract(epoch from lower(a.during))::bigint, extract(epoch from upper(a.during))::bigint
FROM shops_resource r
JOIN bookings_allocation a ON a.resource_id = r.id
    AND lower(a.during) > now() + interval '99 days' AND lower(a.during) < now() + interval '101 days'
WHERE r.shop_id = (SELECT id FROM shops_shop WHERE public_id = lpad(:shop::text, 16, '0')) AND r.is_active;
INSERT INTO bookings_booking (public_id, number, shop_id, service_id, variant_id, owner_id, visitor_key, status, source,
    starts_at, ends_at, timezone, labour_fen, parts_fen, currency, parts_note, free_cancel_until, contact_name, contact_phone,
    plate, owner_note, visit_address, hold_expires_at, created_at, revision)
SELECT 'b' || :client_id || '-' || :tail, 'b' || :client_id || '-' || :tail, id, :service, :variant, :owner, '', 'held',
    'online', now() + interval '100 days', now() + interval '101 days', 'Asia/Shanghai', 8400, 18400, 'CNY', '', now(), '', '',
    '', '', '', now() + interval '10 minutes', now(), 0
FROM shops_shop WHERE public_id = lpad(:shop::text, 16, '0')
RETURNING id AS booking \gset
INSERT INTO bookings_allocation (resource_id, booking_id, kind, during, held_until, reason)
SELECT r.id, :booking, 'work', tstzrange(now() + :slot * interval '40 minutes' + interval '100 days',
    now() + (:slot + 1) * interval '40 minutes' + interval '100 days'), now() + interval '10 minutes', ''
FROM shops_resource r JOIN shops_shop s ON s.id = r.shop_id
WHERE s.public_id = lpad(:shop::text, 16, '0')
    AND (r.kind, r.position) IN (('bay', :bay), ('technician', :technician))
ORDER BY r.id
ON CONFLICT DO NOTHING;
INSERT INTO bookings_bookingevent (booking_id, at, kind, actor_id, actor_role, from_status, to_status, reason, data)
VALUES (:booking, now(), 'held', :owner, 'owner', '', 'held', '', '{}');
INSERT INTO core_outboxevent (topic, key, payload, created_at, due_at, attempts, last_error)
VALUES ('booking.held', 'bench', '{}', now(), now(), 0, '');
COMMIT;
BEGIN;
SELECT id FROM bookings_booking WHERE id = :booking FOR UPDATE;
UPDATE bookings_allocation SET held_until = NULL WHERE booking_id = :booking;
UPDATE bookings_booking SET status = 'confirmed', confirmed_at = now(), revision = 1 WHERE id = :booking;
INSERT INTO bookings_bookingevent (booking_id, at, kind, actor_id, actor_role, from_status, to_status, reason, data)
VALUES (:booking, now(), 'confirmed', :owner, 'owner', 'held', 'confirmed', '', '{}');
INSERT INTO core_outboxevent (topic, key, payload, created_at, due_at, attempts, last_error)
VALUES ('booking.confirmed', 'bench', '{}', now(), now(), 0, '');
COMMIT;
