from django.db import migrations

# An entry is taken only as the next link of its record's chain, whatever code writes it: its number, the hash before it
# and its own hash must be right, and its columns must say what its facts say. The record's head moves with it.
CHAIN = """
CREATE FUNCTION vehicles_entry_continues_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head record;
    expected text;
BEGIN
    SELECT entry_count, head_hash INTO head FROM vehicles_healthrecord WHERE id = NEW.record_id FOR UPDATE;
    IF NEW.sequence <> head.entry_count + 1 OR NEW.previous_hash <> head.head_hash THEN
        RAISE EXCEPTION 'entry % does not continue the chain of record %', NEW.sequence, NEW.record_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    expected := encode(sha256(convert_to(
        '{"facts_hash":"' || NEW.facts_hash || '","previous_hash":"' || NEW.previous_hash
        || '","private_hash":"' || NEW.private_hash || '","sequence":' || NEW.sequence || '}', 'UTF8')), 'hex');
    IF NEW.hash <> expected THEN
        RAISE EXCEPTION 'the hash of entry % of record % is wrong', NEW.sequence, NEW.record_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.occurred_on::text <> NEW.facts->>'date'
        OR NEW.odometer_km IS DISTINCT FROM (NEW.facts->>'odometer_km')::integer
        OR NEW.shop_slug <> coalesce(NEW.facts->'shop'->>'slug', '') THEN
        RAISE EXCEPTION 'the columns of entry % of record % differ from its facts', NEW.sequence, NEW.record_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    UPDATE vehicles_healthrecord SET entry_count = NEW.sequence, head_hash = NEW.hash WHERE id = NEW.record_id;
    RETURN NEW;
END $$;
CREATE TRIGGER vehicles_healthentry_chain BEFORE INSERT ON vehicles_healthentry
    FOR EACH ROW EXECUTE FUNCTION vehicles_entry_continues_chain();
"""
NO_CHAIN = """
DROP TRIGGER IF EXISTS vehicles_healthentry_chain ON vehicles_healthentry;
DROP FUNCTION IF EXISTS vehicles_entry_continues_chain();
"""

# The only change to an entry: a person's part goes (private) and whose it was is forgotten (holder).
ERASE_ONLY = """
CREATE FUNCTION vehicles_entry_only_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'private' - 'holder_id' <> to_jsonb(OLD) - 'private' - 'holder_id'
        OR (NEW.private IS NOT NULL AND NEW.private IS DISTINCT FROM OLD.private)
        OR (NEW.holder_id IS NOT NULL AND NEW.holder_id IS DISTINCT FROM OLD.holder_id) THEN
        RAISE EXCEPTION 'vehicles_healthentry is append-only: only a private part can be erased'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vehicles_healthentry_erase_only BEFORE UPDATE ON vehicles_healthentry
    FOR EACH ROW EXECUTE FUNCTION vehicles_entry_only_erased();
CREATE TRIGGER vehicles_healthentry_no_delete BEFORE DELETE ON vehicles_healthentry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
NO_ERASE_ONLY = """
DROP TRIGGER IF EXISTS vehicles_healthentry_no_delete ON vehicles_healthentry;
DROP TRIGGER IF EXISTS vehicles_healthentry_erase_only ON vehicles_healthentry;
DROP FUNCTION IF EXISTS vehicles_entry_only_erased();
"""

# A record starts without entries, and its head is moved by the entries' trigger alone.
HEAD = """
CREATE FUNCTION vehicles_record_head_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.entry_count <> 0 THEN
        RAISE EXCEPTION 'a record starts without entries' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND pg_trigger_depth() < 2
        AND (NEW.entry_count <> OLD.entry_count OR NEW.head_hash <> OLD.head_hash) THEN
        RAISE EXCEPTION 'the head of a record moves with its entries only' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER vehicles_healthrecord_head BEFORE INSERT OR UPDATE ON vehicles_healthrecord
    FOR EACH ROW EXECUTE FUNCTION vehicles_record_head_kept();
"""
NO_HEAD = """
DROP TRIGGER IF EXISTS vehicles_healthrecord_head ON vehicles_healthrecord;
DROP FUNCTION IF EXISTS vehicles_record_head_kept();
"""


class Migration(migrations.Migration):
    dependencies = [("vehicles", "0003_health_record"), ("core", "0001_extensions")]

    operations = [
        migrations.RunSQL(CHAIN, NO_CHAIN),
        migrations.RunSQL(ERASE_ONLY, NO_ERASE_ONLY),
        migrations.RunSQL(HEAD, NO_HEAD),
    ]
