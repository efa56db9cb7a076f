"""What a trial with processes of its own stands on: an environment, a simulated DingTalk
on a port, and an IdP that is connected to it."""

import threading
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from identity.connectors.dingtalk.simulator import serving
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.pusher import Subscription
from identity.models import IdentityProvider
from tests.events.sender import KEY, TOKEN
from tests.running.program import environment, free_port


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    """An environment with free ports for the simulator, whatever else in it."""
    base = f"http://127.0.0.1:{free_port()}"
    names = {"OAPI": "oapi", "API": "api", "LOGIN": "login"}
    apis = {f"DINGTALK_{name}_URL": f"{base}/{path}" for name, path in names.items()}
    return environment(folder, **apis, **more)


def company(people: int, departments: int) -> Simulator:
    """A simulated DingTalk at the address that the settings name; it refuses nothing."""
    simulator = serving.build(people, departments, rate=0)
    server = serving.listen(simulator, urlsplit(settings.DINGTALK_OAPI_URL).port or 0)
    threading.Thread(target=server.run, daemon=True).start()
    return simulator


def connected(simulator: Simulator) -> IdentityProvider:
    """A confirmed IdP that knows the simulator; its guard lets everything pass."""
    given = asdict(simulator.credentials)
    secret = given.pop("app_secret")
    idp = IdentityProvider.objects.create(
        kind="dingtalk",
        name="Example",
        settings=given | {"dingtalk_type": "standard"},
        confirmed_at=timezone.now(),
        guard_people_percent=100,
        guard_departments_percent=100,
    )
    for name, value in (("app_secret", secret), ("aes_key", KEY), ("token", TOKEN)):
        idp.set_secret(name, value)
    idp.schedule(timezone.now())  # a whole cycle from now
    idp.save()
    return idp


def subscribed(idp: IdentityProvider, port: int) -> Subscription:
    """What DingTalk's console holds of an IdP that is served on a port."""
    address = f"http://127.0.0.1:{port}/events/{idp.kind}/{idp.pk}/"
    return Subscription(address, TOKEN, KEY)
