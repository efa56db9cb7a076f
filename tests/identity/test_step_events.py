"""The step Events: what goes where, the two keys, and the list that ticks itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone, translation

from identity.forms.idp import IdpForms
from identity.forms.version import signed, state_of
from identity.models import AuditEvent, IdentityProvider, PushedCall
from identity.subscription import is_complete, subscription_of
from identity.views.heard import moment
from sync.models import InboxEvent, SyncRun
from tests import builders
from tests.identity.basics import KEY
from tests.identity.conftest import page, words

pytestmark = [pytest.mark.alone, pytest.mark.django_db]

OTHER = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij"
NOW = datetime.fromisoformat("2026-11-28T10:02:00+00:00")
SIX = {
    "user_add_org": "User Added To Address Book",
    "user_modify_org": "User In Address Book Changed",
    "user_leave_org": "User Removed From Address Book",
    "org_dept_create": "Department Created In Address Book",
    "org_dept_modify": "Department In Address Book Modified",
    "org_dept_remove": "Department In Address Book Deleted",
}
Outcome = PushedCall.Outcome


@pytest.fixture
def now() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def step(idp: IdentityProvider) -> str:
    return page(idp, "events")


def set_keys(idp: IdentityProvider, key: str = KEY, token: str = "a-token") -> None:
    idp.set_secret("aes_key", key)
    idp.set_secret("token", token)


def called(idp: IdentityProvider, outcome: str, **ago: float) -> PushedCall:
    at = timezone.now() - timedelta(**ago)
    return PushedCall.objects.create(
        idp=idp, outcome=outcome, at=at, address="203.119.1.2"
    )


def event(idp: IdentityProvider, name: str, way: str = "push", **ago: float) -> None:
    at = timezone.now() - timedelta(**ago)
    number = InboxEvent.objects.count()
    InboxEvent.objects.create(
        idp=idp, key=f"e{number}", kind="changed", name=name, way=way, received_at=at
    )


def complete(idp: IdentityProvider) -> None:
    set_keys(idp)
    called(idp, Outcome.VERIFIED)
    for name in SIX:
        event(idp, name)


def text_of(response: Any) -> str:
    return unescape(words(response))


def fragment(console: Client, step: str, known: str | None = None) -> Any:
    """What the page asks for every two seconds."""
    asked = {} if known is None else {"known": known}
    return console.get(step, asked, headers={"HX-Request": "true"})


def ticked(response: Any) -> list[str]:
    """The keys of the lines and lights that are done."""
    parts = words(response).split('data-tick="')[1:]
    return [part.split('"')[0] for part in parts if " data-done>" in part[:60]]


# --- what the page says ---


def test_S141_S143_S147_S155_S158_S159_both_ways_stand_beside_each_other(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    """Our name of each value, and DingTalk's, with the direction between them."""
    shown = text_of(console.get(step))
    out, *back = shown.split('<div class="sb-way" ')[1:]
    assert out.startswith('data-way="out"')
    for said in ("Request Address", "goes into DingTalk:", "Request URL (请求网址)"):
        assert said in out
    assert f"/events/dingtalk/{idp.pk}/" in out
    pairs = [
        ("AES Encryption Key", "Encryption Aes_key"),
        ("Encryption Token", "Signature Token"),
    ]
    for part, (ours, theirs) in zip(back, pairs, strict=True):
        assert part.startswith('data-way="back"')
        assert ours in part
        assert "comes from DingTalk:" in part
        assert theirs in part


def test_S144_S145_S146_S148_S156_S157_the_guide_leads_through_dingtalk(
    console: Client, step: str
) -> None:
    """A1: in the order that works, which is not the seed's."""
    guide = text_of(console.get(step)).split('class="sb-aside"')[1]
    places = [
        guide.index(said)
        for said in (
            "Application Development",
            "Internal-facing Applications > DingTalk Application",
            "Event Subscription (事件订阅). Set Push Method (推送方式) to HTTP Push",
            "Request URL field (请求网址). Do not save there yet",
            "Enable the address book events",
            "Copy Encryption Aes_key (1) and Signature Token (2)",
            "Only then click Save on the Event Subscription page",
        )
    ]
    assert places == sorted(places)


def test_S149_S150_S151_S152_S153_S154_the_six_events_by_their_console_names(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    labels = {n: str(t) for n, t in idp.connector_class.event_labels.items()}
    assert labels == SIX
    main, guide = text_of(console.get(step)).split('class="sb-aside"')
    for name, label in SIX.items():
        assert f"{label} (通讯录" in guide
        assert f'data-tick="{name}"' in main
        assert label in main


def test_the_stepper_shows_events_after_the_three_steps(
    console: Client, idp: IdentityProvider, draft: IdentityProvider, step: str
) -> None:
    shown = words(console.get(step))
    assert shown.count('<li class="sb-step"') == 4
    assert shown.count("data-later>") == 1
    assert "Step 4 of 4: Events" in shown
    new = IdentityProvider.objects.create(kind="dingtalk")
    first = words(console.get(page(new, "basic")))
    assert "Step 1 of 3: Basic Configurations" in first
    assert page(new, "events") in first


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://localhost:8000", "localhost"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("http://[::1]:8000", "::1"),
        ("https://sso.example.test", ""),
        ("https://192.0.2.1", ""),
    ],
)
def test_an_address_that_leads_nowhere_is_warned_of(
    console: Client, step: str, settings: Any, address: str, host: str
) -> None:
    settings.PUBLIC_URL = address
    shown = text_of(console.get(step))
    assert ("DingTalk cannot reach" in shown) == bool(host)
    assert f"DingTalk cannot reach {host}" in shown or not host


def test_with_stream_mode_neither_address_nor_keys_are_waited_for(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    idp.settings |= {"push_method": "stream"}
    idp.save()
    called(idp, Outcome.TOKEN)
    shown = text_of(console.get(step))
    assert "The address and the keys below are not needed" in shown
    assert "cannot reach localhost" not in shown
    assert "Stream Mode (Stream 模式推送)" in shown
    assert "Do not save there yet" not in shown
    assert 'data-tick="keys"' not in shown
    assert 'id="refused"' not in shown
    assert not is_complete(idp)
    for name in SIX:
        event(idp, name, way="stream")
    assert is_complete(idp)
    assert "reaches this address" not in text_of(console.get(step))
    assert "which needs neither" in text_of(console.get(f"/identity/{idp.pk}/edit/"))


def test_a_draft_has_the_step_too(console: Client, draft: IdentityProvider) -> None:
    """A11: DingTalk may verify the address before Confirm, whose way stays as it is."""
    shown = words(console.get(page(draft, "events")))
    assert "This is a draft" in shown
    sent = {"aes_key": KEY, "token": "a-token"}
    assert console.post(page(draft, "events"), sent).status_code == 302
    draft.refresh_from_db()
    assert draft.is_draft
    assert draft.secret("aes_key") == KEY
    called(draft, Outcome.VERIFIED)
    assert "to verify the address at" in words(console.get(page(draft, "events")))
    forms = IdpForms(draft)
    assert forms.vendor.stored == {"aes_key", "token"}


# --- the keys ---


def test_S158_S159_S160_both_keys_are_saved_here(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    """P6: audited, and never shown."""
    answer = console.post(step, {"aes_key": KEY, "token": "a-token"}, follow=True)
    assert answer.redirect_chain == [(step, 302)]
    assert "Saved. Now press Save in DingTalk" in words(answer)
    assert idp.secret("aes_key") == KEY
    assert idp.secret("token") == "a-token"
    assert idp.has_secret("app_secret")
    line = AuditEvent.objects.get(action="idp.change")
    assert line.detail == {"aes_key": "changed", "token": "changed"}
    assert KEY not in words(answer)
    assert "a-token" not in words(answer)
    assert "Stored, and never shown" in words(answer)


@pytest.mark.parametrize(
    ("key", "token", "said"),
    [
        (KEY[:42], "a-token", "exactly 43 characters"),
        (KEY, "", "work only together"),
        ("", "a-token", "work only together"),
        ("", "", "is empty and cannot be left out"),
        (KEY, "a b", "There is white space inside"),
        ([KEY, OTHER], "a-token", "This was sent twice"),
    ],
)
def test_S158_S159_keys_that_cannot_be_right_are_not_saved(
    console: Client, idp: IdentityProvider, step: str, key: Any, token: str, said: str
) -> None:
    """The same rules as on Edit Identity Source (I-08, I-09)."""
    answer = console.post(step, {"aes_key": key, "token": token})
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert 'href="#id_aes_key"' in words(answer) or 'href="#id_token"' in words(answer)
    assert not idp.has_secret("aes_key")
    assert not idp.has_secret("token")
    assert not AuditEvent.objects.exists()


def test_an_empty_key_is_kept(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    set_keys(idp)
    assert console.post(step, {"aes_key": "", "token": "another"}).status_code == 302
    assert idp.secret("aes_key") == KEY
    assert idp.secret("token") == "another"
    answer = console.post(step, {"aes_key": "", "token": ""}, follow=True)
    assert "Nothing was changed." in words(answer)


def test_nothing_but_the_keys_is_saved_here(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    sent = {"aes_key": KEY, "token": "a-token", "name": "Mine", "app_key": "dingother1"}
    console.post(step, sent | {"status": "closed", "app_secret": "x" * 20})
    before = (idp.name, idp.settings, idp.secret("app_secret"))
    idp.refresh_from_db()
    assert (idp.name, idp.settings, idp.secret("app_secret")) == before
    assert idp.status == "enabled"


def test_I85_keys_that_a_colleague_saved_meanwhile_are_not_set_back(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    version = signed(state_of(idp))
    set_keys(idp, OTHER, "theirs")
    mine = {"aes_key": KEY, "token": "mine"}
    answer = console.post(step, mine | {"version": version})
    assert answer.status_code == 409
    assert "Somebody else saved this IdP meanwhile" in words(answer)
    assert idp.secret("aes_key") == OTHER
    assert idp.secret("token") == "theirs"
    newest = {"version": signed(state_of(idp))}
    assert console.post(step, mine | newest).status_code == 302
    assert idp.secret("aes_key") == KEY


# --- the list that ticks itself ---


def test_S140_everything_is_open_before_anything_came(
    console: Client, step: str
) -> None:
    answer = fragment(console, step)
    assert ticked(answer) == []
    assert "0 of 8" in words(answer)
    assert 'hx-trigger="every 2s"' in words(answer)


def test_S156_saved_keys_and_a_verified_address_are_ticked_with_the_time(
    console: Client, idp: IdentityProvider, step: str, now: Any
) -> None:
    set_keys(idp)
    called(idp, Outcome.VERIFIED)
    answer = fragment(console, step)
    assert ticked(answer) == ["keys", "address"]
    at = moment(NOW)
    assert f"Keys saved at {at}" in words(answer)
    assert f"DingTalk called to verify the address at {at}" in words(answer)


@pytest.mark.parametrize("name", SIX)
def test_S149_to_S154_each_kind_lights_up_with_its_first_event(
    console: Client, idp: IdentityProvider, step: str, now: Any, name: str
) -> None:
    set_keys(idp)
    event(idp, name, minutes=5)
    event(idp, name)
    event(idp, "org_change")
    answer = fragment(console, step)
    assert ticked(answer) == ["keys", name] or ticked(answer) == [
        "keys",
        "address",
        name,
    ]
    assert f"{name}</span> · {moment(NOW - timedelta(minutes=5))}" in words(answer)


def test_a_fetched_event_proves_no_way_to_us(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    """What came from DingTalk's list of failed pushes did not reach the address."""
    set_keys(idp)
    event(idp, "user_add_org", way="failed")
    other = builders.idp("Other")
    event(other, "user_add_org")
    assert ticked(fragment(console, step)) == ["keys"]


def test_nothing_is_sent_while_nothing_came(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    """So the page is not redrawn, and what a reader selects or hears stays."""
    set_keys(idp)
    assert fragment(console, step).status_code == 200
    assert fragment(console, step, "keys").status_code == 204
    refused = called(idp, Outcome.TOKEN)
    assert fragment(console, step, "keys").status_code == 200
    assert fragment(console, step, f"keys,refused {refused.pk}").status_code == 204


def test_what_is_new_is_said_once(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    set_keys(idp)
    called(idp, Outcome.VERIFIED)
    event(idp, "user_add_org")
    said = fragment(console, step, "keys").headers["HX-Trigger"]
    assert "DingTalk called to verify the address at" in said
    assert "First event seen: User Added To Address Book" in said
    assert "Keys saved" not in said


def test_it_stops_asking_when_everything_came(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    complete(idp)
    answer = fragment(console, step)
    assert answer.status_code == 286
    assert ticked(answer) == ["keys", "address", *SIX]
    assert "8 of 8" in words(answer)
    assert "Events work" in words(answer)
    assert "hx-trigger" not in words(answer)
    assert is_complete(idp)


def test_new_keys_want_a_new_call(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    """Until DingTalk has them, and tried them, the address is not verified."""
    complete(idp)
    until = timezone.now() + timedelta(hours=1)
    idp.rotate_secret("aes_key", OTHER, until)
    idp.rotate_secret("token", "another", until)
    event(idp, "user_add_org")  # perhaps opened with the keys before
    answer = fragment(console, step)
    assert "address" not in ticked(answer)
    assert "before the present keys were saved" in words(answer)
    assert f"The keys before them are taken until {moment(until)}." in words(answer)
    assert not is_complete(idp)
    called(idp, Outcome.VERIFIED)
    assert is_complete(idp)


def test_an_event_proves_the_address_when_the_call_is_not_kept_any_more(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    complete(idp)
    PushedCall.objects.all().delete()
    answer = fragment(console, step)
    assert answer.status_code == 286
    assert "DingTalk reached the address at" in words(answer)


def test_moments_of_another_day_say_the_day() -> None:
    with time_machine.travel(NOW), timezone.override("UTC"):
        assert moment(NOW) == "10:02"
        assert moment(NOW - timedelta(days=1)) == "27 Nov, 10:02"
        with translation.override("zh-hans"):
            assert moment(NOW - timedelta(days=1)) == "11月27日 10:02"


# --- what went wrong ---


def test_A1_a_call_before_the_keys_were_here_is_told(
    console: Client, idp: IdentityProvider, step: str, now: Any
) -> None:
    called(idp, Outcome.NO_KEYS)
    shown = text_of(console.get(step))
    told = f"DingTalk tried to verify this address at {moment(NOW)}, but the keys were"
    assert f"{told} not set here yet." in shown
    assert "Save the keys here, then press Save in DingTalk again." in shown
    assert "The call came from 203.119.1.2." in shown
    now.shift(60)
    set_keys(idp)
    shown = text_of(console.get(step))
    assert told in shown
    assert "The keys were saved since then: press Save in DingTalk again." in shown
    now.shift(60)
    called(idp, Outcome.VERIFIED)
    assert told not in text_of(console.get(step))


@pytest.mark.parametrize(
    ("outcome", "cause", "advice"),
    [
        (Outcome.TOKEN, "The Encryption Token does not match", "Copy Signature Token"),
        (Outcome.AES_KEY, "AES Encryption Key does not", "Copy Encryption Aes_key"),
        (Outcome.OWNER, "another app or company", "Compare the credentials"),
        (Outcome.MALFORMED, "not a push of this vendor", "somebody else called"),
    ],
)
def test_a_refused_call_says_why_and_what_to_do(
    console: Client,
    idp: IdentityProvider,
    step: str,
    outcome: str,
    cause: str,
    advice: str,
) -> None:
    set_keys(idp)
    called(idp, outcome)
    shown = text_of(fragment(console, step))
    assert cause in shown
    assert advice in shown


def test_a_refused_call_is_over_when_something_came_since(
    console: Client, idp: IdentityProvider, step: str
) -> None:
    set_keys(idp)
    called(idp, Outcome.TOKEN, minutes=2)
    assert 'id="refused"' in words(console.get(step))
    event(idp, "user_add_org", minutes=1)
    assert 'id="refused"' not in words(console.get(step))
    called(idp, Outcome.TOKEN)
    assert 'id="refused"' in words(console.get(step))


# --- the ways to it ---


def test_the_first_runs_page_and_the_overview_lead_here_while_it_is_open(
    console: Client, staff_console: Client, idp: IdentityProvider, step: str
) -> None:
    first = builders.run(idp, trigger=SyncRun.Trigger.CONFIRM)
    later = builders.run(idp)
    overview = f"/identity/{idp.pk}/"
    link = f'href="{step}"'
    assert link in words(console.get(f"/sync/runs/{first.pk}/"))
    assert "Set up events" in words(console.get(overview))
    assert "keys not set" in words(console.get(overview))
    assert link not in words(console.get(f"/sync/runs/{later.pk}/"))
    assert link not in words(staff_console.get(f"/sync/runs/{first.pk}/"))
    assert link not in words(staff_console.get(overview))
    set_keys(idp)
    assert "address not verified" in words(console.get(overview))
    complete(idp)
    assert link not in words(console.get(f"/sync/runs/{first.pk}/"))
    assert "Set up events" not in words(console.get(overview))
    assert "6 of 6 kinds have come" in words(console.get(overview))


def test_a_look_at_a_subscription_is_a_few_queries(
    idp: IdentityProvider, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert not is_complete(idp)
    complete(idp)
    with django_assert_num_queries(4):
        assert subscription_of(idp).complete
