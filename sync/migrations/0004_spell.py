"""Names that are there already get their sound.

A chunk at a time, by key, each in a transaction of its own: events and logons go on
meanwhile. A row whose name has nothing Chinese keeps the empty text, so that doing it
again, after an interruption, writes nothing twice.
"""

from django.db import migrations

from sync.sound import spell

CHUNK = 1000


def fill(apps, schema_editor):
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


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sync", "0003_sound")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
