-- One shop, 14 days: who could do it, and what claims stand there.
\set shop random(1, :shops)
SELECT a.resource_id, extract(epoch from lower(a.during))::bigint, extract(epoch from upper(a.during))::bigint
FROM shops_resource r
JOIN bookings_allocation a ON a.resource_id = r.id
    AND lower(a.during) > now() - interval '1 day' AND lower(a.during) < now() + interval '15 days'
WHERE r.shop_id = (SELECT id FROM shops_shop WHERE slug = 'shop-' || :shop) AND r.is_active;
