"""Who holds which push connection, and what becomes of what comes over it."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Event
from identity.models import IdentityProvider
from sync import catchup, streams, tasks
from sync.models import AccessCut, CatchUp, InboxEvent, StreamState, SyncRun
from tests import builders
from tests.running.program import ROOT, environment, eventually, shell

pytestmark = pytest.mark.django_db(transaction=True)

SOON = 10.0
LEFT = Event("user_leave_org", ("u1",))


@pytest.fixture
def streaming(idp: IdentityProvider) -> IdentityProvider:
    """An IdP that chose stream mode."""
    idp.settings |= {"push_method": "stream"}
    idp.save()
    return idp


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def keeper(streaming: IdentityProvider, said: list[str]) -> Iterator[streams.Keeper]:
    """One that holds the IdP's connection."""
    keeper = streams.Keeper(say=said.append)
    keeper.tend()
    assert eventually(lambda: state(streaming).up, within=SOON), said
    yield keeper
    keeper.end()


def state(idp: IdentityProvider) -> StreamState:
    return StreamState.of(idp)


def gone(simulator: Simulator) -> bool:
    return eventually(lambda: simulator.stream.connections == 0, within=SOON)


def test_F60_an_event_is_kept_once_before_dingtalk_hears_success(
    keeper: streams.Keeper, streaming: IdentityProvider, simulator: Simulator
) -> None:
    person = builders.employee(streaming, "u1")
    simulator.stream.push(LEFT, copies=3)
    assert eventually(lambda: len(simulator.stream.log) == 3, within=SOON)
    assert {why for _kind, why in simulator.stream.log} == {"SUCCESS"}
    row = InboxEvent.objects.get()
    assert (row.name, row.userids, row.copies) == ("user_leave_org", ["u1"], 3)
    assert (row.way, row.late) == (InboxEvent.Way.STREAM, False)
    assert "u1" in row.reveal()
    assert AccessCut.objects.get().employee_id == person.pk


def test_F63_unknown_events_are_kept_as_ignored(
    keeper: streams.Keeper, simulator: Simulator
) -> None:
    simulator.stream.push(Event("chat_update_title"))
    simulator.stream.push(Event("org_change"))
    assert eventually(lambda: InboxEvent.objects.count() == 2, within=SOON)
    rows = set(InboxEvent.objects.values_list("name", "state", "outcome"))
    assert rows == {
        ("chat_update_title", "ignored", "unknown"),
        ("org_change", "ignored", "unknown"),
    }


def test_what_cannot_be_kept_is_not_taken(
    keeper: streams.Keeper, streaming: IdentityProvider, simulator: Simulator
) -> None:
    simulator.stream.gaps = ()
    IdentityProvider.objects.filter(pk=streaming.pk).delete()
    simulator.stream.push(LEFT)
    assert eventually(lambda: simulator.stream.log, within=SOON)
    assert simulator.stream.log == [("user_leave_org", "LATER")]
    assert simulator.failed.items


@pytest.mark.parametrize(
    "change",
    [
        {"status": "closed"},
        {"settings": {"push_method": "http"}},
        {"confirmed_at": None},
    ],
    ids=["closed", "http", "draft"],
)
def test_an_idp_that_streams_no_longer_loses_its_connection(
    keeper: streams.Keeper,
    streaming: IdentityProvider,
    simulator: Simulator,
    said: list[str],
    change: dict[str, Any],
) -> None:
    IdentityProvider.objects.filter(pk=streaming.pk).update(**change)
    keeper.tend()
    assert gone(simulator)
    assert eventually(lambda: not state(streaming).up, within=SOON)
    assert said == [f"{streaming}: connected", f"{streaming}: closed"]


def test_an_idp_that_is_deleted_loses_its_connection(
    keeper: streams.Keeper, streaming: IdentityProvider, simulator: Simulator
) -> None:
    IdentityProvider.objects.filter(pk=streaming.pk).delete()
    keeper.tend()
    assert gone(simulator)


def test_other_credentials_are_noticed_and_what_is_wrong_with_them_is_kept(
    keeper: streams.Keeper, streaming: IdentityProvider, simulator: Simulator
) -> None:
    streaming.set_secret("app_secret", "wrong-secret")
    keeper.tend()
    assert gone(simulator)

    def refused() -> bool:
        keeper.tend()
        return state(streaming).error_code == "authFailed"

    assert eventually(refused, within=SOON)
    assert not state(streaming).up
    assert state(streaming).held
    assert state(streaming).connected_at


def test_what_changes_nothing_keeps_the_connection(
    keeper: streams.Keeper, streaming: IdentityProvider, simulator: Simulator
) -> None:
    streaming.description = "new"
    streaming.save()
    streaming.set_secret("token", "new-token")
    keeper.tend()
    keeper.tend()
    assert not eventually(lambda: simulator.stream.connections != 1, within=0.4)


def test_a_secret_that_cannot_be_read_is_said(
    streaming: IdentityProvider, said: list[str]
) -> None:
    streaming.secrets.update(sealed="broken")
    keeper = streams.Keeper(say=said.append)
    keeper.tend()
    assert eventually(lambda: state(streaming).error_code == "secret", within=SOON)
    keeper.end()
    assert "cannot be read" in said[0]


def test_only_idps_that_work_and_chose_it_are_held(idp: IdentityProvider) -> None:
    assert streams.chosen() == []
    idp.settings |= {"push_method": "stream"}
    idp.save()
    assert streams.chosen() == [idp]
    assert streams.chosen(idp.pk) == [idp]
    other = builders.idp("Other")
    assert streams.chosen(other.pk) == []


def test_it_runs_until_it_is_told_and_closes_what_it_holds(
    streaming: IdentityProvider, simulator: Simulator
) -> None:
    stopping = threading.Event()
    thread = threading.Thread(target=streams.Keeper().run, args=(stopping,))
    thread.start()
    assert eventually(lambda: state(streaming).up, within=SOON)
    stopping.set()
    thread.join(3)
    assert not thread.is_alive()
    assert gone(simulator)
    assert not state(streaming).stands


def test_the_overview_says_how_it_stands(
    console: Client, streaming: IdentityProvider
) -> None:
    address = reverse("console:overview", args=[streaming.pk])
    now = timezone.now()

    def shown(**values: Any) -> str:
        StreamState.objects.update_or_create(idp=streaming, defaults=values)
        return str(console.get(address).content.decode())

    assert "nobody holds it" in console.get(address).content.decode()
    up = shown(stands=True, connected_at=now, seen_at=now)
    assert "connected since" in up
    assert "Stream Mode" in up
    old = now - timedelta(minutes=5)
    assert "nobody holds it" in shown(stands=True, seen_at=old)
    cause = "DingTalk does not accept <AppKey>."
    failed = shown(stands=False, seen_at=now, error_cause=cause)
    assert "not connected: DingTalk does not accept &lt;AppKey&gt;." in failed
    streaming.settings |= {"push_method": "http"}
    streaming.save()
    assert "nobody holds it" not in console.get(address).content.decode()


def begin_again(idp: IdentityProvider, **before: Any) -> CatchUp | None:
    """Connect after somebody left the state like this; what is to be caught up."""
    now = timezone.now()
    values = {"connected_at": now, "seen_at": now} | before
    StreamState.objects.create(idp=idp, **values)
    said: list[str] = []
    keeper = streams.Keeper(say=said.append)
    keeper.tend()
    assert eventually(lambda: said, within=SOON)
    keeper.end()
    assert said == [f"{idp}: connected", f"{idp}: closed"]
    return CatchUp.objects.filter(idp=idp).first()


@pytest.mark.parametrize(
    "before",
    [
        {"stands": True, "seen_at": timezone.now() - timedelta(minutes=4)},
        {"stands": False, "seen_at": timezone.now() - timedelta(minutes=4)},
        {"stands": False, "error_code": "timeout"},
    ],
    ids=["killed", "ended", "failing"],
)
def test_F75_after_an_outage_of_the_connection_a_full_run_follows(
    streaming: IdentityProvider, before: dict[str, Any]
) -> None:
    """What DingTalk sent meanwhile and gave up comes no more by itself."""
    stored = begin_again(streaming, **before)
    assert stored is not None
    assert stored.owed
    assert catchup.due() == [streaming.pk]
    tasks.catch_up(str(streaming.pk))
    assert SyncRun.objects.get().trigger == SyncRun.Trigger.EVENT
    stored.refresh_from_db()
    assert not stored.owed


def test_a_short_gap_needs_no_full_run(streaming: IdentityProvider) -> None:
    """DingTalk sends again what had no reply."""
    seen_at = timezone.now() - timedelta(minutes=1)
    assert begin_again(streaming, stands=True, seen_at=seen_at) is None


def test_what_the_connection_did_not_take_is_fetched_from_the_list(
    keeper: streams.Keeper, streaming: IdentityProvider, simulator: Simulator
) -> None:
    simulator.failed.add(LEFT, int(timezone.now().timestamp() * 1000) - 600_000)
    tasks.catch_up(str(streaming.pk))
    assert InboxEvent.objects.get().way == InboxEvent.Way.FAILED


def test_nobody_of_that_name_is_wrong_use() -> None:
    with pytest.raises(CommandError) as caught:
        call_command("stream", "Nowhere")
    assert caught.value.returncode == 2


CONNECT = """
from django.core.management import call_command
from django.utils import timezone
from identity.models import IdentityProvider
call_command("migrate", verbosity=0)
idp = IdentityProvider(kind="dingtalk", name="HQ", confirmed_at=timezone.now())
idp.settings = {plain!r}
idp.save()
idp.set_secret("app_secret", {secret!r})
"""
KEPT = "from sync.models import InboxEvent; print(InboxEvent.objects.get().name)"


@pytest.mark.alone
def test_the_command_holds_the_connection_until_a_signal(
    tmp_path: Path, on_a_port: Simulator, credentials: dict[str, str], settings: Any
) -> None:
    """A program of its own, with sockets only; `up` runs the same."""
    secret = credentials.pop("app_secret")
    plain = credentials | {"push_method": "stream"}
    shell(CONNECT.format(plain=plain, secret=secret), folder=tmp_path)
    process = subprocess.Popen(
        [sys.executable, "manage.py", "stream", "hq"],
        cwd=ROOT,
        env=environment(tmp_path, DINGTALK_API_URL=settings.DINGTALK_API_URL),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "HQ: connected\n"
        on_a_port.stream.push(LEFT)
        assert eventually(lambda: on_a_port.stream.log, within=SOON)
        process.send_signal(signal.SIGTERM)
        rest, _none = process.communicate(timeout=5)
        assert rest == "HQ: closed\nEnded.\n"
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()
    assert gone(on_a_port)
    assert on_a_port.stream.log == [("user_leave_org", "SUCCESS")]
    assert shell(KEPT, folder=tmp_path) == "user_leave_org"
