"""Messages kept before links were masked (`core.secret_addresses`) lose the secrets of theirs. Not undone: there is
nothing to bring back."""

from django.db import migrations
from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import Left

# The pattern of `core.secret_addresses` as it was when this was written, in PostgreSQL's dialect.
ADDRESS = r"((?:/|%2F)(?:v|live|calendar|r|cars(?:/|%2F)take-over)(?:/|%2F))(?:[A-Za-z0-9_.:=@~-]|%(?!2F)[0-9A-F]{2})+"
MASK = "••••••"


def _masked(column):
    by = (Value(ADDRESS), Value(rf"\1{MASK}"), Value("gi"))
    return Func(F(column), *by, function="regexp_replace", output_field=TextField())


def mask_links(apps, schema_editor):
    messages = apps.get_model("notifications", "Message").objects.using(schema_editor.connection.alias)
    opening = Q(subject__iregex=ADDRESS) | Q(body__iregex=ADDRESS) | Q(error__iregex=ADDRESS)
    subject = Left(_masked("subject"), 200)
    messages.filter(opening).update(subject=subject, body=_masked("body"), error=_masked("error"))


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_message_preference")]

    operations = [migrations.RunPython(mask_links, migrations.RunPython.noop, elidable=True)]
