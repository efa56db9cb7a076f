"""Everything that a logon gives somebody, and whether a running product still takes it."""

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import requests
from django.conf import settings

from identity.models import Application
from sync.models import Employee
from tests.plugins.logged_on import logged_on

LONGEST = 10.0
SECRET = "a secret that was shown once"
REDIRECT = "https://gateway.example.test/callback"


def gateway() -> Application:
    """A confidential application that nobody has to agree to."""
    application: Application = Application.objects.create(
        name="Gateway",
        client_type=Application.CLIENT_CONFIDENTIAL,
        client_secret=SECRET,
        redirect_uris=REDIRECT,
        skip_authorization=True,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM,
    )
    return application


@dataclass
class Artefacts:
    """A session, an access token, a refresh token and a code that was not redeemed."""

    provider: str
    application: Application
    session: str
    access: str = ""
    refresh: str = ""
    code: str = ""
    verifier: str = ""

    @classmethod
    def of(cls, person: Employee, application: Application, base: str) -> "Artefacts":
        """What somebody has who has just logged on, and opened the application twice."""
        cookie = logged_on(person).cookies[settings.SESSION_COOKIE_NAME].value
        mine = cls(f"{base}/o", application, cookie)
        tokens = mine.exchange(*mine.authorize()).json()
        mine.access, mine.refresh = tokens["access_token"], tokens["refresh_token"]
        mine.code, mine.verifier = mine.authorize()
        return mine

    def authorize(self) -> tuple[str, str]:
        """A code, and what proves that it is ours."""
        verifier = secrets.token_urlsafe(48)
        digest = sha256(verifier.encode()).digest()
        answer = requests.get(
            f"{self.provider}/authorize/",
            params={
                "client_id": self.application.client_id,
                "redirect_uri": REDIRECT,
                "response_type": "code",
                "scope": "openid profile",
                "state": secrets.token_urlsafe(16),
                "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
                "code_challenge_method": "S256",
            },
            cookies={settings.SESSION_COOKIE_NAME: self.session},
            allow_redirects=False,
            timeout=LONGEST,
        )
        given = parse_qs(urlsplit(answer.headers["Location"]).query)
        return given["code"][0], verifier

    def exchange(self, code: str, verifier: str) -> requests.Response:
        """Redeem a code."""
        return self._post(
            "token",
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=REDIRECT,
        )

    @property
    def uses(self) -> dict[str, Callable[[], bool]]:
        """Each way to use what there is, and whether it works now."""
        return {
            "session": self._opens,
            "userinfo": self._tells,
            "introspection": self._is_active,
            "refresh": self._refreshes,
            "code": lambda: self.exchange(self.code, self.verifier).ok,
        }

    def _opens(self) -> bool:
        base = self.provider.removesuffix("/o")
        cookies = {settings.SESSION_COOKIE_NAME: self.session}
        address = f"{base}/client/home/"
        answer = requests.get(
            address, cookies=cookies, allow_redirects=False, timeout=LONGEST
        )
        return answer.status_code == 200

    def _tells(self) -> bool:
        headers = {"Authorization": f"Bearer {self.access}"}
        address = f"{self.provider}/userinfo/"
        return requests.get(address, headers=headers, timeout=LONGEST).ok

    def _is_active(self) -> bool:
        return bool(self._post("introspect", token=self.access).json()["active"])

    def _refreshes(self) -> bool:
        answer = self._post(
            "token", grant_type="refresh_token", refresh_token=self.refresh
        )
        if answer.ok:
            self.refresh = answer.json()["refresh_token"]
        return answer.ok

    def _post(self, name: str, **values: str) -> requests.Response:
        return requests.post(
            f"{self.provider}/{name}/",
            data=values,
            auth=(self.application.client_id, SECRET),
            timeout=LONGEST,
        )


def refused_after(
    uses: dict[str, Callable[[], bool]], begun: float
) -> dict[str, float]:
    """For each use after how many seconds it was refused; all are tried at once, again
    and again."""

    def until_refused(use: Callable[[], bool]) -> float:
        while use():
            time.sleep(0.005)
        return time.perf_counter() - begun

    with ThreadPoolExecutor(len(uses)) as pool:
        return dict(zip(uses, pool.map(until_refused, uses.values()), strict=True))
