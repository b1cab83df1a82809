"""Whatever is sent to the API, it answers as its description says, and never with a fault of the server.

`ANNOTATOR_TEST_REQUESTS` says how many requests are made at least.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from annotator.api.app import create_app
from annotator.config import Settings
from annotator.domain.person import Role
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.sessions.service import Service
from tests.conftest import photo

REQUESTS = int(os.environ.get("ANNOTATOR_TEST_REQUESTS", "5000"))
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
ENDLESS = {"/api/v1/projects/{project}/events"}
"""A stream has no end to wait for."""
PROCESSES = {"/api/v1/projects/{project}/quality/check"}
"""Each request may begin a process of seconds; its body is empty."""

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    folder = tmp_path_factory.mktemp("hostile") / "photos"
    for seed, name in enumerate(("a.png", "b.png")):
        photo(folder / name, seed=seed)
    settings = Settings.load(author="ann", allowed_hosts=["testserver"])
    service = Service.open(folder, settings, engine=Engine(predictor=FakePredictor()))
    service.categories.ensure(["cat"])
    service.library.scan()
    yield create_app(service)
    service.close()


def known(app: FastAPI) -> dict[str, list[Any]]:
    """Values that lead somewhere: requests that only ever miss try nothing."""
    service: Service = app.state.service
    page = service.list_images(status=None, query=None, limit=10, cursor=None)
    return {
        "image": [one.id for one in page.items],
        "project": [service.project_id],
        "model": [service.engine.model],
        "category": [1],
        "annotation": [1, 2, 3],
        "version": ["v1"],
    }


def token_of_an_admin(app: FastAPI) -> str:
    """Who may do everything can try everything."""
    accounts = app.state.service.accounts
    accounts.add("ada", role=Role.ADMIN, password=None, by="test")
    token: str = accounts.create_token("ada", label="test", by="test")
    return token


def test_no_request_is_a_fault_of_the_server_and_no_reply_breaks_the_description(app: FastAPI) -> None:
    headers = {"Authorization": f"Bearer {token_of_an_admin(app)}"}
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=headers)
    operations = [one.ok() for one in schema.get_all_operations()]
    tried = [one for one in operations if one.path not in ENDLESS | PROCESSES]
    assert len(tried) >= 40
    each = -(-REQUESTS // len(tried)) + 10
    values = known(app)
    statuses: Counter[int] = Counter()
    for operation in tried:
        how = hypothesis_settings(
            max_examples=each,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        counter = 0

        @how
        @given(case=operation.as_strategy())
        def send(case: Any) -> None:
            nonlocal counter
            counter += 1
            for name in case.path_parameters or {}:
                if counter % 4 and name in values:
                    case.path_parameters[name] = values[name][counter % len(values[name])]
            reply = case.call(headers=headers)
            statuses[reply.status_code] += 1
            case.validate_response(reply, checks=CHECKS)

        send()
    assert sum(statuses.values()) >= REQUESTS, statuses
    answered = sum(count for status, count in statuses.items() if 200 <= status < 300)
    assert answered > REQUESTS / 20, statuses
    assert not [status for status in statuses if status >= 500], statuses


def test_the_project_is_well_after_it(app: FastAPI) -> None:
    service: Service = app.state.service
    page = service.list_images(status=None, query=None, limit=1000, cursor=None)
    for item in page.items:
        service.image(author="ann", image_id=item.id)
    assert {Path(item.name).name for item in page.items} >= {"a.png", "b.png"}
    outside = [path for path in service.folder.parent.iterdir() if path != service.folder]
    assert outside == [], "nothing was written outside the folder"
