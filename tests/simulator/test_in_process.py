"""The adapter and the fixtures with which everybody else tests."""

import threading
from typing import Any

import pytest
import requests
from django.utils.module_loading import import_string

from identity.connectors.dingtalk.simulator import effects
from identity.connectors.dingtalk.simulator.adapter import WsgiAdapter
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.models import IdentityProvider
from tests.plugins.simulated import MakeSimulator
from tests.simulator.conftest import API, OAPI, Caller


def test_many_threads_share_one_simulator_and_one_token(
    simulator: Simulator, caller: Caller
) -> None:
    tokens: list[str] = []
    wrong: list[Any] = []

    def work(number: int) -> None:
        own = Caller(simulator)
        tokens.append(own.token())
        company = simulator.company
        person = company.hire(f"P{number}", 501001)
        found = {item["userid"] for item in own.members(501001, size=4)}
        company.let_go(person.userid)
        if person.userid not in found:
            wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tokens)) == 1
    assert len(tokens) == 8
    assert len(simulator.company.people) == 40
    assert simulator.calls["/v1.0/oauth2/accessToken"] >= 8


def test_latency_is_real_up_to_the_callers_limit(
    simulator: Simulator, caller: Caller
) -> None:
    simulator.latency = 0.05
    answer = caller.session.get(f"{OAPI}/gettoken", timeout=1)
    assert answer.elapsed.total_seconds() >= 0.05
    simulator.latency = 30
    with pytest.raises(requests.ReadTimeout):
        caller.session.get(f"{OAPI}/gettoken", timeout=1)


def test_answers_carry_a_date_and_a_length_as_a_servers_do(caller: Caller) -> None:
    answer = caller.session.get(OAPI)
    assert answer.headers["Date"].endswith("GMT")
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.status_code == 200


def test_the_caller_has_an_address_that_can_be_chosen(simulator: Simulator) -> None:
    simulator.allowed_addresses = {"198.51.100.7"}
    session = requests.Session()
    session.mount("https://", WsgiAdapter(simulator, address="198.51.100.7"))
    token = {"access_token": simulator.issue_app_token().value}
    answer = session.get(f"{OAPI}/auth/scopes", params=token).json()
    assert answer["errcode"] == 0


def test_a_fault_of_one_host_leaves_the_other_alone(
    simulator: Simulator, caller: Caller
) -> None:
    simulator.faults.add(effects.broken("dns"), host="api")
    with pytest.raises(requests.ConnectionError):
        caller.session.post(f"{API}/v1.0/oauth2/accessToken")
    assert caller.session.get(f"{OAPI}/gettoken").json()["errcode"] == 40035


def test_the_transport_of_the_settings_leads_to_the_newest_simulator(
    settings: Any, make_simulator: MakeSimulator
) -> None:
    first, second = make_simulator(5, 2), make_simulator(9, 3)
    adapter = import_string(settings.DINGTALK_TRANSPORT)()
    assert adapter.simulator is second
    assert settings.DINGTALK_RATE == 0
    assert first.app_key != second.app_key


def test_the_idp_has_the_simulators_credentials(
    idp: IdentityProvider, simulator: Simulator, credentials: dict[str, str]
) -> None:
    assert not idp.is_draft
    assert idp.credentials() == credentials | {
        "push_method": "http",
        "aes_key": "",
        "token": "",
    }
    assert idp.credentials()["app_secret"] == simulator.app_secret


def test_the_draft_knows_nothing_yet(draft: IdentityProvider) -> None:
    assert draft.is_draft
    known = {name for name, value in draft.credentials().items() if value}
    assert known == {"push_method"}  # which has a default
