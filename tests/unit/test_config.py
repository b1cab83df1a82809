"""Settings come from four places, the nearer one wins, and a wrong value is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.config import Settings
from annotator.errors import BadSetting


def test_flags_win_over_the_environment_which_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.yaml").write_text("port: 1001\nhost: 127.0.0.3\nmodel: fake\n")
    monkeypatch.setattr("annotator.config.configs_folder", lambda: tmp_path)
    monkeypatch.setenv("ANNOTATOR_PORT", "1002")
    monkeypatch.setenv("ANNOTATOR_HOST", "127.0.0.2")
    settings = Settings.load(port=1003, host=None)
    assert (settings.port, settings.host, settings.model) == (1003, "127.0.0.2", "fake")
    assert settings.cache_mb == 160


@pytest.mark.parametrize(
    ("flags", "name"), [({"port": 99999}, "port"), ({"device": "gpu"}, "device"), ({"author": " "}, "author")]
)
def test_a_wrong_value_is_a_sentence_that_names_the_setting(flags: dict, name: str) -> None:
    with pytest.raises(BadSetting, match=f"“{name}” has an unusable value.*ANNOTATOR_{name.upper()}"):
        Settings.load(**flags)
