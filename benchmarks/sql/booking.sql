-- What a booking must do at least, in one transaction: is it offered and for how much, the day's claims, the visit, a claim
-- on a bay and on a technician under the constraint, event, outbox.
-- A booked day is read; the new claims stand far ahead, where they are in nobody's way: each of them is made.
\set shop random(1, :shops)
\set day random(1, 14)
\set minutes random(300, 20000000)
\set bay random(1, 4)
\set technician random(5, 10)
\set tail random(0, 2000000000)
BEGIN;
SELECT s.id, s.lead_time_minutes, s.free_cancel_minutes, labour_fen, parts_fen
FROM catalog_offer o JOIN shops_shop s ON s.id = o.shop_id
WHERE s.slug = 'shop-' || :shop AND s.is_listed AND o.service_id = :service AND o.is_active;
SELECT a.resource_id, extract(epoch from lower(a.during))::bigint, extract(epoch from upper(a.during))::bigint
FROM shops_resource r
JOIN bookings_allocation a ON a.resource_id = r.id
    AND lower(a.during) > date_trunc('day', now()) + (:day - 1) * interval '1 day'
    AND lower(a.during) < date_trunc('day', now()) + (:day + 1) * interval '1 day'
WHERE r.shop_id = :shop AND r.is_active;
INSERT INTO bookings_booking (public_id, number, shop_id, service_id, variant_id, owner_id, visitor_key, status, source,
    starts_at, ends_at, timezone, local_date, local_time, plan, handover, with_loaner, labour_fen, parts_fen, discount_fen,
    deposit_fen, late_cancel_fee_fen, no_show_fee_fen, fee_fen, currency, parts_note, free_cancel_until, contact_name,
    contact_phone, plate, owner_note, visit_address, confirmed_at, created_at, revision,
    vin, comeback_reason, handover_confirmed_way)
VALUES ('b' || :client_id || '-' || :tail, 'b' || :client_id || '-' || :tail, :shop, :service, :variant, :owner, '',
    'confirmed', 'online', now() + interval '100 days', now() + interval '100 days 40 minutes', 'Asia/Shanghai',
    (now() + interval '100 days')::date, (now() + interval '100 days')::time, '{}', 'drop_off', false, 8400, 18400, 0, 0, 0, 0,
    0, 'CNY', '', now(), 'Li Lei', '+8613800138000', '', '', '', now(), now(), 0,
    '', '', '')
RETURNING id AS booking \gset
INSERT INTO bookings_allocation (resource_id, booking_id, kind, during, reason, is_pinned)
SELECT (:shop::int - 1) * 10 + seat, :booking, 'work',
    tstzrange(now() + interval '100 days' + :minutes * interval '1 minute',
        now() + interval '100 days' + (:minutes + 40) * interval '1 minute'), '', false
FROM (VALUES (:bay::int), (:technician::int)) AS chosen (seat) ORDER BY seat
ON CONFLICT DO NOTHING;
INSERT INTO bookings_bookingevent (booking_id, at, kind, actor_id, actor_role, from_status, to_status, reason, data)
VALUES (:booking, now(), 'confirmed', :owner, 'owner', '', 'confirmed', '', '{}');
INSERT INTO core_outboxevent (topic, key, payload, created_at, due_at, attempts, last_error)
VALUES ('booking.confirmed', 'bench', '{}', now(), now(), 0, '');
COMMIT;
