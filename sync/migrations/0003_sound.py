"""Names get their searchable sound; people one text that a search looks into.

Runs keep the sound from here on, the database keeps the text. Rows are filled a chunk at a time, by key; a row whose name
has nothing Chinese keeps the empty text, so that doing it again writes nothing.
"""

from django.db import migrations, models
from django.db.models import F, Value
from django.db.models.functions import Concat

import sync.models.directory

CHUNK = 1000


def fill(apps, schema_editor):
    # Imported late: a database without rows needs no dictionary.
    from sync.sound import spell

    for model, person in (("Employee", True), ("Department", False)):
        rows = apps.get_model("sync", model).objects.only("name", "sound")
        after = 0
        while chunk := list(rows.filter(pk__gt=after).order_by("pk")[:CHUNK]):
            after = chunk[-1].pk
            spelled = []
            for row in chunk:
                row.sound = spell(row.name, person=person)
                if row.sound:
                    spelled.append(row)
            rows.bulk_update(spelled, ["sound"], batch_size=CHUNK // 4)


def column():
    return models.CharField(blank=True, default="", editable=False, max_length=400)


def words():
    separator = Value("\x1f")
    parts = (F("name"), separator, F("title"), separator)
    return models.GeneratedField(
        db_persist=True,
        expression=sync.models.directory.Folded(
            Concat(*parts, F("job_number"), separator, F("email"))
        ),
        output_field=models.TextField(),
    )


class Migration(migrations.Migration):
    dependencies = [("sync", "0002_collation")]
    operations = [
        migrations.AddField("department", "sound", column()),
        migrations.AddField("employee", "sound", column()),
        migrations.AddField("employee", "words", words()),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
