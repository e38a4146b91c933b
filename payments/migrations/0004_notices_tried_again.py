from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_reconciled_bills")]

    operations = [
        migrations.RemoveIndex(model_name="providernotice", name="notice_waiting"),
        migrations.AddField(
            model_name="providernotice",
            name="next_try_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="next try at"),
        ),
        migrations.AddField(
            model_name="providernotice",
            name="tries",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="tries"),
        ),
        migrations.AddIndex(
            model_name="providernotice",
            index=models.Index(
                condition=models.Q(next_try_at__isnull=False), fields=["next_try_at"], name="notice_to_try"
            ),
        ),
        migrations.AddIndex(
            model_name="providernotice",
            index=models.Index(fields=["received_at"], name="notice_received"),
        ),
        migrations.AddConstraint(
            model_name="providernotice",
            constraint=models.UniqueConstraint(
                condition=models.Q(verdict="refused"), fields=("provider", "event_id"), name="refused_notice_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="providernotice",
            constraint=models.CheckConstraint(
                condition=models.Q(next_try_at__isnull=True)
                | models.Q(verdict="accepted", handled_at__isnull=True),
                name="notice_tried_until_handled",
            ),
        ),
    ]
