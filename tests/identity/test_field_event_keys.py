"""I-08 and I-09: the two keys of the event push, which work only together."""

import pytest

from identity.models import IdentityProvider
from tests.identity.basics import KEY, errors, forms_of

pytestmark = [pytest.mark.alone, pytest.mark.django_db]


@pytest.mark.parametrize(
    "key", [KEY, "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij", "a+b/" * 10 + "abc"]
)
def test_S110_an_aes_key_of_43_characters_is_taken(
    new_idp: IdentityProvider, key: str
) -> None:
    """I-08: stray low bits at the end are DingTalk's own, published keys have them."""
    assert errors(new_idp, aes_key=key, token="YYwR3A3rV6mrvpC") == {}


@pytest.mark.parametrize(
    "key",
    [
        KEY[:42],
        KEY + "x",
        KEY[:42] + "=",
        KEY + "=",
        KEY[:42] + "-",
        KEY[:42] + "_",
        KEY[:20] + " " + KEY[21:],
        "Ａ" * 43,
        "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AM******",
    ],
)
def test_S110_S111_another_aes_key_is_refused(
    new_idp: IdentityProvider, key: str
) -> None:
    """I-08: the token is not kept alone."""
    found = errors(new_idp, aes_key=key, token="YYwR3A3rV6mrvpC")
    assert list(found) == ["aes_key", "token"]
    assert found["token"] == ["pair"]


@pytest.mark.parametrize("token", ["x", "YYwR3A3rV6mrvpC", "!~" * 32])
def test_S112_a_token_of_visible_ascii_is_taken(
    new_idp: IdentityProvider, token: str
) -> None:
    """I-09."""
    assert errors(new_idp, aes_key=KEY, token=token) == {}


@pytest.mark.parametrize(
    "token", ["x" * 65, "a b", "tökenn", "令牌", "YYwR3A3rV6mrvpC******", "a\tb"]
)
def test_S112_S113_another_token_is_refused(
    new_idp: IdentityProvider, token: str
) -> None:
    """I-09: the key is not kept alone."""
    found = errors(new_idp, aes_key=KEY, token=token)
    assert list(found) == ["token", "aes_key"]
    assert found["aes_key"] == ["pair"]


@pytest.mark.parametrize("typed", [{"aes_key": KEY}, {"token": "YYwR3A3rV6mrvpC"}])
def test_A4_one_event_key_without_the_other_is_refused_and_not_kept(
    new_idp: IdentityProvider, typed: dict[str, str]
) -> None:
    forms = forms_of(new_idp, **typed)
    assert {problem.label for problem in forms.problems()} == {
        "AES Encryption Key",
        "Encryption Token",
    }
    forms.save()
    assert not new_idp.secrets.filter(name__in=["aes_key", "token"]).exists()


def test_A4_one_of_two_stored_event_keys_may_be_replaced(
    new_idp: IdentityProvider,
) -> None:
    new_idp.set_secret("aes_key", KEY)
    new_idp.set_secret("token", "old")
    forms = forms_of(new_idp, token="new")
    assert forms.is_valid()
    forms.save()
    assert new_idp.secret("token") == "new"
    assert new_idp.secret("aes_key") == KEY


@pytest.mark.parametrize(
    "typed",
    [{"aes_key": KEY, "token": "a b"}, {"aes_key": KEY[:42], "token": "YYwR3A3rV6"}],
)
def test_A4_a_key_beside_a_refused_one_is_not_kept_alone(
    new_idp: IdentityProvider, typed: dict[str, str]
) -> None:
    """I-09: it could never be taken away again, for empty means unchanged."""
    forms = forms_of(new_idp, **typed)
    forms.save()
    assert not new_idp.secrets.filter(name__in=["aes_key", "token"]).exists()
    assert forms_of(new_idp, aes_key="", token="").is_valid()
