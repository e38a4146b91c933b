"""What was said about a due item, and which stages are over, is never rewritten."""

from django.db import migrations

from core.sql import append_only


class Migration(migrations.Migration):
    dependencies = [("reminders", "0001_initial")]
    operations = [
        migrations.RunSQL(*append_only("reminders_dueevent", deletes=False)),
        migrations.RunSQL(*append_only("reminders_reminder", deletes=False)),
    ]
