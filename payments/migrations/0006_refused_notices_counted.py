from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0005_dispute_words_that_can_be_erased")]

    operations = [
        migrations.AddIndex(
            model_name="providernotice",
            index=models.Index(
                condition=models.Q(verdict="refused"),
                fields=["provider", "received_at"],
                name="notice_refused_lately",
            ),
        ),
    ]
