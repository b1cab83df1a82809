"""The canvas and the header above the tabs as Gradio components; the ES modules in `static/` make what they show.

`static` is the address of the modules. These are functions and not subclasses of `gr.HTML`: Gradio writes a `.pyi` file
beside the module of every subclass when that is imported, which would litter a checkout.
"""

from __future__ import annotations

import gradio as gr


def annotation_canvas(static: str) -> gr.HTML:
    """Images, canvas, categories and objects: everything on the Annotate tab.

    Nothing travels through Gradio's value: masks would be slow there. The page talks to the HTTP API.
    """
    return _from_module(f"{static}/app.js", elem_id="ann-canvas")


def review_gallery(static: str) -> gr.HTML:
    """Objects and images to look through and judge: everything on the Review tab."""
    return _from_module(f"{static}/review/review.js", elem_id="ann-review-page")


def quality_rules(static: str) -> gr.HTML:
    """The quality rules, what they found and what mends it: everything on the Quality tab."""
    return _from_module(f"{static}/quality/quality.js", elem_id="ann-quality-page")


def header(static: str, *, demo_minutes: int | None) -> gr.HTML:
    """The name of the project and the switch between light and dark; in a public demo, what becomes of one's work."""
    options = "" if demo_minutes is None else f", {{demoMinutes: {demo_minutes}}}"
    return _from_module(f"{static}/header.js", elem_id="ann-header", options=options)


def _from_module(module: str, *, elem_id: str, options: str = "") -> gr.HTML:
    # A plain `import()` works in `js_on_load`; a module script in the page's head is never run.
    return gr.HTML(
        html_template="",
        js_on_load=f"import('{module}').then((module) => module.mount(element{options}));",
        apply_default_css=False,
        elem_id=elem_id,
    )
