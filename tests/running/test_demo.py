"""`manage.py demo`, really started: a company to connect, and two accounts."""

import re
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.running.program import ENDING, Program, eventually, fetch, manage, shell

pytestmark = [pytest.mark.alone, pytest.mark.xdist_group("programs")]

LABELS = ("Administrator", "Staff", "CorpId", "AppKey", "AppSecret")

CONNECT = """
from django.utils import timezone
from identity.models import IdentityProvider
idp = IdentityProvider(kind="dingtalk", name="Demo", confirmed_at=timezone.now())
idp.settings = {{"corp_id": "{corp_id}", "app_key": "{app_key}", "dingtalk_type": "standard"}}
idp.save()
idp.set_secret("app_secret", "{app_secret}")
"""
"""What Confirm leaves behind; the due-column tick then starts the first run."""

RUNS = """
from sync.models import SyncRun
for run in SyncRun.objects.order_by("pk"):
    print(run.pk, run.state, run.departments_read)
"""
PEOPLE = "from sync.models import Employee; print(Employee.objects.count())"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Program]:
    with Program("demo", tmp_path) as program:
        program.come_up()
        yield program


def shown(demo: Program) -> dict[str, str]:
    return {label: demo.value(label) for label in LABELS}


def may_log_on(demo: Program, username: str, password: str) -> bool:
    """Whether the logon form lets these in."""
    browser = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(CookieJar())
    )
    address = f"http://127.0.0.1:{demo.port}/accounts/login/"
    with browser.open(address, timeout=10) as page:
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert token
    form = {"username": username, "password": password}
    body = urlencode(form | {"csrfmiddlewaretoken": token[1]}).encode()
    request = urllib.request.Request(address, body, {"Referer": address})
    with browser.open(request, timeout=10) as page:
        return not page.url.startswith(address)


def test_the_demo_shows_all_that_is_needed_and_goes_on_at_the_next_start(
    demo: Program,
) -> None:
    first = shown(demo)
    for name in ("Administrator", "Staff"):
        account, _, password = first[name].partition(" ")
        assert may_log_on(demo, account, password.strip())
        assert not may_log_on(demo, account, "wrong")
    simulator = demo.port + 1
    assert demo.value("The client") == f"http://localhost:{demo.port}/client/"
    assert re.fullmatch("[a-z0-9]{10}", demo.value("Enterprise ID"))
    assert demo.value("The company") == f"http://127.0.0.1:{simulator}/control"
    assert demo.value("Its events") == f"http://127.0.0.1:{simulator}/control#events"
    assert fetch(simulator, "/control")[0] == 200
    kept = demo.folder / "demo" / "accounts.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert demo.interrupt() < ENDING
    assert demo.members() == set()
    change = (
        "from identity.models import User; u = User.objects.get(username='staff'); "
    )
    shell(change + "u.set_password('a new one'); u.save()", folder=kept.parent)
    with Program("demo", demo.folder) as again:
        again.come_up()
        staff = {"Staff": "staff   (your own password)"}
        assert shown(again) == first | staff


def test_the_demo_does_not_touch_accounts_that_it_did_not_make(tmp_path: Path) -> None:
    made = "from identity.models import User; User.objects.create_superuser('admin')"
    from_elsewhere = tmp_path / "demo"
    assert manage("migrate", "-v0", folder=from_elsewhere).returncode == 0
    shell(made, folder=from_elsewhere)
    with Program("demo", tmp_path) as demo:
        assert eventually(lambda: demo.code is not None)
        assert demo.code == 1
        assert "accounts that the demo did not make" in demo.output


def test_ctrl_c_in_the_middle_of_a_sync_ends_in_time_and_loses_nothing(
    demo: Program,
) -> None:
    """The run goes back into the queue, and the next start carries it out."""
    data = demo.folder / "demo"
    values = {name: demo.value(name) for name in ("CorpId", "AppKey", "AppSecret")}
    corp_id, app_key, app_secret = values.values()
    shell(
        CONNECT.format(corp_id=corp_id, app_key=app_key, app_secret=app_secret),
        folder=data,
    )
    assert eventually(lambda: _reading(data)), shell(RUNS, folder=data)
    assert demo.interrupt() < ENDING
    assert "did not end in time" not in demo.output
    assert shell(RUNS, folder=data).split()[:2] == ["1", "queued"]
    with Program("demo", demo.folder) as again:
        again.come_up()
        assert eventually(lambda: " success " in shell(RUNS, folder=data)), again.output
        assert shell(RUNS, folder=data).split()[:2] == ["1", "success"]
        assert shell(PEOPLE, folder=data) == "2000"


def _reading(data: Path) -> bool:
    """Whether the first run is in the middle of reading."""
    words = shell(RUNS, folder=data).split()
    return words[1:2] == ["running"] and int(words[2]) > 0


@pytest.mark.services
def test_the_demo_runs_on_postgresql_and_redis_too(
    tmp_path: Path, servers: dict[str, str]
) -> None:
    with Program("demo", tmp_path, servers) as demo:
        demo.come_up()
        assert fetch(demo.port + 1, "/control")[0] == 200
        assert may_log_on(demo, "admin", demo.value("Administrator").split()[1])
        assert demo.interrupt() < ENDING
        assert demo.members() == set()
