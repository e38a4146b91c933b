-- Cars %(first)s … %(last)s with their records, as an owner's car has them: nine odometer readings in four years, six
-- visits with what was done and measured there, one in twenty with a figure typed with a digit too many. Their variants
-- are taken in turn. Ids are those of %(base)s + n. Run with triggers off: the chain of hashes is made up.
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT n, %(base)s + n AS id, variants.ids[1 + n %% cardinality(variants.ids)] AS variant,
    (%(today)s::date - 1600 - n %% 1500) AS delivered, 15 + n %% 37 AS pace
FROM generate_series(%(first)s, %(last)s) n, (
    SELECT array_agg(id ORDER BY id) AS ids FROM (
        SELECT DISTINCT ON (model_id) id FROM vehicles_variant ORDER BY model_id, id LIMIT 12
    ) AS chosen
) AS variants;

INSERT INTO vehicles_healthrecord (id, public_id, vin, owner_id, complete_since_new, entry_count, head_hash, created_at)
SELECT id, lpad(id::text, 16, 'h'), '', NULL, n %% 10 = 0, 6, repeat('1', 64), %(now)s FROM made;

INSERT INTO vehicles_car (id, public_id, owner_id, variant_id, plate, vin, model_year, delivered_on, nickname, record_id,
    odometer_km, odometer_at, created_at, removed_at)
SELECT id, lpad(id::text, 16, 'c'), (SELECT min(owner.id) FROM accounts_user AS owner), variant, '', '',
    extract(year FROM delivered), delivered, '', id, (%(today)s::date - delivered - 20) * pace,
    %(now)s::timestamptz - interval '20 days', delivered + interval '12 hours', NULL
FROM made;

INSERT INTO vehicles_odometerreading (car_id, km, read_at, source, by_id, note)
SELECT id, CASE WHEN n %% 20 = 0 AND step = 3 THEN 10 ELSE 1 END * (
        (%(today)s::date - delivered - 20 - step * 170) * pace + (n * 7 + step * 311) %% 400 * (step > 0)::int
    ), %(now)s::timestamptz - interval '20 days' - step * interval '170 days', 'owner', NULL, ''
FROM made, generate_series(0, 8) AS step;

INSERT INTO vehicles_healthentry (public_id, record_id, sequence, holder_id, facts, private, facts_hash, private_hash,
    previous_hash, hash, recorded_at, source, shop_slug, occurred_on, odometer_km, reference)
SELECT lpad((id * 10 + visit)::text, 16, 'e'), id, visit, NULL, jsonb_build_object(
        'v', 1, 'kind', 'visit', 'date', seen, 'odometer_km', km, 'vin', '', 'number', 'SC-' || id || '-' || visit,
        'shop', jsonb_build_object('slug', 'shenchi', 'name_zh', '申驰汽修', 'name_en', 'Shenchi Auto', 'city_zh', '上海',
            'city_en', 'Shanghai'),
        'checked_in_on', seen, 'settled_on', seen, 'corrects', NULL, 'fault_codes', '[]'::jsonb, 'photos', '[]'::jsonb,
        'items', (
            SELECT jsonb_agg(jsonb_build_object('service', work.key, 'measure', '', 'name_zh', work.zh, 'name_en', work.en,
                'outcome', 'done', 'labour_minutes', 40, 'advice', 'due_now',
                'parts', jsonb_build_array(jsonb_build_object('name', '原厂件', 'code', 'A 1', 'quantity', '1')),
                'warranty', jsonb_build_object('days', work.days, 'km', work.days * 33)))
            FROM (VALUES (1, 'minor_service', '小保养', 'Oil service', 30), (2, 'cabin_filter', '空调滤芯', 'Cabin filter', 30),
                (3, 'brake_fluid', '制动液', 'Brake fluid', 30), (4, 'brake_pads_front', '前刹车片', 'Front brake pads', 360)
            ) AS work (place, key, zh, en, days)
            WHERE work.place = 1 OR (visit + n) %% 4 = work.place - 1
        ),
        'measurements', (
            SELECT jsonb_agg(jsonb_build_object('point', taken.point, 'value', taken.value, 'unit', taken.unit, 'tone', ''))
            FROM (VALUES ('pad_front_left_inner', to_char(11.5 - visit * 0.9, 'FM90.0'), 'mm'),
                ('tread_front_left', to_char(7.5 - visit * 0.6, 'FM90.0'), 'mm'), ('brake_fluid_water', '1.5', '%%')
            ) AS taken (point, value, unit)
            WHERE visit > 2
        ))
    , '{}', repeat('2', 64), repeat('3', 64), repeat('4', 64), repeat('5', 64), %(now)s, 'visit', 'shenchi', seen, km, ''
FROM made, generate_series(1, 6) AS visit,
    LATERAL (SELECT %(today)s::date - (7 - visit) * 230 AS seen) AS day,
    LATERAL (SELECT (seen - delivered) * pace AS km) AS odometer;

UPDATE vehicles_healthentry SET facts = jsonb_set(facts, '{measurements}', '[]')
WHERE record_id > %(base)s AND facts->'measurements' = 'null';
