"""Releases before this one kept less: not from which departments people went when theirs
was closed, nor into which new people came. No moment before now can be shown from that."""

from django.db import migrations
from django.utils import timezone


def note(apps, schema_editor):
    if apps.get_model('sync', 'Change').objects.exists():
        Enterprise = apps.get_model('identity', 'Enterprise')
        Enterprise.objects.get_or_create(pk=1)
        Enterprise.objects.filter(history_from=None).update(history_from=timezone.now())


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0014_history'),
        ('identity', '0007_history'),
    ]

    operations = [
        migrations.RunPython(note, migrations.RunPython.noop),
    ]
