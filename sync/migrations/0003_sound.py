"""Names get their searchable sound; people one text that a search looks into.

Runs keep the sound from here on, the database keeps the text. The database knows the
sound's default too, so that a worker of the version before goes on writing rows.
"""

from django.db import migrations, models
from django.db.models import F, Value
from django.db.models.functions import Concat

import sync.models.directory


def column():
    return models.CharField(
        blank=True, db_default="", default="", editable=False, max_length=400
    )


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
    ]
