"""A file's bytes as a Document: right keys, right types, secrets from the environment.

What the values may be is not asked here: the wizard's forms judge that.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from identity.as_code import shape
from identity.connectors import registry
from identity.connectors.base import Connector
from identity.mapping import CATALOGUE

MOST_BYTES = 256 * 1024
MOST_PROBLEMS = 50
LARGEST = 10**9
"""No field has a use for more; Python does not even print a number without end."""
VARIABLE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)
WORDS = {bool: "true or false", int: "a whole number", str: "a text in quotes"}


class Refused(Exception):
    """A file that is not applied, for these reasons: lines that hold no secret."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says. A value that it leaves out is absent, or None.

    `fields` are what the first step's form takes, by field name, secrets among them;
    `variables` name the environment variables that those came from.
    """

    kind: str
    id: UUID | None
    fields: Mapping[str, Any] = field(repr=False)
    variables: Mapping[str, str]
    scope: str | None
    departments: tuple[str, ...] | None
    mapping: Mapping[str, tuple[str, ...]] | None
    attributes: Mapping[str, str]


def read(raw: bytes, environment: Mapping[str, str]) -> Document:
    """The Document of a file. Raises Refused with everything that is wrong."""
    tables = _parsed(raw)
    reader = _Reader(_connector(tables), environment)
    document = reader.document(tables)
    if reader.problems:
        raise Refused(*reader.problems)
    return document


def written(key: str) -> str:
    """A key as it may be shown: bare, or quoted with every odd character escaped."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key) else json.dumps(key[:64])


def _parsed(raw: bytes) -> dict[str, Any]:
    if len(raw) > MOST_BYTES:
        raise Refused(f"The file is larger than {MOST_BYTES // 1024} KiB.")
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Refused(
            f"The file is not UTF-8 (line {line}). Save it as that."
        ) from None
    except RecursionError:
        raise Refused("The file is nested too deeply.") from None
    except tomllib.TOMLDecodeError as error:
        raise Refused(f"This is not TOML: {error}.") from None
    except ValueError:  # Python's limit for digits; the parser does not say where
        raise Refused("A number in the file has too many digits.") from None


def _connector(tables: Mapping[str, Any]) -> type[Connector]:
    """The connector of the file's type; without it nothing else can be judged."""
    kind, kinds = tables.get("type"), registry.kinds()
    if isinstance(kind, str) and kind in kinds:
        return kinds[kind]
    known = ", ".join(f'"{one}"' for one in kinds)
    what = "is missing" if kind is None else "is not a type that is installed here"
    raise Refused(f"type: {what}. Known: {known}.")


class _Reader:
    """Takes a parsed file apart and collects what is wrong with it."""

    def __init__(
        self, connector: type[Connector], environment: Mapping[str, str]
    ) -> None:
        self.connector, self.environment = connector, environment
        self.places = shape.places(connector)
        self.problems: list[str] = []
        self.variables: dict[str, str] = {}

    def document(self, tables: Mapping[str, Any]) -> Document:
        """The Document; it is worth something only if there are no problems."""
        top, cycle = shape.top_fields(), shape.cycle_fields()
        vendor = shape.credential_fields(self.connector)
        self._known(tables, "", (*shape.HEAD, *top, *shape.TABLES))
        credentials = self._table(tables, "credentials", vendor)
        wanted = self._table(
            tables, "synchronization", (*cycle, "scope", "departments")
        )
        fields = self._typed(tables, top) | self._typed(wanted, cycle)
        fields |= self._typed(credentials, vendor)
        mapping, attributes = self._mapping(tables)
        return Document(
            kind=self.connector.kind,
            id=self._id(tables),
            fields=fields,
            variables=self.variables,
            scope=self._value(wanted, "scope", str),
            departments=self._departments(wanted),
            mapping=mapping,
            attributes=attributes,
        )

    # --- parts of the file ---

    def _id(self, tables: Mapping[str, Any]) -> UUID | None:
        text = self._value(tables, "id", str)
        if text is None:
            return None
        try:
            return UUID(text)
        except ValueError:
            self._wrong("id", "this is not a public id, such as `idp list` shows.")
            return None

    def _departments(self, table: Mapping[str, Any]) -> tuple[str, ...] | None:
        given = table.get("departments")
        if given is None:
            return None
        return self._texts("synchronization.departments", given)

    def _mapping(
        self, tables: Mapping[str, Any]
    ) -> tuple[dict[str, tuple[str, ...]] | None, dict[str, str]]:
        """Sources by directory field (None without a mapping), and by attribute."""
        if "mapping" not in tables:
            return None, {}
        targets = [known.key for known in CATALOGUE]
        table = self._table(tables, "mapping", (*targets, shape.ATTRIBUTES))
        custom = self._table(table, shape.ATTRIBUTES, None, above="mapping.")
        rows = {
            target: self._texts(f"mapping.{target}", given)
            for target, given in table.items()
            if target in targets
        }
        attributes = {
            name: self._text(f"mapping.attributes.{written(name)}", given)
            for name, given in custom.items()
        }
        return rows, attributes

    def _typed(
        self, table: Mapping[str, Any], fields: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The values of a table's fields that have the right type."""
        found: dict[str, Any] = {}
        for name in (one for one in fields if one in table):
            if name in self.connector.secret_settings:
                value: Any = self._secret(name, table[name])
            else:
                value = self._value(table, name, shape.type_of(fields[name]))
            if value is not None:
                # A form takes what a browser sends, so a number comes as its digits.
                found[name] = value if isinstance(value, bool) else str(value)
        return found

    def _secret(self, name: str, given: Any) -> str | None:
        """The value of the environment variable that a secret names."""
        place = self.places[name]
        found = VARIABLE.fullmatch(given) if isinstance(given, str) else None
        if not found:
            self._wrong(
                place,
                "a secret never stands in the file. Write the name of an environment "
                f'variable, for example "env:{variable_of(self.connector, name)}"; '
                "left out, the stored secret is kept.",
            )
            return None
        variable = found[1]
        if not self.environment.get(variable):
            state = "empty" if variable in self.environment else "not set"
            self._wrong(
                place,
                f"the environment variable {variable} is {state}. Set it, or leave "
                "this line out to keep the stored secret.",
            )
            return None
        self.variables[name] = variable
        return self.environment[variable]

    # --- keys and types ---

    def _known(
        self, table: Mapping[str, Any], above: str, known: Collection[str]
    ) -> None:
        for key in table:
            if key not in known and len(self.problems) < MOST_PROBLEMS:
                self._wrong(f"{above}{written(key)}", self._instead(key, known))

    def _instead(self, key: str, known: Collection[str]) -> str:
        place = self.places.get(key)
        if place is None:
            [nearest] = difflib.get_close_matches(key[:64], known, n=1, cutoff=0)
            return f"there is no such key. The nearest that there is: {nearest}."
        table = place.rpartition(".")[0]
        where = f"in the table [{table}]" if table else "at the top, above all tables"
        return f"this key stands {where}. Move it there."

    def _table(
        self,
        tables: Mapping[str, Any],
        name: str,
        known: Collection[str] | None,
        above: str = "",
    ) -> Mapping[str, Any]:
        """A table, {} if it is left out; `known` None means that its keys are open."""
        table = tables.get(name, {})
        if not isinstance(table, dict):
            self._wrong(f"{above}{name}", f"this is a table: write [{above}{name}].")
            return {}
        if known is not None:
            self._known(table, f"{above}{name}.", known)
        return table

    def _value(self, table: Mapping[str, Any], name: str, kind: type[Any]) -> Any:
        value = table.get(name)
        # By `type`, because to Python True is a number as well.
        if value is not None and type(value) is not kind:
            self._wrong(self.places[name], f"this must be {WORDS[kind]}.")
            return None
        if kind is int and value is not None and abs(value) > LARGEST:
            self._wrong(self.places[name], "this number is too large.")
            return None
        return value

    def _texts(self, place: str, given: Any) -> tuple[str, ...]:
        several = given if isinstance(given, list) else [given]
        if all(isinstance(one, str) and one for one in several):
            return tuple(several)
        self._wrong(place, 'this must be texts in quotes: ["...", "..."].')
        return ()

    def _text(self, place: str, given: Any) -> str:
        if isinstance(given, str) and given:
            return given
        self._wrong(place, f"this must be {WORDS[str]}.")
        return ""

    def _wrong(self, place: str, text: str) -> None:
        self.problems.append(f"{place}: {text}")


def variable_of(connector: type[Connector], secret: str) -> str:
    """The environment variable that an exported file names for a secret."""
    return f"{connector.kind}_{secret}".upper()
