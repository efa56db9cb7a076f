"""Search: plain LIKE, with the same results on both databases."""

import pytest

from identity.models import IdentityProvider
from sync.models import Employee
from sync.org.departments import lineage, matching_departments
from sync.org.matching import hide_number
from sync.org.people import PeopleQuery, people
from tests import builders

pytestmark = pytest.mark.django_db

CAST = {
    "张三": {"mobile": "13900001111", "title": "工程师", "job_number": "A-100"},
    "张三丰": {"mobile": "13900002222", "email": "Feng@Example.test"},
    "李四": {"mobile": "13811110000", "title": "Sales_Lead 100%"},
    "欧阳娜娜": {"mobile": "+81-9012345678", "job_number": "B_7"},
    "ÉMILE Zola": {"email": "emile@example.test", "title": "50% 兼职"},
}


@pytest.fixture
def idp() -> IdentityProvider:
    idp = builders.idp()
    for number, (name, values) in enumerate(CAST.items()):
        builders.employee(idp, f"u{number}", name, (), **values)
    return idp


def found(idp: IdentityProvider, text: str, *, hidden: bool = False) -> set[str]:
    """Whom a search finds."""
    page = people(PeopleQuery(idp, text=text, hidden=hidden), lineage(idp, None))
    return {person.employee.name for person in page.rows}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("张", {"张三", "张三丰"}),
        ("三", {"张三", "张三丰"}),
        ("张三", {"张三", "张三丰"}),
        ("张三丰", {"张三丰"}),
        ("娜", {"欧阳娜娜"}),
        ("阳娜娜", {"欧阳娜娜"}),
        ("三张", set()),
    ],
)
def test_one_two_and_three_chinese_characters_are_enough(
    idp: IdentityProvider, text: str, expected: set[str]
) -> None:
    """Trigram indexes find nothing here, on either database."""
    assert found(idp, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("feng@example", {"张三丰"}),
        ("FENG@EXAMPLE.TEST", {"张三丰"}),
        ("a-1", {"张三"}),
        ("b_7", {"欧阳娜娜"}),
        ("工程", {"张三"}),
        ("sales", {"李四"}),
        ("zOLA", {"ÉMILE Zola"}),
    ],
)
def test_mail_job_number_and_title_are_searched_in_any_case(
    idp: IdentityProvider, text: str, expected: set[str]
) -> None:
    assert found(idp, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[(text, "ÉMILE Zola") for text in ("Émile", "émile", "emile", "E\u0301mile")],
        *[(text, "José García") for text in ("jose", "jose g", "arcia", "JOSÉ")],
        *[(text, "Obermüller") for text in ("muller", "ober", "OBERMÜLLER")],
        *[(text, "Łukasz Øst") for text in ("lukasz", "ost", "łukasz ø")],
        *[(text, "Groß") for text in ("gross", "groß", "GROẞ")],
        *[(text, "Иван") for text in ("иван", "ИВАН")],
        *[(text, "Anna Muller") for text in ("anna müller", "Ｍuller")],
        *[(text, "が森") for text in ("が", "森")],
        *[(text, "ｶﾞﾝﾀﾞﾑ") for text in ("ガンダム", "ｶﾞﾝ")],
    ],
)
def test_names_are_found_without_regard_to_accents_and_case(
    idp: IdentityProvider, text: str, expected: str
) -> None:
    """U32: on both sides, and on both databases alike."""
    people = ("José García", "Obermüller", "Łukasz Øst", "Groß", "Иван", "Anna Muller")
    for number, name in enumerate((*people, "か林", "が森", "ｶﾞﾝﾀﾞﾑ")):
        builders.employee(idp, f"v{number}", name)
    assert expected in found(idp, text)
    assert len(found(idp, text)) <= 2


def test_departments_are_found_without_regard_to_accents(idp: IdentityProvider) -> None:
    builders.department(idp, "2", "Équipe (Zürich)")
    builders.department(idp, "3", "研发部（深圳）")
    for text, expected in (("equipe", "2"), ("zurich", "2"), ("部(深", "3")):
        assert [d.source_id for d in matching_departments(idp, text)] == [expected]


def test_a_text_of_accents_alone_finds_nobody(idp: IdentityProvider) -> None:
    builders.employee(idp, "v", "José")
    assert found(idp, "\u0301") == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%", {"李四", "ÉMILE Zola"}),
        ("_", {"李四", "欧阳娜娜"}),
        ("100%", {"李四"}),
        ("s_l", {"李四"}),
        ("张_", set()),
        ("\\", set()),
        ("'; DROP TABLE sync_employee; --", set()),
    ],
)
def test_wildcards_and_quotes_mean_themselves(
    idp: IdentityProvider, text: str, expected: set[str]
) -> None:
    """I-20."""
    assert found(idp, text) == expected
    assert Employee.objects.count() == len(CAST)


@pytest.mark.parametrize(
    "text", ["13900001111", "139 0000 1111", "139-0000-1111", "1111"]
)
def test_a_mobile_is_found_whole_and_by_its_end(
    idp: IdentityProvider, text: str
) -> None:
    assert "张三" in found(idp, text)
    assert "张三" in found(idp, text, hidden=True)


@pytest.mark.parametrize(
    "text", ["00001111", "1390000", "39000011", "390", "01111", "11"]
)
def test_who_may_not_see_a_mobile_cannot_find_it_digit_by_digit(
    idp: IdentityProvider, text: str
) -> None:
    assert "张三" in found(idp, text)
    assert "张三" not in found(idp, text, hidden=True)


def test_the_end_of_a_short_number_finds_nobody_because_it_is_not_shown(
    idp: IdentityProvider,
) -> None:
    builders.employee(idp, "short", "Short", mobile="556677")
    assert hide_number("556677") == "****"
    assert found(idp, "6677", hidden=True) == set()
    assert found(idp, "556677", hidden=True) == {"Short"}


def test_foreign_numbers_are_found_with_and_without_their_marks(
    idp: IdentityProvider,
) -> None:
    assert found(idp, "+81-90") == {"欧阳娜娜"}
    assert found(idp, "+81-9012345678", hidden=True) == {"欧阳娜娜"}
    assert found(idp, "5678", hidden=True) == {"欧阳娜娜"}


@pytest.mark.parametrize("text", ["-", "( )", "."])
def test_marks_alone_do_not_find_people_without_a_mobile(
    idp: IdentityProvider, text: str
) -> None:
    builders.employee(idp, "none", "Nobody", mobile="")
    assert "Nobody" not in found(idp, text)
    assert "Nobody" not in found(idp, text, hidden=True)


@pytest.mark.parametrize("text", ["华", "华东", "华东销", "销售"])
def test_departments_are_found_by_one_two_and_three_characters(text: str) -> None:
    idp = builders.idp()
    builders.department(idp, "2", "华东销售部")
    builders.department(idp, "3", "法务")
    assert [d.source_id for d in matching_departments(idp, text)] == ["2"]


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13900001111", "139****1111"),
        ("+81-9012345678", "+81****5678"),
        ("1390000111", "****11"),
        ("5566778", "****78"),
        ("556677", "****"),
        ("1", "****"),
        ("", ""),
    ],
)
def test_a_hidden_number_never_shows_whole(number: str, shown: str) -> None:
    assert hide_number(number) == shown
    assert not number or number not in hide_number(number)
