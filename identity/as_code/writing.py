"""An IdP as the text of a file. Secrets stand there as names of variables only."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import tomli_w

from identity.as_code import shape
from identity.as_code.changes import printable
from identity.as_code.reading import variable_of
from identity.forms.mapping import MappingForm
from identity.mapping import ATTRIBUTE, default_rows
from identity.models import IdentityProvider

EXAMPLE = UUID("7f0c0c5e-53a5-4d2c-9d2f-2f6d1f7e9d55")
HEAD = """\
# Apply with: manage.py idp apply FILE.toml
# What is left out stays as it is. Without the id the name says which IdP is meant.
# Secrets come from environment variables: env:NAME.
"""


def as_toml(idp: IdentityProvider) -> str:
    """The text; applied to the same IdP it changes nothing."""
    dates = idp.present_secrets().values_list("name", "created_at")
    set_on = {name: f"{at:%Y-%m-%d}" for name, at in dates}
    notes = {
        name: f"  # set on {set_on[name]}" if name in set_on else ""
        for name in idp.connector_class.secret_settings
    }
    return HEAD + "\n" + _body(idp, notes)


def example(kind: str) -> str:
    """A complete file of a kind, with dots where a value of the vendor's belongs."""
    idp = IdentityProvider(id=EXAMPLE, kind=kind, name="HQ", description="Logon")
    idp.scope, idp.departments = IdentityProvider.ScopeChoice.PARTIAL, ["501001"]
    rows = default_rows(idp.connector_class.source_fields())
    idp.mapping = [{"target": row.target, "sources": row.sources} for row in rows]
    fields = shape.credential_fields(idp.connector_class)
    idp.settings = {
        name: fields[name].initial or "..."
        for name in idp.connector_class.plain_settings
    }
    return _body(idp, dict.fromkeys(idp.connector_class.secret_settings, " "))


def variables(idp: IdentityProvider) -> list[str]:
    """The environment variables that the text names, in its order."""
    return [
        variable_of(idp.connector_class, name)
        for name in idp.connector_class.secret_settings
        if idp.has_secret(name)
    ]


def _body(idp: IdentityProvider, notes: Mapping[str, str]) -> str:
    """`notes` follow the secrets; one without a note is shown as not set."""
    parts = (
        _top(idp),
        _credentials(idp, notes),
        _synchronization(idp),
        _mapping(idp),
    )
    return "\n".join("".join(part) for part in parts)


def _top(idp: IdentityProvider) -> Iterator[str]:
    yield tomli_w.dumps({"type": idp.kind, "id": str(idp.pk)})
    yield tomli_w.dumps({name: getattr(idp, name) for name in shape.top_fields()})


def _credentials(idp: IdentityProvider, notes: Mapping[str, str]) -> Iterator[str]:
    connector, plain = idp.connector_class, idp.plain()
    yield "[credentials]\n"
    for name in shape.credential_fields(connector):
        if name not in connector.secret_settings:
            yield tomli_w.dumps({name: plain[name]})
            continue
        line = tomli_w.dumps({name: f"env:{variable_of(connector, name)}"}).rstrip()
        note = notes[name]
        yield f"{line}{note}".rstrip() + "\n" if note else f"# {line}  # not set\n"


def _synchronization(idp: IdentityProvider) -> Iterator[str]:
    yield "[synchronization]\n"
    yield tomli_w.dumps({name: getattr(idp, name) for name in shape.CYCLE})
    yield tomli_w.dumps({"scope": idp.scope})
    if idp.departments:
        yield "departments = [\n"
        for one in idp.departments:
            yield f"    {_text(one)},{_comment(idp, one)}\n"
        yield "]\n"


def _comment(idp: IdentityProvider, department: str) -> str:
    name = printable(str(idp.department_labels.get(department, {}).get("name", "")))
    return f"  # {name}" if name else ""


def _mapping(idp: IdentityProvider) -> Iterator[str]:
    form = MappingForm(idp, idp.connector_class.source_fields())
    rows = {row["target"]: row["sources"] for row in form.rows()}
    custom = {
        target.removeprefix(ATTRIBUTE): sources
        for target, sources in rows.items()
        if target.startswith(ATTRIBUTE)
    }
    known = {
        target: rows[target] for target in rows if not target.startswith(ATTRIBUTE)
    }
    yield "[mapping]\n"
    yield from _pairs(known)
    if custom:
        yield "\n[mapping.attributes]\n"
        yield from _pairs(custom)


def _pairs(rows: Mapping[str, list[str]]) -> Iterator[str]:
    """A source as a text, several as a list on one line."""
    for target, sources in rows.items():
        key = tomli_w.dumps({target: ""}).rpartition(" = ")[0]
        texts = [_text(source) for source in sources]
        value = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        yield f"{key} = {value}\n"


def _text(value: Any) -> str:
    """A value as TOML writes it."""
    return tomli_w.dumps({"value": value}).removeprefix("value = ").rstrip("\n")
