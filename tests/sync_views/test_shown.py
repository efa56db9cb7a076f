"""Small things that the pages show: letters of an avatar, a duration."""

import pytest

from sync.templatetags.shown import duration, initials


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
