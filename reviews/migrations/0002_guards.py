"""What was written stays as it was written, and nothing published goes without two people.

Words go, and only words, when the account of who wrote them is erased.
"""

from django.db import migrations

from core.sql import append_only

WORDS = """
CREATE FUNCTION reviews_guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    same reviews_reviewversion;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        same := NEW;
        same.status := OLD.status;
        same.decided_at := OLD.decided_at;
        same.risk := OLD.risk;
        same.masks := OLD.masks;
        IF NEW.text = '' THEN
            same.text := OLD.text;
        END IF;
        IF same IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'reviews_reviewversion keeps what was written' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER reviews_version_guard BEFORE UPDATE OR DELETE ON reviews_reviewversion
    FOR EACH ROW EXECUTE FUNCTION reviews_guard_version();

CREATE FUNCTION reviews_guard_reply() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.text IN (OLD.text, '') AND NEW.review_id = OLD.review_id
        AND NEW.number = OLD.number AND NEW.written_at = OLD.written_at THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'reviews_reply keeps what was written' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER reviews_reply_guard BEFORE UPDATE OR DELETE ON reviews_reply
    FOR EACH ROW EXECUTE FUNCTION reviews_guard_reply();

-- Until somebody has decided, an appeal may be settled and waits again (a decision was undone); then it stands.
CREATE FUNCTION reviews_guard_appeal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    same reviews_appeal;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        same := NEW;
        IF OLD.decided_by_id IS NULL THEN
            same.status := OLD.status;
            same.decided_by_id := OLD.decided_by_id;
            same.decided_at := OLD.decided_at;
        END IF;
        IF NEW.text = '' THEN
            same.text := OLD.text;
        END IF;
        IF NEW.answer = '' OR (OLD.answer = '' AND OLD.decided_by_id IS NULL) THEN
            same.answer := OLD.answer;
        END IF;
        IF same IS NOT DISTINCT FROM OLD THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'reviews_appeal keeps what was written' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER reviews_appeal_guard BEFORE UPDATE OR DELETE ON reviews_appeal
    FOR EACH ROW EXECUTE FUNCTION reviews_guard_appeal();

CREATE FUNCTION reviews_guard_follow_up_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wordless reviews_followupevent;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        wordless := OLD;
        wordless.text := '';
        IF NEW IS NOT DISTINCT FROM wordless THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'reviews_followupevent is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER reviews_follow_up_event_guard BEFORE UPDATE OR DELETE ON reviews_followupevent
    FOR EACH ROW EXECUTE FUNCTION reviews_guard_follow_up_event();
"""
NO_WORDS = """
DROP TRIGGER IF EXISTS reviews_version_guard ON reviews_reviewversion;
DROP FUNCTION IF EXISTS reviews_guard_version();
DROP TRIGGER IF EXISTS reviews_reply_guard ON reviews_reply;
DROP FUNCTION IF EXISTS reviews_guard_reply();
DROP TRIGGER IF EXISTS reviews_appeal_guard ON reviews_appeal;
DROP FUNCTION IF EXISTS reviews_guard_appeal();
DROP TRIGGER IF EXISTS reviews_follow_up_event_guard ON reviews_followupevent;
DROP FUNCTION IF EXISTS reviews_guard_follow_up_event();
"""

TWO_PEOPLE = """
CREATE FUNCTION reviews_guard_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM reviews_removal
        WHERE review_id = NEW.id AND status = 'removed' AND decided_by_id <> proposed_by_id
    ) THEN
        RAISE EXCEPTION 'a review is removed by two people' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reviews_removal_guard BEFORE UPDATE OF status ON reviews_review
    FOR EACH ROW WHEN (NEW.status = 'removed' AND OLD.status <> 'removed')
    EXECUTE FUNCTION reviews_guard_removal();
"""
ONE_PERSON = """
DROP TRIGGER IF EXISTS reviews_removal_guard ON reviews_review;
DROP FUNCTION IF EXISTS reviews_guard_removal();
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_initial"), ("bookings", "0002_append_only")]

    operations = [
        migrations.RunSQL(*append_only("reviews_moderationevent")),
        migrations.RunSQL(*append_only("reviews_moderationpolicy")),
        migrations.RunSQL(WORDS, NO_WORDS),
        migrations.RunSQL(TWO_PEOPLE, ONE_PERSON),
    ]
