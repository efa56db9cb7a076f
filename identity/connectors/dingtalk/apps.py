from identity.connectors import registry


class DingTalkConfig(registry.ConnectorApp):
    """Speaks DingTalk."""

    name = "identity.connectors.dingtalk"
    label = "dingtalk"
    verbose_name = "DingTalk"
    default = True
    connector = "identity.connectors.dingtalk.connector.DingTalk"
