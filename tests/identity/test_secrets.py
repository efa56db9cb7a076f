"""Secrets at rest: sealed for one row and one name, opened by any key of the ring."""

import base64

import pytest

from identity.fields import CannotOpen, KeyRing
from identity.models import IdentityProvider, IdentitySecret

SECRET = "1Uji1mEjhmWq_SmE0KNScspYk0bBgDrlZ95vUTR"


def test_what_was_sealed_opens_and_does_not_show_what_it_is() -> None:
    ring = KeyRing(["first"])
    sealed = ring.seal(SECRET, "row:app_secret")
    assert SECRET not in sealed
    assert base64.b64encode(SECRET.encode()).decode()[:16] not in sealed
    assert ring.open(sealed, "row:app_secret") == SECRET


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    ring = KeyRing(["first"])
    assert ring.seal(SECRET, "row:x") != ring.seal(SECRET, "row:x")


def test_text_of_any_script_and_length_survives() -> None:
    ring = KeyRing(["first"])
    for text in ("", "密钥𠮷", "x" * 10_000):
        assert ring.open(ring.seal(text, "row:x"), "row:x") == text


@pytest.mark.parametrize("context", ["other:app_secret", "row:token", "", "row:"])
def test_a_sealed_value_opens_only_for_its_row_and_name(context: str) -> None:
    ring = KeyRing(["first"])
    with pytest.raises(CannotOpen):
        ring.open(ring.seal(SECRET, "row:app_secret"), context)


@pytest.mark.parametrize("place", [0, 12, 28, -1])
def test_a_changed_byte_is_noticed(place: int) -> None:
    """Nonce, tag and body."""
    ring = KeyRing(["first"])
    version, key, packed = ring.seal(SECRET, "row:x").split(":")
    data = bytearray(base64.urlsafe_b64decode(packed))
    data[place] ^= 1
    forged = f"{version}:{key}:{base64.urlsafe_b64encode(data).decode()}"
    with pytest.raises(CannotOpen):
        ring.open(forged, "row:x")


@pytest.mark.parametrize("length", [0, 1, 5, 15, 16, 17, 30, -1])
def test_what_was_cut_off_is_noticed(length: int) -> None:
    ring = KeyRing(["first"])
    version, key, packed = ring.seal(SECRET, "row:x").split(":")
    with pytest.raises(CannotOpen):
        ring.open(f"{version}:{key}:{packed[:length]}", "row:x")


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    old, both = KeyRing(["old"]), KeyRing(["new", "old"])
    assert both.open(old.seal(SECRET, "row:x"), "row:x") == SECRET
    with pytest.raises(CannotOpen):
        old.open(both.seal(SECRET, "row:x"), "row:x")


def test_without_its_key_a_value_cannot_be_opened_and_the_error_names_no_secret() -> (
    None
):
    sealed = KeyRing(["lost"]).seal(SECRET, "row:x")
    with pytest.raises(CannotOpen) as caught:
        KeyRing(["other"]).open(sealed, "row:x")
    assert "ENCRYPTION_KEYS" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("keys", [[], [""], ["good", ""]])
def test_a_ring_without_a_real_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="key"):
        KeyRing(keys)


def test_a_fingerprint_is_that_of_its_value_for_its_row_and_key() -> None:
    old, both, new = KeyRing(["old"]), KeyRing(["new", "old"]), KeyRing(["new"])
    assert both.fingerprint(SECRET, "row:x") == new.fingerprint(SECRET, "row:x")
    assert old.fingerprint(SECRET, "row:x") != new.fingerprint(SECRET, "row:x")
    assert old.fingerprint(SECRET, "row:x") != old.fingerprint(SECRET, "row:y")
    assert old.fingerprint(SECRET, "row:x") != old.fingerprint(SECRET + "!", "row:x")


def test_a_ring_knows_again_what_any_of_its_keys_has_marked() -> None:
    """The newest makes fingerprints, as it seals; older ones are in the database."""
    old, both, new = KeyRing(["old"]), KeyRing(["new", "old"]), KeyRing(["new"])
    known = both.fingerprints(SECRET, "row:x")
    assert known == [ring.fingerprint(SECRET, "row:x") for ring in (new, old)]
    assert both.fingerprint(SECRET, "row:x") in new.fingerprints(SECRET, "row:x")
    assert both.fingerprint(SECRET + "!", "row:x") not in known


@pytest.fixture
def owner(db: None) -> IdentityProvider:
    return IdentityProvider.objects.create(kind="dingtalk")


def test_the_database_holds_no_plaintext(owner: IdentityProvider) -> None:
    owner.set_secret("app_secret", SECRET)
    row = owner.secrets.get()
    stored = " ".join(str(value) for value in vars(row).values())
    assert SECRET not in stored
    assert owner.secret("app_secret") == SECRET


def test_a_row_copied_to_another_idp_does_not_open(owner: IdentityProvider) -> None:
    owner.set_secret("app_secret", SECRET)
    thief = IdentityProvider.objects.create(kind="dingtalk")
    row = owner.secrets.get()
    stolen = IdentitySecret(
        idp=thief, name=row.name, sealed=row.sealed, fingerprint=row.fingerprint
    )
    stolen.save()
    with pytest.raises(CannotOpen):
        thief.secret("app_secret")


def test_a_value_moved_to_another_name_does_not_open(owner: IdentityProvider) -> None:
    owner.set_secret("app_secret", SECRET)
    owner.secrets.update(name="token")
    with pytest.raises(CannotOpen):
        owner.secret("token")


def test_replacing_a_secret_leaves_one_row(owner: IdentityProvider) -> None:
    owner.set_secret("token", "old")
    owner.set_secret("token", "new")
    assert owner.secret("token") == "new"
    assert owner.secrets.count() == 1


def test_credentials_hold_every_setting_by_name(owner: IdentityProvider) -> None:
    owner.settings = {"corp_id": "ding12345", "stray": "x"}
    owner.set_secret("app_secret", SECRET)
    assert owner.credentials() == {
        "corp_id": "ding12345",
        "app_key": "",
        "dingtalk_type": "",
        "push_method": "http",
        "app_secret": SECRET,
        "aes_key": "",
        "token": "",
    }


def test_a_pass_is_bound_to_the_tested_values_only(owner: IdentityProvider) -> None:
    owner.set_secret("app_secret", SECRET)
    before = owner.credentials_fingerprint()
    owner.set_secret("token", "not tested")
    assert owner.credentials_fingerprint() == before
    owner.set_secret("app_secret", SECRET + "x")
    assert owner.credentials_fingerprint() != before
