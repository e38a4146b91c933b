"""The record of a dispute stays as it is, but for the words of a person that go when their account is erased."""

from django.db import migrations

from core.sql import append_only

GUARD = """
CREATE FUNCTION payments_guard_dispute_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wordless payments_disputeevent;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.role = 'owner' THEN
        wordless := OLD;
        wordless.text := '';
        IF NEW IS NOT DISTINCT FROM wordless THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'payments_disputeevent is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER payments_guard_dispute_event BEFORE UPDATE OR DELETE ON payments_disputeevent
    FOR EACH ROW EXECUTE FUNCTION payments_guard_dispute_event();
"""
UNGUARD = """
DROP TRIGGER IF EXISTS payments_guard_dispute_event ON payments_disputeevent;
DROP FUNCTION IF EXISTS payments_guard_dispute_event();
"""
_KEPT, _FREE = append_only("payments_disputeevent")


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_notices_tried_again")]

    operations = [migrations.RunSQL(_FREE, _KEPT), migrations.RunSQL(GUARD, UNGUARD)]
