"""Keys, paths and names sort by code point on PostgreSQL, as in Python and SQLite.

The planner merge-joins ordered streams, a subtree is a range of paths, the history of
a person a range of keys, and lists of people are paged by name; all need one order
everywhere. SQLite's default already is this order.
"""

from django.db import migrations

COLUMNS = {
    "sync_department": {"path": "text", "source_id": "varchar(64)"},
    "sync_employee": {"userid": "varchar(64)", "name": "varchar(200)"},
    "sync_change": {"key": "varchar(130)"},
}


def collate(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, columns in COLUMNS.items():
        for column, kind in columns.items():
            schema_editor.execute(
                f'ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind} COLLATE "C"'
            )


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_initial")]
    operations = [migrations.RunPython(collate, migrations.RunPython.noop)]
