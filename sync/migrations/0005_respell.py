"""Names that are there already are spelled as this version looks for them.

With the name without accents, and with rare readings apart from usual ones. A chunk at
a time, by key: spelled without a lock, then written in a short transaction, a row only
if its name is still the one that was read, so that events and logons go on meanwhile.
A row that is spelled so already is not written: doing it again goes on where it ended.
Workers of the version before are stopped by then (README): what they write behind the
walk would keep their spelling until that name changes.
"""

from django.db import migrations, transaction

from sync.sound import spell

CHUNK = 100


def respell(apps, schema_editor):
    for model, person in (("Employee", True), ("Department", False)):
        rows = apps.get_model("sync", model).objects
        after = 0
        while after is not None:
            after = _chunk(rows, after, person=person)


def _chunk(rows, after, *, person):
    """Spell some rows; the key of the last one, None if none was left."""
    found = rows.filter(pk__gt=after).order_by("pk").values_list("pk", "name", "sound")
    chunk = [(*row, spell(row[1], person=person)) for row in found[:CHUNK]]
    with transaction.atomic():
        for pk, name, sound, spelled in chunk:
            if sound != spelled:
                rows.filter(pk=pk, name=name).update(sound=spelled)
    return chunk[-1][0] if chunk else None


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sync", "0004_spell")]
    operations = [migrations.RunPython(respell, migrations.RunPython.noop)]
