from django.db import migrations

from core.sql import append_only

REMEMBER_PRICE = """
CREATE FUNCTION remember_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR (NEW.labour_fen, NEW.parts_fen, NEW.is_active)
        IS DISTINCT FROM (OLD.labour_fen, OLD.parts_fen, OLD.is_active) THEN
        INSERT INTO catalog_pricechange
            (offer_id, shop_id, service_id, scope, labour_fen, parts_fen, is_active, changed_at, changed_by_id, source)
        VALUES
            (NEW.id, NEW.shop_id, NEW.service_id, NEW.scope, NEW.labour_fen, NEW.parts_fen, NEW.is_active,
             NEW.updated_at, NEW.updated_by_id, NEW.source);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER offer_remember_price AFTER INSERT OR UPDATE ON catalog_offer
    FOR EACH ROW EXECUTE FUNCTION remember_price();
"""
FORGET = "DROP TRIGGER offer_remember_price ON catalog_offer; DROP FUNCTION remember_price();"


class Migration(migrations.Migration):
    """Every price change is kept, whoever made it and by whatever way: the database itself writes the history."""

    dependencies = [("catalog", "0001_initial"), ("core", "0001_extensions")]

    operations = [migrations.RunSQL(REMEMBER_PRICE, FORGET), migrations.RunSQL(*append_only("catalog_pricechange"))]
