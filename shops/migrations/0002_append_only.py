from django.db import migrations

from core.sql import append_only


class Migration(migrations.Migration):
    dependencies = [("shops", "0001_initial"), ("core", "0001_extensions")]

    operations = [migrations.RunSQL(*append_only("shops_shopchange"))]
