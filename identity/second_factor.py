"""The second factor of console accounts: six digits of an app (TOTP, RFC 6238), or one of
ten recovery codes.

The rows and their throttle are django-otp's. What it would store readable is not: the
app's key is sealed like every secret (bound to the account, so that a copied row opens
nothing), and of a recovery code only a keyed digest is kept. That is why codes are judged
here: django-otp's own `verify_token` would need the key in the row, and write it back.
"""

import base64
import math
import re
import secrets
import time
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, urlencode

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import get_random_string
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from identity.models import User, key_ring

ISSUER = "sasebridge"
KEY_BYTES = 20
CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
SIX_DIGITS = re.compile("[0-9]{6}")
SLOWEST = 10
"""Failures after which the wait (1, 2, 4 ... seconds) grows no more: under nine minutes,
so that who knows the password keeps nobody out for days by wrong codes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a code was right; `wait`: it was not looked at for so many seconds more."""

    right: bool
    wait: int = 0


def device_of(account: User) -> TOTPDevice | None:
    """What gives the codes of an account; None if it has no second factor."""
    return TOTPDevice.objects.filter(user=account, confirmed=True).first()


def begun(account: User) -> TOTPDevice:
    """The device that is being set up: the same until it is confirmed."""
    device = TOTPDevice.objects.filter(user=account, confirmed=False).first()
    return device or TOTPDevice.objects.create(
        user=account,
        name="app",
        confirmed=False,
        key=key_ring().seal_bytes(secrets.token_bytes(KEY_BYTES), _context(account)),
    )


def secret_of(device: TOTPDevice) -> str:
    """The key as apps take it: 32 letters and digits."""
    return base64.b32encode(_key(device)).decode()


def address_of(device: TOTPDevice) -> str:
    """What the QR code says (the Key URI Format)."""
    label = quote(f"{ISSUER}:{device.user.get_username()}")
    words = urlencode({"secret": secret_of(device), "issuer": ISSUER})
    return f"otpauth://totp/{label}?{words}&algorithm=SHA1&digits=6&period=30"


@transaction.atomic
def confirm(account: User, code: str) -> Verdict:
    """Take the device that is being set up, if it gives this code."""
    User.objects.select_for_update().get(pk=account.pk)  # one device, of two at once
    if device_of(account) is not None:
        return Verdict(False)
    verdict = _judged(begun(account), code)
    if verdict.right:
        TOTPDevice.objects.filter(user=account).update(confirmed=True)
    return verdict


@transaction.atomic
def verify(account: User, code: str) -> Verdict:
    """Judge a code of the app: each is right once, half a minute early or late too."""
    device = TOTPDevice.objects.select_for_update().filter(user=account, confirmed=True)
    return _judged(found, code) if (found := device.first()) else Verdict(False)


@transaction.atomic
def verify_recovery(account: User, typed: str) -> Verdict:
    """Judge a recovery code, which is used up by that."""
    device = StaticDevice.objects.select_for_update().filter(user=account).first()
    if device is None:
        return Verdict(False)
    if wait := _wait(device):
        return Verdict(False, wait)
    marks = _marks(account, typed)
    known = set(
        device.token_set.filter(token__in=marks).values_list("token", flat=True)
    )
    _slow_enough(device)
    return Verdict(bool(device.verify_token(next(iter(known), marks[0]))))


def is_of_app(typed: str) -> bool:
    """Whether it looks like a code of the app."""
    return bool(SIX_DIGITS.fullmatch(_plain(typed)))


def verify_either(account: User, typed: str) -> Verdict:
    """Judge what may be the one or the other."""
    judge = verify if is_of_app(typed) else verify_recovery
    return judge(account, typed)


@transaction.atomic
def new_codes(account: User) -> list[str]:
    """Ten recovery codes, shown once; those before them are void."""
    StaticDevice.objects.filter(user=account).delete()
    device = StaticDevice.objects.create(user=account, name="codes", confirmed=False)
    codes = [
        "-".join(get_random_string(5, LETTERS) for _part in range(2))
        for _code in range(CODES)
    ]
    for code in codes:
        device.token_set.create(token=_marks(account, code)[0])
    return codes


def keep_codes(account: User) -> None:
    """Somebody says that they have kept the codes."""
    StaticDevice.objects.filter(user=account).update(confirmed=True)


def codes_left(account: User) -> int:
    """How many recovery codes are not used up."""
    device = StaticDevice.objects.filter(user=account).first()
    return int(device.token_set.count()) if device else 0


def are_codes_kept(account: User) -> bool:
    """Whether somebody has said so of the present ones."""
    return bool(StaticDevice.objects.filter(user=account, confirmed=True).exists())


@transaction.atomic
def remove(account: User) -> bool:
    """Take the second factor away, and the recovery codes; whether there was one."""
    StaticDevice.objects.filter(user=account).delete()
    count, _rows = TOTPDevice.objects.filter(user=account).delete()
    return int(count) > 0


def _judged(device: TOTPDevice, typed: str) -> Verdict:
    """Look at a code, unless the last wrong one was just now; the row is locked."""
    if wait := _wait(device):
        return Verdict(False, wait)
    code = _plain(typed)
    totp = TOTP(_key(device), device.step, device.t0, device.digits)
    totp.time = time.time()
    right = bool(SIX_DIGITS.fullmatch(code)) and totp.verify(
        int(code), device.tolerance, device.last_t + 1
    )
    if right:
        device.last_t = totp.t()
        device.throttle_reset(commit=False)
        device.last_used_at = timezone.now()
    else:
        _slow_enough(device)
        device.throttle_increment(commit=False)
    device.save()
    return Verdict(right)


def _slow_enough(device: TOTPDevice | StaticDevice) -> None:
    device.throttling_failure_count = min(device.throttling_failure_count, SLOWEST - 1)


def _wait(device: TOTPDevice | StaticDevice) -> int:
    allowed, why = device.verify_is_allowed()
    if allowed:
        return 0
    left: timedelta = why["locked_until"] - timezone.now()
    return max(1, math.ceil(left.total_seconds()))


def _key(device: TOTPDevice) -> bytes:
    """Raises CannotOpen without the key of ENCRYPTION_KEYS that it was sealed with."""
    return key_ring().open_bytes(device.key, _context(device.user))


def _marks(account: User, typed: str) -> list[str]:
    """What a recovery code is known by, with each key of the ring, the newest first."""
    marks = key_ring().fingerprints(_plain(typed), f"recovery code of {account.pk}")
    return [mark[:16] for mark in marks]


def _plain(typed: str) -> str:
    """What was typed, without how apps and people group it."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed[:40])).lower()


def _context(account: User) -> str:
    return f"second factor of {account.pk}"
