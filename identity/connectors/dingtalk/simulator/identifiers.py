"""Ids of an invented company: stable for a seed, and none is given out twice."""

import base64
import hashlib

FIRST_DEPARTMENT = 501001
FIRST_ORDER = 176_320_000_000_000_512
"""DingTalk's orders pass 2**53, where a float or JavaScript loses digits."""
ORDER_STEP = 512


class Identifiers:
    """Counters; they are saved with the company, so that ids stay unique over time."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.people = 0
        self.departments = 0
        self.orders = 0

    def person(self) -> tuple[str, str]:
        """A new userid (18 digits, zeros in front too) and unionid."""
        self.people += 1
        text = f"{self.seed}:{self.people}".encode()
        digest = hashlib.sha256(text).digest()
        userid = f"{int.from_bytes(digest[:8]) % 10**17:018d}"
        unionid = base64.b64encode(digest[8:23], b"Zz").decode() + "iEiE"
        return userid, unionid

    def department(self) -> int:
        """A new department id."""
        self.departments += 1
        return FIRST_DEPARTMENT + self.departments - 1

    def order(self) -> int:
        """A new order: the next person stands before the earlier ones."""
        self.orders += 1
        return FIRST_ORDER + self.orders * ORDER_STEP
