"""`annotator user` on a folder of photos."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from annotator.cli import app
from annotator.config import Settings
from annotator.errors import AnnotatorError, BadSetting
from annotator.sessions.service import Service

runner = CliRunner()


def user(*words: str, typed: str = "") -> str:
    result = runner.invoke(app, ["user", *words], input=typed)
    if result.exception is not None and isinstance(result.exception, AnnotatorError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_people_come_and_go(folder: Path) -> None:
    place = str(folder)
    assert "no accounts" in user("list", place)
    added = user("add", "Ada", place, "--role", "admin", "--password-stdin", typed="correct horse\n")
    assert "Ada" in added
    assert "admin" in added
    user("add", "robot", place, "--no-password")
    assert "viewer" in user("role", "robot", "viewer", place)
    listed = user("list", place)
    assert "robot" in listed
    assert "without password" in listed
    token = user("token", "robot", "nightly", place).strip()
    assert token.startswith("annotator_")
    assert "nightly" in user("tokens", "robot", place)
    user("token", "robot", "nightly", place, "--revoke")
    assert "no tokens" in user("tokens", "robot", place)
    user("password", "Ada", place, "--password-stdin", typed="another horse\n")
    assert "0 sessions" in user("sign-out", "Ada", place)
    user("remove", "robot", place)
    assert "no accounts left" in user("remove", "ada", place)
    noted = user("audit", place)
    assert noted.index("account removed") < noted.index("token revoked") < noted.index("account added")
    assert token not in noted


def test_without_a_terminal_the_password_is_sent(folder: Path) -> None:
    with pytest.raises(AnnotatorError, match="--password-stdin"):
        user("add", "Ada", str(folder))


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(AnnotatorError, match="no folder"):
        user("list", str(tmp_path / "typo"))
    assert not (tmp_path / "typo").exists()


def test_a_server_that_others_reach_needs_an_account(folder: Path) -> None:
    from annotator.server import serve

    settings = Settings.load(host="0.0.0.0", port=0, model="fake", device="cpu")
    with pytest.raises(BadSetting, match=r"annotator user add NAME .* --role admin"):
        serve(folder, settings, categories=[], open_browser=False)


@pytest.mark.parametrize(
    "flags", [{"host": "127.0.0.1"}, {"host": "0.0.0.0", "user_header": "X-User"}, {"host": "localhost"}]
)
def test_a_server_for_oneself_or_behind_a_proxy_that_knows_people_needs_none(
    service: Service, flags: dict[str, str]
) -> None:
    from annotator.server import require_accounts

    service.settings = Settings.load(**flags)
    require_accounts(service)
