"""The Celery application: the doorbell, never the truth (design: the work list is in the database)."""

from celery import Celery

app = Celery("sasebridge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
