"""Nothing unapproved is done or charged, whatever program writes; and what was said is kept."""

from django.db import migrations

from core.sql import append_only

LINE_GUARD = """
CREATE FUNCTION bookings_guard_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said text;
    bill integer;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'proposed' THEN
            RAISE EXCEPTION 'a line begins as a proposal' USING ERRCODE = 'check_violation';
        END IF;
    ELSIF NEW.version <> OLD.version AND NEW.state <> 'proposed' THEN
        RAISE EXCEPTION 'a changed line is a proposal again' USING ERRCODE = 'check_violation';
    ELSIF NEW.booking_id <> OLD.booking_id THEN
        RAISE EXCEPTION 'a line stays in its visit' USING ERRCODE = 'check_violation';
    ELSIF NEW.state = OLD.state AND NEW.version = OLD.version THEN
        RETURN NEW;
    END IF;
    -- The visit cannot be billed by somebody else while its lines change.
    SELECT final_fen INTO bill FROM bookings_booking WHERE id = NEW.booking_id FOR SHARE;
    IF bill IS NOT NULL THEN
        RAISE EXCEPTION 'the visit is billed' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state IN ('approved', 'done') THEN
        SELECT decision INTO said FROM bookings_linedecision
            WHERE line_id = NEW.id AND version = NEW.version ORDER BY id DESC LIMIT 1;
        IF said IS DISTINCT FROM 'approve' THEN
            RAISE EXCEPTION 'the owner has not approved this version' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bookings_line_guard BEFORE INSERT OR UPDATE ON bookings_line
    FOR EACH ROW EXECUTE FUNCTION bookings_guard_line();
"""
LINE_UNGUARD = """
DROP TRIGGER IF EXISTS bookings_line_guard ON bookings_line;
DROP FUNCTION IF EXISTS bookings_guard_line();
"""

BILL_GUARD = """
CREATE FUNCTION bookings_guard_bill() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    due bigint;
BEGIN
    SELECT coalesce(sum(v.labour_fen + v.parts_fen - v.discount_fen), 0) INTO due
        FROM bookings_line l JOIN bookings_lineversion v ON v.line_id = l.id AND v.number = l.version
        WHERE l.booking_id = NEW.id AND l.state = 'done';
    IF NEW.final_fen <> due THEN
        RAISE EXCEPTION 'the bill is not the sum of what was done' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bookings_bill_guard BEFORE INSERT OR UPDATE OF final_fen ON bookings_booking
    FOR EACH ROW WHEN (NEW.final_fen IS NOT NULL) EXECUTE FUNCTION bookings_guard_bill();
"""
BILL_UNGUARD = """
DROP TRIGGER IF EXISTS bookings_bill_guard ON bookings_booking;
DROP FUNCTION IF EXISTS bookings_guard_bill();
"""

# What was said stays; only its words go when the person's account is erased.
MESSAGE_GUARD = """
CREATE FUNCTION bookings_guard_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.text = '' AND (NEW.id, NEW.booking_id, NEW.at, NEW.is_from_owner)
            = (OLD.id, OLD.booking_id, OLD.at, OLD.is_from_owner) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'bookings_visitmessage is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER bookings_message_guard BEFORE UPDATE OR DELETE ON bookings_visitmessage
    FOR EACH ROW EXECUTE FUNCTION bookings_guard_message();
"""
MESSAGE_UNGUARD = """
DROP TRIGGER IF EXISTS bookings_message_guard ON bookings_visitmessage;
DROP FUNCTION IF EXISTS bookings_guard_message();
"""


class Migration(migrations.Migration):
    dependencies = [("bookings", "0006_lines_of_open_visits"), ("core", "0001_extensions")]

    operations = [
        migrations.RunSQL(LINE_GUARD, LINE_UNGUARD),
        migrations.RunSQL(BILL_GUARD, BILL_UNGUARD),
        migrations.RunSQL(MESSAGE_GUARD, MESSAGE_UNGUARD),
        migrations.RunSQL(*append_only("bookings_lineversion")),
        migrations.RunSQL(*append_only("bookings_linedecision")),
        migrations.RunSQL(*append_only("bookings_qualitycheck")),
    ]
