-- The 50 nearest shops that offer the service, each with its price and its claims of the next three days.
\set latitude random(3105000, 3140000)
\set longitude random(12125000, 12170000)
WITH here AS (
    SELECT radians(:latitude / 100000.0) AS lat, radians(:longitude / 100000.0) AS lng
), near AS (
    SELECT s.id FROM shops_shop s, here
    WHERE s.is_listed AND (
        SELECT o.id FROM catalog_offer o
        WHERE o.shop_id = s.id AND o.service_id = :service AND o.is_active LIMIT 1
    ) IS NOT NULL
    ORDER BY cube(ARRAY[cos(radians(latitude)) * cos(radians(longitude)), cos(radians(latitude)) * sin(radians(longitude)),
            sin(radians(latitude))]::float8[])
        <-> cube(ARRAY[cos(lat) * cos(lng), cos(lat) * sin(lng), sin(lat)]::float8[])
    LIMIT 50
)
SELECT near.id, o.labour_fen + o.parts_fen, claims.*
FROM near
JOIN catalog_offer o ON o.shop_id = near.id AND o.service_id = :service
CROSS JOIN LATERAL (
    SELECT a.resource_id, extract(epoch from lower(a.during))::bigint, extract(epoch from upper(a.during))::bigint
    FROM shops_resource r
    JOIN bookings_allocation a ON a.resource_id = r.id
        AND lower(a.during) > now() - interval '1 day' AND lower(a.during) < now() + interval '3 days'
    WHERE r.shop_id = near.id AND r.is_active
) claims;
