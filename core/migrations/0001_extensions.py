from django.contrib.postgres.operations import BtreeGistExtension, CreateExtension, TrigramExtension
from django.db import migrations

from core.sql import APPEND_ONLY_FUNCTION


class Migration(migrations.Migration):
    """What PostgreSQL must bring: exclusion constraints, search by trigram, nearest by distance. All are trusted
    extensions, so the database's owner may create them."""

    # Named from here because the apps' first migrations are generated and would forget it.
    run_before = [("vehicles", "0001_initial"), ("shops", "0001_initial"), ("bookings", "0001_initial")]
    dependencies = []

    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        CreateExtension("cube"),
        migrations.RunSQL(APPEND_ONLY_FUNCTION, "DROP FUNCTION IF EXISTS refuse_change();"),
    ]
