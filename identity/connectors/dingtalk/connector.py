"""DingTalk's answers to the connector contract."""

from typing import ClassVar

from identity.connectors.base import Connector


class DingTalk(Connector):
    """An internal app of one company on the DingTalk Open Platform."""

    kind: ClassVar[str] = "dingtalk"
    label: ClassVar[str] = "DingTalk"
    plain_settings: ClassVar[tuple[str, ...]] = ("corp_id", "app_key", "dingtalk_type")
    secret_settings: ClassVar[tuple[str, ...]] = ("app_secret", "aes_key", "token")
    tested_settings: ClassVar[tuple[str, ...]] = (
        "corp_id",
        "app_key",
        "app_secret",
        "dingtalk_type",
    )
    guide: ClassVar[str] = "dingtalk/guide.html"
