"""The Celery application: the doorbell, never the truth (design: the work list is in the database)."""

import os
import warnings

from celery import Celery, signals

# Before the application is made: Celery looks for it then, and without it finds no
# task and leaves database connections of finished tasks open.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sasebridge.settings")

# It fears pickled messages; this application takes JSON only.
warnings.filterwarnings("ignore", message="You're running the worker with superuser")

app = Celery("sasebridge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect
def _keep_own_logging(**_: object) -> None:
    """Settings' LOGGING stands; a receiver here keeps Celery from adding handlers."""
