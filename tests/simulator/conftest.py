"""A caller of the simulator that is not the product's client."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from identity.connectors.dingtalk.simulator.adapter import WsgiAdapter
from identity.connectors.dingtalk.simulator.api import Simulator
from identity.connectors.dingtalk.simulator.records import Person

OAPI = "https://oapi.dingtalk.com"
API = "https://api.dingtalk.com"
LOGIN = "https://login.dingtalk.com"
HERE = "http://127.0.0.1:8001"


class Caller:
    """Calls as any program would, with the app token where one is due."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, WsgiAdapter(simulator))

    def token(self) -> str:
        app = self.simulator
        keys = {"appKey": app.app_key, "appSecret": app.app_secret}
        answer = self.session.post(f"{API}/v1.0/oauth2/accessToken", json=keys).json()
        return str(answer["accessToken"])

    def post(self, path: str, **values: Any) -> Any:
        """A legacy call; returns the whole envelope."""
        token = {"access_token": self.token()}
        return self.session.post(OAPI + path, params=token, json=values).json()

    def get(self, path: str) -> Any:
        """A legacy call by GET; returns the whole envelope."""
        token = {"access_token": self.token()}
        return self.session.get(OAPI + path, params=token).json()

    def result(self, path: str, **values: Any) -> Any:
        """A legacy call that must succeed; returns its result."""
        answer = self.post(path, **values)
        assert answer["errcode"] == 0, answer
        return answer["result"]

    def members(self, department: int, size: int = 100) -> list[dict[str, Any]]:
        """All direct members of a department, by its pages."""
        found: list[dict[str, Any]] = []
        cursor: int | None = 0
        while cursor is not None:
            page = self.result(
                "/topapi/v2/user/list",
                dept_id=department,
                cursor=cursor,
                size=size,
                contain_access_limit=True,
            )
            found += page["list"]
            cursor = page.get("next_cursor")
        return found

    def tree(self) -> dict[int, int]:
        """Each department below the root with its parent, by a walk."""
        found: dict[int, int] = {}
        pending = [1]
        while pending:
            parent = pending.pop()
            for item in self.result("/topapi/v2/department/listsub", dept_id=parent):
                found[item["dept_id"]] = parent
                pending += [item["dept_id"]] if item["dept_id"] > 0 else []
        return found


@pytest.fixture
def caller(simulator: Simulator) -> Iterator[Caller]:
    made = Caller(simulator)
    yield made
    made.session.close()


@pytest.fixture
def anyone(simulator: Simulator) -> Person:
    """An ordinary person with every field set."""
    return simulator.company.hire(
        "韩梅梅",
        501001,
        501002,
        mobile="13711112222",
        email="mei@example.test",
        org_email="mei@mail.example.test",
        telephone="0571-1",
        job_number="E-17",
        title="Engineer",
        work_place="Hangzhou",
        remark="new",
        hired_at=1_597_573_616_828,
        extension={"CostCentre": "C9"},
    )
