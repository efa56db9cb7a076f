"""The keys that ID tokens and logout tokens are signed with: RS256, kept sealed.

A new key is published for a while before it signs, and an old one for a while after,
so that an application with an older key set still understands every token (F-86).
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from jwcrypto.jwk import JWK

from identity.fields import CannotOpen
from identity.models.accounts import Enterprise
from identity.models.idp import key_ring

log = logging.getLogger(__name__)


class SigningKey(models.Model):
    """A key: published from `created_at` on, signs from `signs_from` until the next one
    does, and stays published until `published_until`. `sealed` is the private key."""

    ALGORITHM = "RS256"
    BITS = 2048
    AHEAD: ClassVar[timedelta] = timedelta(minutes=10)
    """How long a new key is published before it signs."""
    AFTER: ClassVar[timedelta] = timedelta(hours=24)
    """How long the one before it stays published once it signs no more."""

    kid = models.CharField(max_length=64, unique=True)
    sealed = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    signs_from = models.DateTimeField()
    published_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        ordering = ["-signs_from", "-pk"]

    def __str__(self) -> str:
        return self.kid

    @classmethod
    def signing(cls) -> "SigningKey":
        """The key that signs now: the newest that can be opened. One is made at first
        need, and after ENCRYPTION_KEYS lost what the others were sealed with."""
        return cls._begun() or cls._first()

    @classmethod
    def published(cls) -> list["SigningKey"]:
        """Every key that a token in use may be signed with, or soon will be."""
        cls.signing()
        return list(cls._unended())

    @classmethod
    def rotate(cls) -> "SigningKey":
        """Make the key that signs next, unless one is on its way already."""
        cls.signing()
        with _alone():
            now = timezone.now()
            coming = next(cls._unended(signs_from__gt=now), None)
            if coming:
                return coming
            fresh = cls._make(now + cls.AHEAD)
            before = cls.objects.exclude(pk=fresh.pk).filter(published_until=None)
            before.update(published_until=fresh.signs_from + cls.AFTER)
            return fresh

    def private(self) -> JWK:
        """The key itself; raises CannotOpen."""
        return _opened(self.kid, self.sealed)

    def public(self) -> dict[str, Any]:
        """What the key set says of it (RFC 7517)."""
        shown: dict[str, Any] = json.loads(self.private().export_public())
        return {**shown, "kid": self.kid, "alg": self.ALGORITHM, "use": "sig"}

    def opens(self) -> bool:
        """Whether it can be used. One that cannot must not take the others along."""
        try:
            self.private()
        except CannotOpen as error:
            log.error("signing key %s: %s", self.kid, error)
            return False
        return True

    @classmethod
    def _unended(cls, **which: Any) -> Iterator["SigningKey"]:
        """Those that are published and can be opened, the newest first."""
        unended = models.Q(published_until=None)
        unended |= models.Q(published_until__gt=timezone.now())
        return (key for key in cls.objects.filter(unended, **which) if key.opens())

    @classmethod
    def _begun(cls) -> "SigningKey | None":
        return next(cls._unended(signs_from__lte=timezone.now()), None)

    @classmethod
    def _first(cls) -> "SigningKey":
        with _alone():
            return cls._begun() or cls._make(timezone.now())

    @classmethod
    def _make(cls, signs_from: datetime) -> "SigningKey":
        return cls.keep(JWK.generate(kty="RSA", size=cls.BITS), signs_from)

    @classmethod
    def keep(cls, key: JWK, signs_from: datetime) -> "SigningKey":
        """Store a private key, sealed; it is published at once."""
        kid = key.thumbprint()
        pem = key.export_to_pem(private_key=True, password=None).decode()
        sealed = key_ring().seal(pem, _context(kid))
        return cls.objects.create(kid=kid, sealed=sealed, signs_from=signs_from)


@contextmanager
def _alone() -> Iterator[None]:
    """A transaction in which nobody else makes a key."""
    enterprise = Enterprise.load()
    with transaction.atomic():
        Enterprise.objects.select_for_update().get(pk=enterprise.pk)
        yield


@lru_cache(maxsize=8)
def _opened(kid: str, sealed: str) -> JWK:
    """The key in here: reading it in takes 45 ms (measured), signing with it one."""
    pem = key_ring().open(sealed, _context(kid))
    return JWK.from_pem(pem.encode())


def _context(kid: str) -> str:
    return f"signing key {kid}"
