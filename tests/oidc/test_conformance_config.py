"""The Config profile of OpenID's conformance suite: discovery says what is true."""

import pytest
from django.conf import settings
from django.test import Client

from tests.oidc.conftest import Scene
from tests.oidc.relying import DISCOVERY, KEYS

pytestmark = pytest.mark.alone


@pytest.mark.parametrize("_module", ["oidcc-discovery-endpoint-verification"])
def test_config_profile(_module: str, scene: Scene) -> None:
    answer = Client().get(DISCOVERY)
    told = answer.json()
    assert answer["Content-Type"] == "application/json"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert told["issuer"] == f"{settings.PUBLIC_URL}/o"
    assert f"{told['issuer']}/.well-known/openid-configuration".endswith(DISCOVERY)
    for name, value in told.items():
        if name.endswith(("_endpoint", "_uri")):
            path = value.removeprefix(settings.PUBLIC_URL)
            assert Client().get(path).status_code != 404, name
    assert told["response_types_supported"] == ["code"]
    assert told["id_token_signing_alg_values_supported"] == ["RS256"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["claims_parameter_supported"] is False
    assert told["request_parameter_supported"] is False
    assert told["request_uri_parameter_supported"] is False
    everything = scene.gateway.tokens(
        scene.browser, scope=" ".join(told["scopes_supported"])
    )
    claims = scene.gateway.userinfo(everything["access_token"]).json()
    known = {*claims, *scene.gateway.verified(everything["id_token"])} - {"jti"}
    assert known == set(told["claims_supported"])


def test_the_metadata_also_stands_where_oauth_looks_for_it(db: None) -> None:
    """RFC 8414, 3: between the host and the issuer's path."""
    root = Client().get("/.well-known/oauth-authorization-server/o")
    assert root.json() == Client().get(DISCOVERY).json()


def test_keys_are_kept_for_less_than_a_new_one_is_announced(db: None) -> None:
    """F-86"""
    kept = Client().get(KEYS)["Cache-Control"]
    assert kept == "public, max-age=300"
