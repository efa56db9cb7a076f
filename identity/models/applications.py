"""Applications that trust our logon, and what they were given: django-oauth-toolkit's
models with the session that each grant and token belongs to.

A token is worth nothing once its session has ended; nobody has to find and delete it.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from jwcrypto.jwk import JWK
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
    ApplicationManager,
)

from identity import redirects
from identity.models.signing import SigningKey
from identity.models.trail import LogonSession
from identity.redirects import Kind


class Application(AbstractApplication):
    """A downstream OpenID Connect client: a SASE client, a gateway, a web application."""

    class Preset(models.TextChoices):
        """What kind of program it is; decides type, consent and kinds of addresses."""

        NATIVE = "native", _("SASE client (native)")
        WEB = "web", _("Web gateway")

    preset = models.CharField(max_length=8, choices=Preset.choices, default=Preset.WEB)
    enabled = models.BooleanField(_("Enabled"), default=True)
    description = models.CharField(
        _("Description"), max_length=200, blank=True, default=""
    )
    launch_url = models.URLField(
        _("Launch address"), max_length=500, blank=True, default=""
    )
    """Shown to employees as a resource; "" if it is nothing to open."""
    backchannel_logout_uri = models.URLField(
        _("Back-channel logout address"), max_length=500, blank=True, default=""
    )

    objects = ApplicationManager()

    class Meta(AbstractApplication.Meta):
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["name", "pk"]

    @property
    def jwk_key(self) -> JWK:
        """The key that signs for it now: ours for all, not one in the settings."""
        return SigningKey.signing().private()

    def is_usable(self, request: object) -> bool:
        """Whether it is enabled; the toolkit asks wherever a client is named."""
        return self.enabled

    def get_allowed_schemes(self) -> list[str]:
        """The schemes of its registered addresses: a redirect knows no others."""
        registered = f"{self.redirect_uris} {self.post_logout_redirect_uris}".split()
        return sorted({urlsplit(uri).scheme for uri in registered})

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Whether an answer may be sent there (T-20)."""
        return redirects.allowed(uri, self.redirect_uris.split())

    def post_logout_redirect_uri_allowed(self, uri: str) -> bool:
        """Whether somebody who logged off may be sent there."""
        return redirects.allowed(uri, self.post_logout_redirect_uris.split())

    def clean(self) -> None:
        """Refuse addresses that nobody may be sent to (T-23)."""
        for name in ("redirect_uris", "post_logout_redirect_uris"):
            for uri in getattr(self, name).split():
                redirects.check(uri, self.kind_of_redirects)

    @property
    def kind_of_redirects(self) -> Kind:
        """Which addresses it may register."""
        return Kind.NATIVE if self.preset == self.Preset.NATIVE else Kind.WEB


class Grant(AbstractGrant):
    """A code; once redeemed it stays until it expires, so that a reuse is noticed."""

    session = models.ForeignKey(
        LogonSession, null=True, on_delete=models.CASCADE, related_name="grants"
    )
    redeemed_at = models.DateTimeField(null=True, blank=True)

    class Meta(AbstractGrant.Meta):
        verbose_name = _("grant")
        verbose_name_plural = _("grants")


class AccessToken(AbstractAccessToken):
    """An opaque access token."""

    session = models.ForeignKey(
        LogonSession, null=True, on_delete=models.CASCADE, related_name="access_tokens"
    )
    grant = models.ForeignKey(
        Grant, null=True, on_delete=models.SET_NULL, related_name="access_tokens"
    )

    class Meta(AbstractAccessToken.Meta):
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")


class RefreshToken(AbstractRefreshToken):
    """A refresh token: rotates, and ends with its session at the latest."""

    session = models.ForeignKey(
        LogonSession, null=True, on_delete=models.CASCADE, related_name="refresh_tokens"
    )
    grant = models.ForeignKey(
        Grant, null=True, on_delete=models.SET_NULL, related_name="refresh_tokens"
    )

    class Meta(AbstractRefreshToken.Meta):
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")


class IDToken(AbstractIDToken):
    """An ID token that was given out."""

    session = models.ForeignKey(
        LogonSession, null=True, on_delete=models.CASCADE, related_name="id_tokens"
    )

    class Meta(AbstractIDToken.Meta):
        verbose_name = _("ID token")
        verbose_name_plural = _("ID tokens")


class LogoutNotice(models.Model):
    """An application that is to hear that a session has ended: the outbox (F-87)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    application = models.ForeignKey(
        settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="logout_notices",
    )
    session = models.ForeignKey(
        LogonSession, on_delete=models.CASCADE, related_name="logout_notices"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("logout notice")
        verbose_name_plural = _("logout notices")
        constraints = [
            models.UniqueConstraint(
                fields=["application", "session"], name="logout_notice_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="logout_notice_due",
                condition=models.Q(state="waiting"),
            )
        ]

    def __str__(self) -> str:
        return f"notice of {self.session_id} to {self.application_id}"
