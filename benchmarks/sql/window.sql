-- The 20 nearest shops that offer the service and have a bay and a technician free for an hour of the next 13 days.
-- OFFSET 0 keeps each question inside its shop: without it PostgreSQL may join all resources of the city first.
\set latitude random(3105000, 3140000)
\set longitude random(12125000, 12170000)
\set minutes 1440 * random(1, 13) + 30 * random(0, 21)
WITH here AS (
    SELECT radians(:latitude / 100000.0) AS lat, radians(:longitude / 100000.0) AS lng,
        tstzrange(begin, begin + interval '1 hour') AS window
    FROM (SELECT date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + :minutes * interval '1 minute') AS start (begin)
)
SELECT s.id, bay.id, technician.id
FROM here, shops_shop s
CROSS JOIN LATERAL (
    SELECT o.id FROM catalog_offer o WHERE o.shop_id = s.id AND o.service_id = :service AND o.is_active OFFSET 0 LIMIT 1
) offer
CROSS JOIN LATERAL (
    SELECT r.id FROM shops_resource r
    WHERE r.shop_id = s.id AND r.is_active AND r.kind = 'bay' AND 'lift' = ANY(r.capabilities)
        AND NOT EXISTS (SELECT FROM bookings_allocation a WHERE a.resource_id = r.id AND a.during && here.window)
    OFFSET 0 LIMIT 1
) bay
CROSS JOIN LATERAL (
    SELECT r.id FROM shops_resource r
    WHERE r.shop_id = s.id AND r.is_active AND r.kind = 'technician' AND 'maintenance' = ANY(r.capabilities)
        AND NOT EXISTS (SELECT FROM bookings_allocation a WHERE a.resource_id = r.id AND a.during && here.window)
    OFFSET 0 LIMIT 1
) technician
WHERE s.is_listed
ORDER BY cube(ARRAY[cos(radians(latitude)) * cos(radians(longitude)), cos(radians(latitude)) * sin(radians(longitude)),
        sin(radians(latitude))]::float8[])
    <-> cube(ARRAY[cos(here.lat) * cos(here.lng), cos(here.lat) * sin(here.lng), sin(here.lat)]::float8[])
LIMIT 20;
