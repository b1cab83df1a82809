"""Who may do what, and which names and passwords are taken."""

import pytest

from annotator.domain.person import Person, Role, check_password
from annotator.errors import InvalidInput


def test_a_role_allows_itself_and_everything_below_it() -> None:
    allowed = {role.value: [needed.value for needed in Role if role.allows(needed)] for role in Role}
    assert allowed == {
        "viewer": ["viewer"],
        "annotator": ["viewer", "annotator"],
        "curator": ["viewer", "annotator", "curator"],
        "admin": ["viewer", "annotator", "curator", "admin"],
    }


def test_an_unknown_role_is_answered_with_the_known_ones() -> None:
    assert Role.named("curator") is Role.CURATOR
    with pytest.raises(InvalidInput, match="viewer, annotator, curator, admin"):
        Role.named("owner")


@pytest.mark.parametrize("name", ["", " ada", "ada ", "a\nb", "a\u202eb", "x" * 101])
def test_a_name_that_could_mislead_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        Person(name=name, role=Role.VIEWER)


def test_a_name_of_any_script_is_taken() -> None:
    assert Person(name="Иван 李", role=Role.ADMIN).name == "Иван 李"


@pytest.mark.parametrize("password", ["", "nine-char", "Ada-Lovelace", " ada-lovelace "])
def test_a_weak_password_is_refused_without_being_repeated(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_password(password, name="ada-lovelace")
    assert not password or password not in refused.value.message


def test_ten_characters_are_enough() -> None:
    check_password("ten-chars!", name="ada")
