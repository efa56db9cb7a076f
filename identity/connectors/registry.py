"""Finds connectors through INSTALLED_APPS; the core never names one.

An AppConfig that subclasses `ConnectorApp` names its connector class.
"""

from importlib import import_module
from typing import cast

from django.apps import AppConfig, apps

from identity.connectors import alerting, base


class ConnectorApp(AppConfig):
    """An app that brings a connector."""

    default = False
    connector: str
    """Dotted path of the connector's class."""


def kinds() -> dict[str, type[base.Connector]]:
    """Every installed connector by its kind, in the order of INSTALLED_APPS."""
    found = (
        _load(config.connector)
        for config in apps.get_app_configs()
        if isinstance(config, ConnectorApp)
    )
    return {connector.kind: connector for connector in found}


def choices() -> list[tuple[str, str]]:
    """Kinds with labels, for model fields and forms."""
    return [(kind, str(connector.label)) for kind, connector in kinds().items()]


def get(kind: str) -> type[base.Connector]:
    """The connector of a kind; KeyError if its app is not installed."""
    return kinds()[kind]


def alert_channels() -> dict[str, type[alerting.AlertChannel]]:
    """The robots that alerts may go to, by the kind of their connector."""
    found = {kind: one.alert_channel() for kind, one in kinds().items()}
    return {kind: channel for kind, channel in found.items() if channel}


def _load(path: str) -> type[base.Connector]:
    module, _, name = path.rpartition(".")
    return cast(type[base.Connector], getattr(import_module(module), name))
