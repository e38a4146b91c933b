"""Decisions and events stay as they are, but for the words about a person that go when their account is erased.

Of a decision that is the note and, in its place a dash, who was spoken with on the phone; of an event the name that
decisions on the phone carried. Nothing else changes in the same statement.
"""

from django.db import migrations

from core.sql import append_only

DECISION_GUARD = """
CREATE FUNCTION bookings_guard_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wordless bookings_linedecision;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        wordless := OLD;
        wordless.note := '';
        wordless.spoke_with := CASE WHEN OLD.spoke_with = '' THEN '' ELSE '—' END;
        IF NEW IS NOT DISTINCT FROM wordless THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'bookings_linedecision is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER bookings_decision_guard BEFORE UPDATE OR DELETE ON bookings_linedecision
    FOR EACH ROW EXECUTE FUNCTION bookings_guard_decision();
"""
DECISION_UNGUARD = """
DROP TRIGGER IF EXISTS bookings_decision_guard ON bookings_linedecision;
DROP FUNCTION IF EXISTS bookings_guard_decision();
"""

EVENT_GUARD = """
CREATE FUNCTION bookings_guard_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wordless bookings_bookingevent;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.kind = 'decided' THEN
        wordless := OLD;
        wordless.data := OLD.data - 'spoke_with';
        IF NEW IS NOT DISTINCT FROM wordless THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'bookings_bookingevent is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER bookings_event_guard BEFORE UPDATE OR DELETE ON bookings_bookingevent
    FOR EACH ROW EXECUTE FUNCTION bookings_guard_event();
"""
EVENT_UNGUARD = """
DROP TRIGGER IF EXISTS bookings_event_guard ON bookings_bookingevent;
DROP FUNCTION IF EXISTS bookings_guard_event();
"""


def instead_of_append_only(table: str, guard: str, unguard: str) -> list[migrations.RunSQL]:
    """Take the plain refusal off a table and put the guard in its place; undone in the other order."""
    forward, reverse = append_only(table)
    return [migrations.RunSQL(reverse, forward), migrations.RunSQL(guard, unguard)]


class Migration(migrations.Migration):
    dependencies = [("bookings", "0007_line_guards"), ("core", "0001_extensions")]

    operations = [
        *instead_of_append_only("bookings_linedecision", DECISION_GUARD, DECISION_UNGUARD),
        *instead_of_append_only("bookings_bookingevent", EVENT_GUARD, EVENT_UNGUARD),
    ]
