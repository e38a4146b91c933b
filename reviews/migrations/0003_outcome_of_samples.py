from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0002_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="moderationitem",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("approved", "Approved"),
                    ("rejected", "Rejected"),
                    ("upheld", "Upheld"),
                    ("dismissed", "Dismissed"),
                    ("removed", "Removed"),
                    ("kept", "Kept"),
                    ("proposed", "Removal proposed"),
                    ("overtaken", "Overtaken by a newer version"),
                ],
                max_length=10,
                verbose_name="outcome",
            ),
        ),
        migrations.AddIndex(
            model_name="moderationitem",
            index=models.Index(
                condition=models.Q(("decided_by__isnull", False)), fields=["-decided_at"], name="item_decided"
            ),
        ),
    ]
