"""Django's admin: for administrators, for accounts, and otherwise to look at."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone

from identity import audit
from identity.models import AuditEvent, IdentityProvider, IdentitySecret, User
from tests import builders
from tests.plugins.accounts import PASSWORD

NEW = {
    "username": "dora",
    "role": "staff",
    "usable_password": "true",
    "password1": "a fresh pass phrase",
    "password2": "a fresh pass phrase",
}


def fields(account: User, **changed: str) -> dict[str, str]:
    """What the change form posts."""
    return {
        "username": account.username,
        "role": account.role,
        "is_active": "on",
        "email": account.email,
    } | changed


def change(client: Client, account: User, **changed: str) -> Any:
    return client.post(
        f"/admin/identity/user/{account.pk}/change/", fields(account, **changed)
    )


def test_an_administrator_creates_staff_who_can_then_log_on(console: Client) -> None:
    response = console.post("/admin/identity/user/add/", NEW)
    assert response.status_code == 302
    dora = User.objects.get(username="dora")
    assert dora.role == "staff"
    assert not dora.is_staff
    logon = Client().post(
        "/accounts/login/", {"username": "dora", "password": NEW["password1"]}
    )
    assert logon["Location"] == "/"


def test_creating_and_changing_accounts_is_written_down_without_passwords(
    console: Client, staff: User
) -> None:
    """U50"""
    console.post("/admin/identity/user/add/", NEW)
    change(console, staff, role="administrator")
    console.post(
        f"/admin/identity/user/{staff.pk}/password/",
        {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD},
    )
    rows = AuditEvent.objects.order_by("pk")
    assert [(row.action, row.target_label, row.actor_name) for row in rows] == [
        ("account.create", "dora", "alice"),
        ("account.change", "bob", "alice"),
        ("account.change", "bob", "alice"),
    ]
    assert "pass phrase" not in str(list(rows.values()))
    assert "horse" not in str(list(rows.values()))


def test_a_password_reset_ends_the_old_sessions(
    console: Client, staff_console: Client, staff: User
) -> None:
    assert staff_console.get("/settings/").status_code == 200
    console.post(
        f"/admin/identity/user/{staff.pk}/password/",
        {
            "usable_password": "true",
            "password1": "a fresh pass phrase",
            "password2": "a fresh pass phrase",
        },
    )
    assert staff_console.get("/settings/").status_code == 302


def test_rights_follow_the_role_and_cannot_be_posted(
    console: Client, staff: User
) -> None:
    page = console.get(f"/admin/identity/user/{staff.pk}/change/").content.decode()
    assert 'name="role"' in page
    assert "is_superuser" not in page
    assert "user_permissions" not in page
    change(console, staff, is_staff="on", is_superuser="on")
    staff.refresh_from_db()
    assert not staff.is_superuser


def test_the_last_administrator_cannot_lock_everyone_out(
    console: Client, administrator: User
) -> None:
    page = change(console, administrator, role="staff").content.decode()
    assert "This is the last administrator" in page
    closed = fields(administrator)
    del closed["is_active"]
    console.post(f"/admin/identity/user/{administrator.pk}/change/", closed)
    administrator.refresh_from_db()
    assert administrator.is_administrator
    assert administrator.is_active


def test_one_of_two_administrators_may_step_down(
    console: Client, administrator: User, staff: User
) -> None:
    change(console, staff, role="administrator")
    assert change(console, administrator, role="staff").status_code == 302
    administrator.refresh_from_db()
    assert not administrator.is_administrator


def test_accounts_are_closed_not_deleted(console: Client, staff: User) -> None:
    response = console.post(f"/admin/identity/user/{staff.pk}/delete/", {"post": "yes"})
    assert response.status_code == 403
    assert User.objects.filter(pk=staff.pk).exists()


@pytest.mark.parametrize(
    "path",
    [
        "identity/identityprovider",
        "identity/connectionreport",
        "identity/auditevent",
        "identity/enterprise",
        "sync/syncrun",
        "sync/employee",
        "sync/department",
    ],
)
def test_everything_else_is_to_look_at(console: Client, path: str) -> None:
    idp = builders.idp("Hangzhou")
    builders.company(idp, people=3, departments=2)
    builders.run(idp)
    audit.record("test.act", by=None)
    assert console.get(f"/admin/{path}/").status_code == 200
    assert console.get(f"/admin/{path}/add/").status_code == 403


def test_a_row_is_shown_and_not_changed(console: Client) -> None:
    event = audit.record("test.act", by=None)
    address = f"/admin/identity/auditevent/{event.pk}/change/"
    assert "test.act" in console.get(address).content.decode()
    assert console.post(address, {"action": "other"}).status_code == 403
    assert AuditEvent.objects.get().action == "test.act"


def test_secrets_have_no_page_and_stand_on_none(console: Client) -> None:
    idp = builders.idp("Hangzhou")
    idp.set_secret("app_secret", "1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR")
    assert not admin.site.is_registered(IdentitySecret)
    page = console.get(f"/admin/identity/identityprovider/{idp.pk}/change/")
    text = page.content.decode()
    assert "Hangzhou" in text
    assert "1Uji1mEjhmWq" not in text
    assert IdentitySecret.objects.get().sealed not in text


def test_staff_is_refused_and_not_sent_in_circles(staff_console: Client) -> None:
    response = staff_console.get("/admin/", follow=True)
    assert response.status_code == 403


def test_a_visitor_logs_on_at_the_consoles_own_page(client: Client, db: None) -> None:
    response = client.get("/admin/identity/user/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/?next=/admin/")
    assert client.post("/admin/login/", {"username": "a"}).status_code == 302


def test_logging_off_from_the_admin_is_written_down(console: Client) -> None:
    assert console.post("/admin/logout/").status_code == 302
    assert AuditEvent.objects.get().action == "logoff.console"


def test_an_idp_of_the_admin_list_names_its_state(console: Client) -> None:
    IdentityProvider.objects.create(kind="dingtalk", confirmed_at=timezone.now())
    page = console.get("/admin/identity/identityprovider/").content.decode()
    assert "Enabled" in page


def test_T_48_the_admin_is_no_place_to_guess_one_s_own_password(
    console: Client, administrator: User
) -> None:
    """Django's page for it counts no tries, and other sessions would go on."""
    new = {"new_password1": NEW["password1"], "new_password2": NEW["password1"]}
    address = "/admin/password_change/"
    for sent in (new | {"old_password": PASSWORD}, new | {"old_password": "x"}):
        assert console.post(address, sent)["Location"] == "/account/password/"
    administrator.refresh_from_db()
    assert administrator.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("there", "back"),
    [({"is_active": ""}, {}), ({"role": "employee"}, {"role": "staff"})],
    ids=["T-16 closed and opened", "T-16 another role and back"],
)
def test_a_session_from_before_stays_over(
    console: Client, staff: User, there: dict[str, str], back: dict[str, str]
) -> None:
    """Its twin: somebody of whom only the name of the mailbox changed stays."""
    bob = Client()
    bob.force_login(staff)
    change(console, staff, email="b@example.test")
    assert bob.get("/").status_code == 200
    change(console, staff, **there)
    staff.refresh_from_db()
    change(console, staff, **back)
    staff.refresh_from_db()
    assert (staff.is_active, staff.role) == (True, "staff")
    assert bob.get("/").status_code == 302
