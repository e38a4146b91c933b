"""Where people wanted to read about their visits becomes a choice for each topic that went the same way."""

from django.db import migrations

TOPICS = ("visits", "money", "reviews", "shop")
CHANNELS = ("sms", "email")


def carry_over(apps, schema_editor):  # noqa: ARG001  (the signature of RunPython)
    preference = apps.get_model("notifications", "Preference")
    choice = apps.get_model("notifications", "ChannelChoice")
    rows = [
        choice(
            user_id=row.user_id,
            topic=topic,
            channel=channel,
            is_on=row.visit_channels in (channel, "both"),
            changed_at=row.changed_at,
        )
        for row in preference.objects.all()
        for topic in TOPICS
        for channel in CHANNELS
    ]
    choice.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0004_one_machine")]
    operations = [
        migrations.RunPython(carry_over, migrations.RunPython.noop, elidable=True),
        migrations.RemoveConstraint(model_name="preference", name="preference_channels_known"),
        migrations.RemoveField(model_name="preference", name="visit_channels"),
    ]
