"""The seven permissions that the app needs, by their names in DingTalk's console."""

from dataclasses import dataclass
from enum import Enum, auto

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from identity.connectors.dingtalk import fields

CONTACT_READ, CONTACT_MOBILE = "Contact.User.Read", "Contact.User.mobile"
"""Act on a person's own token."""


class Proof(Enum):
    """How a permission is found out."""

    LOGON = auto()  # it acts on a person's own token
    SAMPLE = auto()  # DingTalk leaves its fields out silently
    CALL = auto()  # DingTalk refuses the call


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission. `lost` is what does not work without it."""

    scope: str
    name: str | Promise
    console_name: str
    proof: Proof
    asked: str
    lost: str | Promise


PERMISSIONS: tuple[Permission, ...] = (
    Permission(
        CONTACT_MOBILE,
        _("Personal Mobile Number Information"),
        "个人手机号信息",
        Proof.LOGON,
        "GET /v1.0/contact/users/me",
        _("The logon does not learn the person's own mobile number."),
    ),
    Permission(
        CONTACT_READ,
        _("Read Permission For Personal Information In The Address Book"),
        "通讯录个人信息读权限",
        Proof.LOGON,
        "GET /v1.0/contact/users/me",
        _("Nobody can log on with DingTalk."),
    ),
    Permission(
        fields.MOBILE,
        _("Enterprise Employee Mobile Number Information"),
        "企业员工手机号信息",
        Proof.SAMPLE,
        "POST /topapi/v2/user/list",
        _("Mobile numbers and calling codes stay empty."),
    ),
    Permission(
        fields.PERSONAL,
        _("Email And Other Personal Information"),
        "邮箱等个人信息",
        Proof.SAMPLE,
        "POST /topapi/v2/user/list",
        _("E-mail, office location, remarks and custom fields stay empty."),
    ),
    Permission(
        "qyapi_get_department_list",
        _("Read Permission For Department Information In The Address Book"),
        "通讯录部门信息读权限",
        Proof.CALL,
        "POST /topapi/v2/department/listsub",
        _("No department can be read, so nothing can be synchronized."),
    ),
    Permission(
        "qyapi_get_member",
        _("Read Permission For Member Information"),
        "成员信息读权限",
        Proof.CALL,
        "POST /topapi/user/count",
        _("Nobody can be asked for singly: no leaver is confirmed, nobody logs on."),
    ),
    Permission(
        "qyapi_get_department_member",
        _("Read Permission For Department Members In The Address Book"),
        "通讯录部门成员读权限",
        Proof.CALL,
        "POST /topapi/v2/user/list",
        _("No department's members can be read, so nobody is synchronized."),
    ),
)
