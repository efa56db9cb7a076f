"""What README.md and `--help` say of the file is true."""

import re
from pathlib import Path

import pytest

from identity.as_code.reading import read
from identity.as_code.writing import example
from identity.connectors import registry
from identity.models import IdentityProvider
from tests.plugins.files import Folder

pytestmark = pytest.mark.django_db
README = Path(__file__).resolve().parents[2] / "README.md"
AES_KEY = "SRIcwnup1JHFJ4O2SzLS1RtQGJzC3RG2c33AMabcdeQ"


def test_the_readmes_file_can_be_applied(
    folder: Folder, credentials: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands there, with this company's own values."""
    monkeypatch.setenv("DINGTALK_AES_KEY", AES_KEY)
    monkeypatch.setenv("DINGTALK_TOKEN", "a-token")
    [text] = re.findall(r"^```toml\n(.*?)^```", README.read_text(), re.M | re.S)
    for name in ("corp_id", "app_key"):
        text, count = re.subn(
            rf'^{name} = ".*"', f'{name} = "{credentials[name]}"', text, flags=re.M
        )
        assert count == 1
    ended = folder.text(text)
    idp = IdentityProvider.objects.get()
    assert (ended.code, ended.reasons) == (0, "")
    assert (idp.name, idp.scope, idp.departments) == ("总部", "partial", ["1"])
    assert idp.secret("aes_key") == AES_KEY
    assert {row["target"] for row in idp.mapping} == {
        "name",
        "email",
        "mobile",
        "attributes.CostCentre",
    }
    assert folder.text(text).output == "总部: nothing to change.\n"


@pytest.mark.parametrize("kind", registry.kinds())
def test_the_file_in_the_help_has_only_keys_that_there_are(kind: str) -> None:
    secrets = registry.get(kind).secret_settings
    found = {f"{kind}_{name}".upper(): "x" for name in secrets}
    document = read(example(kind).encode(), found)
    assert set(document.variables) == set(secrets)
