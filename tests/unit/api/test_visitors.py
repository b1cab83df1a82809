"""A public demo: everybody has a session of their own within limits, and nothing of it is kept."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.api.visits import SPARE_SECONDS, UNUSED_SECONDS
from annotator.config import Settings
from annotator.domain.mask import Mask
from annotator.engine import Engine
from annotator.engine.fake import FakePredictor
from annotator.errors import BadSetting, NotFound
from annotator.sessions.service import Service
from annotator.sessions.throwaway import Beginning
from tests.unit.api.people import add_people
from tests.unit.api.test_gate import every_route, filled
from tests.unit.api.visiting import PAGE, SQUARE, Demo, running_demo, tree

pytestmark = pytest.mark.sqlite


@pytest.fixture
def demo(folder: Path, tmp_path: Path) -> Iterator[Demo]:
    with running_demo(folder, tmp_path / "scratch", demo_visitors=3) as running:
        yield running


@pytest.fixture
def project(folder: Path) -> Path:
    """A folder in which people have worked: with accounts, an object, a draft, an assignment and a version."""
    service = Service.open(folder, Settings.load(author="ann"), engine=Engine(predictor=FakePredictor()))
    service.categories.ensure(["cat"])
    service.library.scan()
    add_people(service.accounts)
    page = service.list_images(status=None, query=None, limit=10, cursor=None)
    first, second = page.items[0].id, page.items[1].id
    service.editor.add(author="ann", image_id=first, category="cat", mask=Mask.from_rle(SQUARE))
    service.together.assign(author="ann", image_ids=[second], assignee="ben")
    service.versions.create(author="ann", name="v1", message="for Ben", model="fake")
    service.close()
    return folder


# ---- each for themselves


def test_visitors_do_not_see_each_other(demo: Demo) -> None:
    one, other = demo.visitor(), demo.visitor()
    assert one.add().status_code == 201
    assert len(one.objects) == 1
    assert other.objects == []
    assert other.post("/projects/photos/undo", {"image": one.images[0]}).json()["done"] is None
    assert other.add("dog").status_code == 201
    assert one.post("/projects/photos/undo", {"image": one.images[0]}).json()["done"] == "add object"
    assert (len(one.objects), len(other.objects)) == (0, 1)
    assert one.get("/me")["name"] != other.get("/me")["name"]


def test_a_visitor_comes_back_to_what_they_made(demo: Demo) -> None:
    visitor = demo.visitor()
    visitor.add()
    assert visitor.open().status_code == 200
    assert len(visitor.objects) == 1
    assert len(demo.visits) == 1


def test_a_visitor_is_told_what_they_may_do(demo: Demo) -> None:
    me = demo.visitor().get("/me")
    assert re.fullmatch(r"visitor [0-9a-f]{4}", me["name"])
    assert me["demo"] == {"minutes": 30, "objects": 500}
    assert (me["accounts"], me["role"]) == (False, "curator")


def test_visitors_begin_with_the_objects_of_the_project_and_nobodys_name(project: Path, tmp_path: Path) -> None:
    with running_demo(project, tmp_path / "scratch") as demo:
        visitor = demo.visitor()
        (found,) = visitor.objects
        assert found["author"] == "the team"
        told = str([visitor.get(path) for path in ("/projects/photos/people", "/projects/photos/versions", "/me")])
        told += str(visitor.get("/projects/photos/images"))
        for name in ("ann", "ben", "ada", "v1", "Ben"):
            assert f"'{name}'" not in told
        assert visitor.send("DELETE", f"/api/v1/annotations/{found['id']}", json={"revision": 1}).status_code == 200
        assert len(demo.visitor().objects) == 1, "it is another's copy"


def test_numbers_of_the_first_page_are_not_shown_in_the_next_session(demo: Demo) -> None:
    visitor = demo.visitor()
    made = visitor.add().json()["annotation"]
    picture = visitor.send("GET", f"/api/v1/annotations/{made['id']}/crop?revision={made['revision']}")
    assert picture.status_code == 200
    assert picture.headers["cache-control"] == "private, no-store"


# ---- nothing is written


def test_the_project_stays_as_it_is_byte_for_byte(project: Path, tmp_path: Path) -> None:
    before = tree(project)
    with running_demo(project, tmp_path / "scratch") as demo:
        demo.beginning.start()
        visitor = demo.visitor()
        image = visitor.images[1]
        assert visitor.post(f"/images/{image}/predict", {"points": [[5, 5, 1]]}).status_code == 200
        assert visitor.add().status_code == 201
        assert visitor.add(image=image).status_code == 201
        for picture in ("pixels", "thumbnail"):
            assert visitor.send("GET", f"/api/v1/images/{image}/{picture}").status_code == 200
        assert tree(project) == before, "while somebody is there"
    assert tree(project) == before


def test_a_folder_that_never_was_a_project_does_not_become_one(folder: Path, tmp_path: Path) -> None:
    before = tree(folder)
    with running_demo(folder, tmp_path / "scratch") as demo:
        demo.visitor().add()
    assert tree(folder) == before


def test_nothing_is_left_of_a_session_that_is_over(demo: Demo) -> None:
    visitor = demo.visitor()
    visitor.add()
    assert demo.folders == 1
    demo.clock.now += 30 * 60
    demo.tidy()
    assert (demo.folders, len(demo.visits)) == (0, 0)


def test_a_project_in_a_database_server_is_refused_with_a_way_on(folder: Path, tmp_path: Path) -> None:
    settings = Settings.load(database_url="postgresql://server/photos")
    with pytest.raises(BadSetting, match="export it as COCO"):
        Beginning(folder, settings, tmp_path, categories=[])


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no folder"):
        Beginning(tmp_path / "away", Settings.load(), tmp_path, categories=[], engine=Engine(predictor=FakePredictor()))


# ---- coming in


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/api/v1/projects", PAGE),
        ("GET", "/api/v1/me", {}),
        ("POST", "/api/v1/projects/photos/undo", {}),
        ("GET", "/config", PAGE),
        ("GET", "/annotator/static/app.js", {}),
        ("GET", "/favicon.ico", {}),
        ("GET", "/.env", PAGE),
        ("GET", "/", {"Accept": "*/*"}),
        ("HEAD", "/", PAGE),
        ("POST", "/", PAGE),
        ("GET", "/", {**PAGE, "Sec-Fetch-Dest": "image"}),
    ],
)
def test_who_asks_for_anything_but_the_page_gets_no_session(
    demo: Demo, method: str, path: str, headers: dict[str, str]
) -> None:
    reply = demo.stranger().send(method, path, headers=headers)
    assert reply.status_code == 401
    assert method == "HEAD" or reply.json()["error"]["code"] == "session_ended"
    assert (len(demo.visits), demo.folders) == (0, 0)


def test_who_keeps_no_cookies_gets_no_session(demo: Demo) -> None:
    for _ in range(20):
        scanner = demo.stranger()
        assert scanner.send("GET", "/", headers=PAGE).headers["location"] == "/?begin"
        scanner.cookie = None
        reply = scanner.send("GET", "/?begin", headers=PAGE)
        assert reply.status_code == 400
        assert "needs a cookie" in reply.text
    assert (len(demo.visits), demo.folders) == (0, 0)


def test_the_address_is_as_it_was_when_one_is_in(demo: Demo) -> None:
    visitor = demo.stranger()
    assert visitor.send("GET", "/?__theme=dark", headers=PAGE).headers["location"] == "/?begin&__theme=dark"
    assert visitor.send("GET", "/?begin&__theme=dark", headers=PAGE).headers["location"] == "/?__theme=dark"


def test_a_cookie_that_somebody_made_up_is_none(demo: Demo) -> None:
    visitor = demo.visitor()
    assert visitor.cookie is not None
    name, _, value = visitor.cookie.partition("=")
    secret, _, seal = value.partition(".")
    for wrong in (
        "",
        ".",
        secret,
        f"{secret}.",
        f"x.{seal}",
        f"{secret}.{seal}x",
        f"{secret}x.{seal}",
        '"\\351.\\374"',
    ):
        other = demo.stranger()
        other.cookie = f"{name}={wrong}"
        assert other.send("GET", "/api/v1/me").status_code == 401, wrong
        assert other.send("GET", "/", headers=PAGE).status_code == 303, wrong
    assert len(demo.visits) == 1


@pytest.mark.filterwarnings("ignore:The `root_path` parameter")
def test_the_cookie_is_kept_from_scripts_and_from_other_sites(folder: Path, tmp_path: Path) -> None:
    with running_demo(folder, tmp_path / "scratch", root_path="/show") as demo:
        visitor = demo.stranger()
        plain = visitor.send("GET", "/", headers=PAGE)
        assert plain.headers["location"] == "/show/?begin"
        attributes = {part.strip().lower() for part in plain.headers["set-cookie"].split(";")[1:]}
        assert attributes == {"httponly", "path=/show", "samesite=lax"}
        secure = demo.stranger().send("GET", "/", headers={**PAGE, "X-Forwarded-Proto": "https"})
        assert "secure" not in secure.headers["set-cookie"].lower(), "nobody is believed who is no proxy"
        assert visitor.open().status_code == 200
        assert visitor.get("/me")["project"] == "photos"


def test_by_https_the_cookie_never_goes_without(folder: Path, tmp_path: Path) -> None:
    with running_demo(folder, tmp_path / "scratch", address="https://127.0.0.1:7860") as demo:
        assert "; Secure" in demo.stranger().send("GET", "/", headers=PAGE).headers["set-cookie"]


def test_several_requests_of_somebody_new_make_one_session(demo: Demo) -> None:
    async def rush() -> set[int]:
        visits = await asyncio.gather(*(demo.visits.enter("one browser") for _ in range(8)))
        return {id(visit) for visit in visits}

    assert demo.browser.portal is not None
    assert len(demo.browser.portal.call(rush)) == 1
    assert (len(demo.visits), demo.folders) == (1, 1)


# ---- places


def test_when_all_places_are_taken_one_is_asked_to_come_back(demo: Demo) -> None:
    for _ in range(3):
        demo.visitor().add()
    late = demo.stranger()
    reply = late.open()
    assert reply.status_code == 503
    assert reply.headers["retry-after"] == "60"
    assert reply.headers["content-type"].startswith("text/html")
    assert "As many visitors as this demo can have are here already (3). Come back in a minute." in reply.text
    assert (len(demo.visits), demo.folders) == (3, 3)


def test_who_does_nothing_for_longest_gives_their_place_away(demo: Demo) -> None:
    visitors = []
    for _ in range(3):
        visitors.append(demo.visitor())
        visitors[-1].add()
        demo.clock.now += 10
    demo.clock.now += SPARE_SECONDS - 20
    late = demo.visitor()
    assert late.add().status_code == 201
    assert [one.send("GET", "/api/v1/me").status_code for one in visitors] == [401, 200, 200]
    assert (len(demo.visits), demo.folders) == (3, 3)


def test_a_page_that_nobody_uses_gives_its_place_away_first(demo: Demo) -> None:
    first, fetched, third = demo.visitor(), demo.visitor(), demo.visitor()
    first.add()
    third.add()
    demo.clock.now += UNUSED_SECONDS
    demo.visitor()
    assert [one.send("GET", "/api/v1/me").status_code for one in (first, fetched, third)] == [200, 401, 200]


def test_an_open_page_alone_is_no_sign_of_somebody(demo: Demo) -> None:
    away, busy = demo.visitor(), demo.visitor()
    for _ in range(6):
        demo.clock.now += 5 * 60
        away.send("PUT", "/api/v1/projects/photos/presence", json={"client": "tab", "image": away.images[0]})
        busy.add()
        demo.tidy()
    assert away.send("GET", "/api/v1/me").status_code == 401
    assert len(busy.objects) == 6


# ---- the end


def test_after_the_end_the_page_begins_anew_and_the_old_one_is_told(demo: Demo) -> None:
    visitor = demo.visitor()
    visitor.add()
    before = visitor.get("/me")
    demo.clock.now += 30 * 60
    demo.tidy()
    reply = visitor.send("POST", "/api/v1/projects/photos/undo", json={})
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "session_ended")
    assert visitor.open().status_code == 200
    after = visitor.get("/me")
    assert visitor.objects == []
    assert after["name"] != before["name"]
    assert after["since"] != before["since"], "what was not saved before is not replayed"
    old_tab = {"X-Annotator-Person": before["name"].replace(" ", "%20")}
    late = visitor.send("POST", "/api/v1/projects/photos/undo", json={}, headers=old_tab)
    assert (late.status_code, late.json()["error"]["code"]) == (401, "session_ended")
    own_tab = {"X-Annotator-Person": after["name"].replace(" ", "%20")}
    assert visitor.send("POST", "/api/v1/projects/photos/undo", json={}, headers=own_tab).status_code != 401


def test_streams_end_with_the_session(demo: Demo) -> None:
    visitor = demo.visitor()
    visit = demo.visit_of(visitor)

    async def follow() -> bool:
        begun = asyncio.Event()

        async def stream() -> bool:
            async with demo.visits.request(visit, acts=False, lasts=True) as under_way:
                begun.set()
                await asyncio.sleep(60)
            return under_way.cancelled_caught

        task = asyncio.create_task(stream())
        await begun.wait()
        await demo.visits.end(visit)
        return await asyncio.wait_for(task, 5)

    assert demo.browser.portal is not None
    assert demo.browser.portal.call(follow)


# ---- limits


def test_so_many_objects_and_no_more(project: Path, tmp_path: Path) -> None:
    with running_demo(project, tmp_path / "scratch", demo_objects=2) as demo:
        visitor = demo.visitor()
        made = [visitor.add() for _ in range(3)]
        assert [reply.status_code for reply in made] == [201, 201, 403]
        assert "This demo keeps 2 objects of yours" in made[2].json()["error"]["message"]
        assert len(visitor.objects) == 3, "with the one that was there"
        image = visitor.images[0]
        one = visitor.objects[0]
        visitor.send("DELETE", f"/api/v1/annotations/{one['id']}", json={"revision": one["revision"]})
        assert visitor.add(image=visitor.images[1]).status_code == 201
        back = visitor.post("/projects/photos/undo", {"image": image})
        assert back.status_code == 403, "undo makes no room either"
        assert len(visitor.objects) == 2


def test_who_fills_the_disk_has_been_there(folder: Path, tmp_path: Path) -> None:
    with running_demo(folder, tmp_path / "scratch", demo_mb=4) as demo:
        visitor = demo.visitor()
        image = visitor.images[0]
        for number in range(600):
            noisy = {"size": [80, 120], "counts": [number, *[1] * (9600 - number)]}
            body = {"id": "d", "points": [], "mask": {"rle": noisy}, "category": None, "label": "draw"}
            reply = visitor.send("PUT", f"/api/v1/images/{image}/draft", json={**body, "revision": number or None})
            if reply.status_code != 200:
                break
        assert reply.json()["error"]["code"] == "session_ended", reply.text
        assert (len(demo.visits), demo.folders) == (0, 0)


@pytest.mark.parametrize(
    ("method", "path", "how"),
    [
        ("POST", "/api/v1/projects/photos/images", {"files": {"file": ("x.png", b"x")}}),
        ("POST", "/gradio_api/upload", {"files": {"files": ("x.json", b"{}")}}),
        ("POST", "/api/v1/projects/photos/quality/check", {"json": {}}),
        ("POST", "/api/v1/projects/photos/versions", {"json": {"name": "v1"}}),
        ("POST", "/api/v1/projects/photos/assign", {"json": {"images": ["x"], "assignee": "me"}}),
        ("POST", "/api/v1/models/mobile_sam/load", {"json": {}}),
    ],
)
def test_what_brings_files_in_or_costs_much_is_not_for_visitors(
    demo: Demo, method: str, path: str, how: dict[str, object]
) -> None:
    reply = demo.visitor().send(method, path, **how)  # type: ignore[arg-type]
    assert reply.status_code == 403
    assert reply.json()["error"]["message"].endswith(".")


def test_a_visitor_does_not_make_the_server_load_a_model(demo: Demo) -> None:
    visitor = demo.visitor()
    assert [model["name"] for model in visitor.get("/models")["items"]] in (["fake"], [])
    reply = visitor.post(f"/images/{visitor.images[0]}/predict", {"points": [[5, 5, 1]], "model": "mobile_sam"})
    assert reply.status_code == 403
    assert "Only models that are loaded" in reply.json()["error"]["message"]


def test_every_route_as_a_visitor(demo: Demo) -> None:
    visitor = demo.visitor()
    wrong, allowed = [], []
    for method, path in every_route(demo.visit_of(visitor).app):  # type: ignore[arg-type]
        place = filled(path)
        if place.endswith(("/events", "/queue/data")) or "heartbeat" in place or "stream" in place:
            continue  # they last
        status = visitor.send(method, place, **({"json": {}} if method not in ("GET", "HEAD") else {})).status_code
        if status >= 500:
            wrong.append(f"{method} {path}: {status}")
        if method not in ("GET", "HEAD") and status not in (401, 403, 404, 405):
            allowed.append(path)
    assert wrong == []
    for place in ("/login", "/account", "/logout", "/gradio_api/upload", "/versions", "/assign", "/quality/check"):
        assert not [path for path in allowed if place in path]
    for place in ("/login", "/account", "/metrics/"):
        assert visitor.send("GET", place).status_code == 404


def test_a_name_and_a_token_are_nothing_here(project: Path, tmp_path: Path) -> None:
    with running_demo(project, tmp_path / "scratch", user_header="X-User") as demo:
        visitor = demo.visitor()
        for headers in ({"X-User": "ada"}, {"Authorization": "Bearer annotator_x"}):
            assert visitor.send("GET", "/api/v1/me", headers=headers).json()["name"].startswith("visitor ")
        assert visitor.send("GET", "/metrics", headers={"X-User": "ada"}).status_code == 403, "it is behind a proxy"


# ---- the server


def test_others_may_reach_it_and_what_guards_every_server_stays(folder: Path, tmp_path: Path) -> None:
    settings = {"host": "0.0.0.0", "allowed_hosts": ["show.example.org"]}
    with running_demo(folder, tmp_path / "scratch", address="http://show.example.org", **settings) as demo:
        visitor = demo.visitor()
        assert visitor.add().status_code == 201
        foreign = visitor.send(
            "POST", "/api/v1/projects/photos/undo", json={}, headers={"Origin": "http://evil.example"}
        )
        assert foreign.status_code == 403
        assert demo.browser.get("/", headers={**PAGE, "Host": "evil.example"}).status_code == 421
        assert visitor.send("GET", "/metrics").status_code == 403
        for path in ("/healthz", "/readyz", "/api/v1/healthz"):
            assert demo.stranger().send("GET", path).status_code == 200
        assert len(demo.visits) == 1


def test_the_figures_are_there_for_who_sits_at_the_computer(demo: Demo) -> None:
    visitor = demo.visitor()
    assert visitor.post(f"/images/{visitor.images[0]}/predict", {"points": [[5, 5, 1]]}).status_code == 200
    figures = demo.stranger().send("GET", "/metrics").text
    assert 'annotator_model_seconds_count{step="decode"} 1.0' in figures
    assert "annotator_visitors 1.0" in figures


def test_sixty_visitors_come_and_go_and_leave_nothing(folder: Path, tmp_path: Path) -> None:
    gone: list[weakref.ref[Service]] = []

    def come_and_go(demo: Demo, many: int) -> tuple[int, int, int]:
        """Returns the threads, the open files and the sessions that there are when all have gone."""
        for _ in range(many):
            visitor = demo.visitor()
            visitor.add()
            gone.append(weakref.ref(demo.visit_of(visitor).session.service))
            demo.clock.now += 10 * 60
        demo.clock.now += 60 * 60
        demo.tidy()
        time.sleep(0.5)  # Gradio's loops see that they are over when they look next
        gc.collect()
        return threading.active_count(), len(os.listdir("/proc/self/fd")), sum(one() is not None for one in gone)

    with running_demo(folder, tmp_path / "scratch", demo_visitors=4) as demo:
        threads, files, sessions = come_and_go(demo, 6)
        assert sessions == 0
        later = come_and_go(demo, 54)
        assert later[2] == 0
        assert later[0] <= threads
        assert later[1] <= files
        assert demo.folders == 0
