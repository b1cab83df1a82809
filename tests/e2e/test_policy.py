"""The page works under its content security policy, and what is injected into it can send nothing elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import photo
from tests.e2e.app import Annotator
from tests.e2e.conftest import Launch

pytestmark = pytest.mark.e2e

EVIL = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>'


def test_every_tab_works_and_names_are_text(page: Page, launch: Launch, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    photo(folder / "<img src=x onerror=window.evil=1>.png", width=160, height=120)
    page.add_init_script(
        "window.violations = []; addEventListener('securitypolicyviolation',"
        " (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));"
    )
    ann = Annotator(page).open(launch(folder, "--categories", f"cat,{EVIL.replace(',', '')}").url)
    ann.click(60, 50).press("2", "Enter")
    assert len(ann.objects) == 1
    for tab in ("Review", "Quality", "Statistics", "Import", "Export", "Annotate"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(1200)
    page.get_by_role("tab", name="Export").click()
    page.locator("#ann-export-start").click()
    page.locator("#ann-export-report .ann-figures").wait_for()
    with page.expect_download():
        page.locator("#ann-export-download").click()
    assert page.evaluate("window.violations") == []
    assert page.evaluate("window.evil") is None, "names are shown, never run"
    blocked = page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'blocked')")
    assert blocked == "blocked"
    assert [one.split()[0] for one in page.evaluate("window.violations")] == ["connect-src"]
    expect(page.locator("iframe")).to_have_count(0)
