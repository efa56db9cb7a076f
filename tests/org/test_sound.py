"""U32: how names sound, and that a search finds them by it, on both databases alike."""

import importlib
import re

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from identity.models import IdentityProvider
from sync.models import Department, Employee
from sync.org.departments import lineage, matching_departments
from sync.org.people import PeopleQuery, people
from sync.sound import LIMIT, beginnings, spell, spoken
from tests import builders

pytestmark = pytest.mark.django_db

CAST = (
    "张三",
    "张三丰",
    "李四",
    "曾国藩",
    "尉迟恭",
    "阿Ken",
    "Zhang San",
    "赵珊",
    "章山",
)


@pytest.fixture
def idp() -> IdentityProvider:
    idp = builders.idp()
    for number, name in enumerate(CAST):
        builders.employee(idp, f"u{number}", name)
    builders.department(idp, "2", "张家口分公司")
    return idp


def found(idp: IdentityProvider, text: str, size: int = 50) -> list[str]:
    """Whom a search finds, in its order, by following its pages."""
    query, after = PeopleQuery(idp, text=text), None
    names: list[str] = []
    while True:
        page = people(query, lineage(idp, None), after, size)
        names += [person.employee.name for person in page.rows]
        after = page.after
        if after is None:
            return names


@pytest.mark.parametrize(
    "text", ["zs", "ZS", "zhangsan", "zhang s", "zhang san", "Zhang'San", "zhangs"]
)
def test_a_name_is_found_by_its_sound_and_its_initials(
    idp: IdentityProvider, text: str
) -> None:
    assert {"张三", "张三丰"} <= set(found(idp, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s", {"张三", "张三丰", "李四", "赵珊", "章山", "Zhang San"}),
        ("sf", {"张三丰"}),
        ("feng", {"张三丰"}),
        ("gsan", set()),
        ("ang", {"Zhang San"}),
        ("ken", {"阿Ken"}),
        ("aken", {"阿Ken"}),
        ("zgf", {"曾国藩"}),
        ("yuchi", {"尉迟恭"}),
    ],
)
def test_a_sound_begins_with_a_syllable_and_never_inside_one(
    idp: IdentityProvider, text: str, expected: set[str]
) -> None:
    assert set(found(idp, text)) == expected


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("曾国藩", "zeng"),
        ("单雄信", "shan"),
        ("解缙", "xie"),
        ("仇英", "qiu"),
        ("区寄", "ou"),
        ("查良镛", "zha"),
        ("任我行", "ren"),
        ("盖聂", "ge"),
        ("缪荃孙", "miao"),
        ("朴正", "piao"),
        ("阚清子", "kan"),
        ("卜算子", "bu"),
        ("尉迟恭", "yuchigong"),
        ("万俟卨", "moqi"),
        ("澹台灭明", "tantai"),
        ("单于夫罗", "chanyu"),
        ("长孙无忌", "zhangsunwuji"),
        ("吕布", "lvbu"),
    ],
)
def test_family_names_sound_as_family_names(name: str, sound: str) -> None:
    assert spell(name).startswith(f"^ {sound}")


def test_what_is_read_in_two_ways_is_found_in_both() -> None:
    for sound in ("leyue", "yueyue", "chongqing", "zhongqing"):
        texts = (spell("乐乐乐"), spell("乐月"), spell("重庆分公司", person=False))
        assert any(re.search(f"[\\^~] {sound}", text) for text in texts), sound


@pytest.mark.parametrize("name", ["", "Ken", "한국", "123", "はな", "😀"])
def test_a_name_without_chinese_characters_has_no_sound(name: str) -> None:
    assert spell(name) == ""


def test_a_department_sounds_as_its_words_do() -> None:
    assert spell("银行部", person=False).startswith("^ yinhangbu^ yhb")
    assert spell("重庆A组", person=False).startswith("^ chongqingazu^ cqaz")


def test_a_name_with_accents_keeps_its_bare_form_behind_its_sound() -> None:
    assert spell("Émile") == "\x1femile"
    assert spell("张É").endswith("\x1f张e")
    assert beginnings(spell("Émile")) == ""
    longest = spell("ﷺ" * 200, person=False)
    assert len(longest) <= LIMIT


def test_a_long_name_keeps_whole_words_within_the_limit() -> None:
    sound = spell("单" * 200, person=False)
    assert 0 < len(sound) <= LIMIT or sound == ""
    company = "北京市海淀区中关村软件园研发中心人力资源部门华东销售"
    assert len(spell(company)) <= LIMIT
    assert beginnings(spell(company)).startswith("beijingshihaidianqu")


def test_composed_and_decomposed_letters_sound_alike() -> None:
    assert spell("张é") == spell("张e\u0301")
    assert spoken("LÜ bu") == " lvbu"
    assert spoken("张三") == spoken("139 0000") == spoken("a%") == ""


def test_names_that_begin_with_the_text_come_first_and_pages_keep_the_order(
    idp: IdentityProvider,
) -> None:
    builders.employee(idp, "v", "欧阳张三")
    for size in (1, 2, 3, 50):
        assert found(idp, "zs", size) == ["张三", "张三丰", "章山", "赵珊", "欧阳张三"]
        assert found(idp, "三", size) == ["张三", "张三丰", "欧阳张三"]
    builders.employee(idp, "w", "三毛")
    assert found(idp, "三", 2)[0] == "三毛"


def test_the_exact_name_comes_first_and_rare_readings_come_last(
    idp: IdentityProvider,
) -> None:
    """邓 may be read shan, in old books."""
    for number, name in enumerate(("邓小平", "单雄信", "山田", "Shan", "Shane")):
        builders.employee(idp, f"v{number}", name)
    for size in (1, 2, 50):
        order = found(idp, "shan", size)
        assert order[:4] == ["Shan", "Shane", "单雄信", "山田"]
        assert set(order[4:]) == {"赵珊", "章山", "邓小平"}
    builders.employee(idp, "w1", "José Antón")
    builders.employee(idp, "w2", "José")
    assert found(idp, "jose", 1) == ["José", "José Antón"]
    assert found(idp, "张三", 1)[0] == "张三"


def test_the_department_that_a_text_names_comes_before_larger_ones(
    idp: IdentityProvider,
) -> None:
    builders.department(idp, "3", "研发", total=1)
    for number in range(25):
        builders.department(idp, f"4{number}", f"研发{number}组", total=100)
    builders.department(idp, "5", "北京研发", total=200)
    assert matching_departments(idp, "研发")[0].source_id == "3"
    assert "5" not in {d.source_id for d in matching_departments(idp, "研发")}


@pytest.mark.parametrize("text", ["zjk", "zhangjia", "fengongsi", "口"])
def test_departments_are_found_by_their_sound(idp: IdentityProvider, text: str) -> None:
    assert [d.source_id for d in matching_departments(idp, text)] == ["2"]


# --- how it is kept ---


def wrong(idp: IdentityProvider) -> list[str]:
    """Rows whose sound is not that of their name."""
    return [
        *(
            row.name
            for row in Employee.objects.filter(idp=idp)
            if row.sound != spell(row.name)
        ),
        *(
            row.name
            for row in Department.objects.filter(idp=idp)
            if row.sound != spell(row.name, person=False)
        ),
    ]


@pytest.mark.django_db(transaction=True)
def test_rows_from_before_get_their_sound_from_the_migration() -> None:
    idp = builders.idp()
    builders.company(idp, people=30, departments=5)
    builders.employee(idp, "zeng", "曾国藩")
    Employee.objects.update(sound="")
    Department.objects.update(sound="")
    importlib.import_module("sync.migrations.0004_spell").fill(apps, None)
    assert wrong(idp) == []
    assert Employee.objects.get(userid="zeng").sound.startswith("^ zeng")


@pytest.mark.django_db(transaction=True)
def test_rows_spelled_by_the_version_before_are_spelled_anew() -> None:
    """As it spelled: no bare names, and rare readings like the usual ones."""
    idp = builders.idp()
    builders.company(idp, people=30, departments=5)
    for number in range(1200):
        builders.employee(idp, f"j{number}", "José")
    builders.employee(idp, "deng", "邓小平")
    Employee.objects.filter(name="José").update(sound="")
    Employee.objects.filter(userid="deng").update(sound="^ dengxiaoping^ shanxiaoping")
    Department.objects.filter(source_id="501").update(name="Zürich", sound="")
    assert wrong(idp)

    migration = importlib.import_module("sync.migrations.0005_respell")
    migration.respell(apps, None)
    assert wrong(idp) == []
    assert len(found(idp, "jose")) == 1200
    with CaptureQueriesContext(connection) as again:
        migration.respell(apps, None)
    assert not [query for query in again if query["sql"].startswith("UPDATE")]
