"""How a bill compared is kept on it; what a provider said, and what was found in the books, stays."""

from django.db import migrations, models

from core.sql import append_only

BILL_LINE = """
CREATE FUNCTION payments_guard_bill_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    as_before payments_billline;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        as_before := NEW;
        as_before.transaction_id := OLD.transaction_id;
        IF as_before IS NOT DISTINCT FROM OLD AND OLD.transaction_id IS NULL THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'payments_billline is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER payments_guard_bill_line BEFORE UPDATE OR DELETE ON payments_billline
    FOR EACH ROW EXECUTE FUNCTION payments_guard_bill_line();
"""
BILL_LINE_REVERSE = """
DROP TRIGGER IF EXISTS payments_guard_bill_line ON payments_billline;
DROP FUNCTION IF EXISTS payments_guard_bill_line();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_ledger_guards"), ("core", "0001_extensions")]

    operations = [
        migrations.AddField(
            model_name="providerbill",
            name="buckets",
            field=models.JSONField(blank=True, default=dict, verbose_name="comparison"),
        ),
        migrations.AddField(
            model_name="providerbill",
            name="compared_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="compared at"),
        ),
        migrations.RunSQL(BILL_LINE, BILL_LINE_REVERSE),
        migrations.RunSQL(*append_only("payments_bookcheck")),
    ]
