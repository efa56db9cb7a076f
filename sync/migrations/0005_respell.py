"""Names that are there already are spelled as this version looks for them.

With the name without accents, and with rare readings apart from usual ones. A chunk at
a time, by key, each in a transaction of its own that holds its rows, so that no name
changes between reading and writing it, and events and logons go on meanwhile. A row
that is spelled so already is not written: doing it again goes on where it ended.
"""

from django.db import migrations, transaction

from sync.sound import spell

CHUNK = 500


def respell(apps, schema_editor):
    for model, person in (("Employee", True), ("Department", False)):
        rows = apps.get_model("sync", model).objects.only("name", "sound")
        after = 0
        while after is not None:
            after = _chunk(rows, after, person=person)


def _chunk(rows, after, *, person):
    """Spell some rows; the key of the last one, None if none was left."""
    with transaction.atomic():
        held = rows.select_for_update().filter(pk__gt=after).order_by("pk")
        chunk = list(held[:CHUNK])
        changed = []
        for row in chunk:
            spelled = spell(row.name, person=person)
            if row.sound != spelled:
                row.sound = spelled
                changed.append(row)
        rows.bulk_update(changed, ["sound"], batch_size=CHUNK // 2)
    return chunk[-1].pk if chunk else None


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sync", "0004_spell")]
    operations = [migrations.RunPython(respell, migrations.RunPython.noop)]
