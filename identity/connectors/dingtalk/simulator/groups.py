"""Answers to the robot of a group, which sends with its own token."""

from identity.connectors.dingtalk.simulator.routes import Route
from identity.connectors.dingtalk.simulator.state import Platform
from identity.connectors.dingtalk.simulator.wire import Call, Reply, plain_error


def send(app: Platform, call: Call) -> Reply:
    """Take a message, or say why not."""
    if call.query.get("access_token") != app.robot.token:
        return plain_error(300001, "token is not exist")
    if refusal := app.robot.refusal(call):
        return refusal
    app.robot.messages.append(call.values)
    return Reply(content={"errcode": 0, "errmsg": "ok"})


ROUTES = {"/robot/send": Route(send, app_token=False, any_address=True)}
