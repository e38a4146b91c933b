"""A removal lets a review go once: after an appeal was upheld it takes two people again. And what is published is never
simply rejected."""

from django.db import migrations

_BEFORE = """
CREATE OR REPLACE FUNCTION reviews_guard_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM reviews_removal
        WHERE review_id = NEW.id AND status = 'removed' AND decided_by_id <> proposed_by_id
    ) THEN
        RAISE EXCEPTION 'a review is removed by two people' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER reviews_removal_guard ON reviews_review;
CREATE TRIGGER reviews_removal_guard BEFORE UPDATE OF status ON reviews_review
    FOR EACH ROW WHEN (NEW.status = 'removed' AND OLD.status <> 'removed')
    EXECUTE FUNCTION reviews_guard_removal();
"""
# A version can be removed again after its author's appeal was upheld, by a removal decided later than that.
_NOW = """
CREATE OR REPLACE FUNCTION reviews_guard_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'rejected' OR NOT EXISTS (
        SELECT FROM reviews_removal AS removal
        WHERE removal.review_id = NEW.id AND removal.version_id = OLD.shown_id
            AND removal.status = 'removed' AND removal.decided_by_id <> removal.proposed_by_id
            AND removal.decided_at >= ALL (
                SELECT appeal.decided_at FROM reviews_appeal AS appeal
                WHERE appeal.version_id = OLD.shown_id AND appeal.side = 'author' AND appeal.status = 'upheld'
            )
    ) THEN
        RAISE EXCEPTION 'a review is removed by two people' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER reviews_removal_guard ON reviews_review;
CREATE TRIGGER reviews_removal_guard BEFORE UPDATE OF status ON reviews_review
    FOR EACH ROW WHEN (
        (NEW.status = 'removed' AND OLD.status <> 'removed') OR (NEW.status = 'rejected' AND OLD.status = 'published')
    )
    EXECUTE FUNCTION reviews_guard_removal();
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0002_guards")]

    operations = [migrations.RunSQL(_NOW, _BEFORE)]
