"""The page: Gradio Blocks with tabs, mounted on the API's application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from annotator.sessions.service import Service
from annotator.ui import export_tab, import_tab, statistics_tab, theme
from annotator.ui.canvas import annotation_canvas, header, quality_rules, review_gallery

STATIC = Path(__file__).parent / "static"
STATIC_URL = "/annotator/static"
"""Where the modules are mounted. `/static` would shadow Gradio's own files."""
_LOOK_SECONDS = 0.05
"""How often a page's queue looks whether there is something to do: Gradio's thousand times a second are 2 % of a core
for one page that nobody uses, and half a core for the two dozen pages of a public demo."""

# What came in on another tab is looked for as when somebody comes back to the window.
_LOOK_AGAIN = "() => { window.dispatchEvent(new Event('focus')); }"


class _Modules(StaticFiles):
    """The files as they are now: browsers ask each time whether they have changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def build(service: Service) -> gr.Blocks:
    """The tabs of a project."""
    static = service.settings.root_path + STATIC_URL
    own = service.allowance is None  # visitors have neither what starts processes nor what brings files in
    with gr.Blocks(title="annotator", analytics_enabled=False, fill_width=True, fill_height=True) as blocks:
        header(static, demo_minutes=None if service.allowance is None else service.allowance.minutes)
        with gr.Tabs(elem_id="ann-tabs"):
            with gr.Tab("Annotate", elem_id="ann-annotate") as annotate:
                annotation_canvas(static)
            with gr.Tab("Review", elem_id="ann-review"):
                review_gallery(static)
            if own:
                with gr.Tab("Quality", elem_id="ann-quality"):
                    quality_rules(static)
                with gr.Tab("Statistics", elem_id="ann-statistics") as statistics:
                    statistics_tab.build(service, statistics)
                with gr.Tab("Import", elem_id="ann-import"):
                    import_tab.build(service)
            with gr.Tab("Export", elem_id="ann-export"):
                export_tab.build(service)
        annotate.select(None, js=_LOOK_AGAIN)
    page: gr.Blocks = blocks
    page._queue.sleep_when_free = page._queue.progress_update_sleep_when_free = _LOOK_SECONDS
    if not own:
        _hand_out_from(page, export_tab.exports_folder(service))
    return page


def _hand_out_from(page: gr.Blocks, folder: Path) -> None:
    """There is a page for each visitor: what it hands out goes with it."""
    for block in page.blocks.values():
        block.GRADIO_CACHE = str(folder)


def mount(app: FastAPI, service: Service) -> FastAPI:
    """Add the page at `/` and its modules at `/annotator/static`."""
    app.mount(STATIC_URL, _Modules(directory=STATIC), name="annotator-static")
    page = build(service)
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        page,
        path="/",
        server_name=service.settings.host,
        footer_links=[],
        run_history=False,
        theme=theme.build(),
        head=_head(service.settings.root_path + STATIC_URL),
        root_path=service.settings.root_path or None,
        favicon_path=str(STATIC / "favicon.svg"),
        show_error=True,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        allowed_paths=[str(export_tab.exports_folder(service))],
    )
    _end_with(mounted, page)
    return mounted


def _end_with(app: FastAPI, page: gr.Blocks) -> None:
    """Stop the page's queue when the application shuts down; it would look for work, and be kept, for ever."""
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with before(app) as state:
            yield state
        page.close(verbose=False)

    app.router.lifespan_context = lifespan


def _head(static: str) -> str:
    sheets = "".join(
        f'<link rel="stylesheet" href="{static}/{name}.css">' for name in ("theme", "review/review", "quality/quality")
    )
    return f'{sheets}<link rel="modulepreload" href="{static}/app.js">'
