"""What was agreed, paid, said and found stays as it is, but for what each guard says."""

from django.db import migrations

from core.sql import append_only

# What a payment is, and that it was paid, stays; a late word never makes it less than it was.
PAYMENT = """
CREATE FUNCTION payments_payment_rank(status text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE status WHEN 'created' THEN 0 WHEN 'pending' THEN 1 WHEN 'closed' THEN 2 WHEN 'paid' THEN 3 END
$$;
CREATE FUNCTION payments_guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'payments are kept' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.order_id, NEW.provider, NEW.amount_fen, NEW.currency, NEW.request_no)
        IS DISTINCT FROM (OLD.order_id, OLD.provider, OLD.amount_fen, OLD.currency, OLD.request_no) THEN
        RAISE EXCEPTION 'a payment stays what it was asked for' USING ERRCODE = 'restrict_violation';
    END IF;
    IF payments_payment_rank(NEW.status) < payments_payment_rank(OLD.status) THEN
        RAISE EXCEPTION 'a payment never falls back from % to %', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.status = 'paid' AND NEW.paid_at IS DISTINCT FROM OLD.paid_at THEN
        RAISE EXCEPTION 'when it was paid stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payments_guard_payment BEFORE UPDATE OR DELETE ON payments_payment
    FOR EACH ROW EXECUTE FUNCTION payments_guard_payment();
"""
PAYMENT_REVERSE = """
DROP TRIGGER IF EXISTS payments_guard_payment ON payments_payment;
DROP FUNCTION IF EXISTS payments_guard_payment();
DROP FUNCTION IF EXISTS payments_payment_rank(text);
"""

# A line of a statement stays; only the payout that covers it is written down, and taken off when it came back.
STATEMENT_LINE = """
CREATE FUNCTION payments_guard_statement_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    as_before payments_statementline;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        as_before := NEW;
        as_before.payout_id := OLD.payout_id;
        IF as_before IS NOT DISTINCT FROM OLD AND (OLD.payout_id IS NULL OR NEW.payout_id IS NULL) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'payments_statementline is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER payments_guard_statement_line BEFORE UPDATE OR DELETE ON payments_statementline
    FOR EACH ROW EXECUTE FUNCTION payments_guard_statement_line();
"""
STATEMENT_LINE_REVERSE = """
DROP TRIGGER IF EXISTS payments_guard_statement_line ON payments_statementline;
DROP FUNCTION IF EXISTS payments_guard_statement_line();
"""

# The price of a closed order stays; what is given back of a line grows.
ORDER_LINE = """
CREATE FUNCTION payments_guard_order_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    as_before payments_orderline;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        as_before := NEW;
        as_before.refunded_fen := OLD.refunded_fen;
        IF as_before IS NOT DISTINCT FROM OLD AND NEW.refunded_fen >= OLD.refunded_fen THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a line of a closed order stays' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER payments_guard_order_line BEFORE UPDATE OR DELETE ON payments_orderline
    FOR EACH ROW EXECUTE FUNCTION payments_guard_order_line();
"""
ORDER_LINE_REVERSE = """
DROP TRIGGER IF EXISTS payments_guard_order_line ON payments_orderline;
DROP FUNCTION IF EXISTS payments_guard_order_line();
"""

# What a provider said stays; only the transaction that took it into our books is written down.
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

# The record of a dispute stays, but for the owner's words, which go when their account is erased.
DISPUTE_EVENT = """
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
DISPUTE_EVENT_REVERSE = """
DROP TRIGGER IF EXISTS payments_guard_dispute_event ON payments_disputeevent;
DROP FUNCTION IF EXISTS payments_guard_dispute_event();
"""

_KEPT = ("payments_feeschedule", "payments_feerule", "payments_statement", "payments_bookcheck")


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_ledger_guards"), ("core", "0001_extensions")]

    operations = [
        migrations.RunSQL(PAYMENT, PAYMENT_REVERSE),
        migrations.RunSQL(STATEMENT_LINE, STATEMENT_LINE_REVERSE),
        migrations.RunSQL(ORDER_LINE, ORDER_LINE_REVERSE),
        migrations.RunSQL(BILL_LINE, BILL_LINE_REVERSE),
        migrations.RunSQL(DISPUTE_EVENT, DISPUTE_EVENT_REVERSE),
        *(migrations.RunSQL(*append_only(table)) for table in _KEPT),
    ]
