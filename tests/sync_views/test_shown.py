"""Small things that the pages show: letters of an avatar, a duration."""

import pytest

from sync.templatetags.shown import (
    duration,
    initials,
    marked,
    marked_department,
    marked_person,
)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("张三", "张三"),
        ("欧阳娜娜", "娜娜"),
        ("张", "张"),
        ("Ann", "A"),
        ("ann lee", "AL"),
        ("Ann van der Berg", "AB"),
        ("Ann 李四", "李四"),
        ("  ", "?"),
        ("", "?"),
        ("<script>", "<"),
    ],
)
def test_an_avatar_has_the_letters_that_people_call_each_other_by(
    name: str, letters: str
) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (0.4, "0.4 s"),
        (1, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3600, "1 h 0 min"),
        (86399, "23 h 59 min"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("张子欣", "zx", "张<mark>子欣</mark>"),
        ("张子欣", "zixin", "张<mark>子欣</mark>"),
        ("张子欣", "ZI X", "张<mark>子欣</mark>"),
        ("张子欣", "zhangz", "<mark>张子</mark>欣"),
        ("张子欣", "zzx", "<mark>张子欣</mark>"),
        ("赵珊珊", "sh", "赵<mark>珊</mark><mark>珊</mark>"),
        ("曾国藩", "zeng", "<mark>曾</mark>国藩"),
        ("邓小平", "shanx", "<mark>邓小</mark>平"),
        ("单于夫罗", "chany", "<mark>单于</mark>夫罗"),
        ("阿Ken <b>", "ak", "<mark>阿Ken</mark> &lt;b&gt;"),
        ("阿Ken", "KEN", "阿<mark>Ken</mark>"),
        ("张子欣", "欣", "张子<mark>欣</mark>"),
        ("张子欣", "angz", "张子欣"),
        ("José García", "jose", "<mark>José</mark> García"),
        ("Jose\u0301 M", "é m", "Jos<mark>é M</mark>"),
        ("Straße", "ss", "Stra<mark>ß</mark>e"),
        ("Straße", "s", "<mark>S</mark>tra<mark>ß</mark>e"),
        ("研发Ⅲ期", "i", "研发<mark>Ⅲ</mark>期"),
        ("Ann", "", "Ann"),
    ],
)
def test_what_a_search_found_in_a_name_is_marked(
    name: str, text: str, shown: str
) -> None:
    """U32: by its letters, or by its sound."""
    assert marked_person(name, text) == shown


def test_other_values_are_not_marked_by_their_sound() -> None:
    assert marked("工程师", "gcs") == "工程师"
    assert marked_department("曾厝垵", "ceng") == "<mark>曾</mark>厝垵"
    assert marked_department("银行部", "yhb") == "<mark>银行部</mark>"
