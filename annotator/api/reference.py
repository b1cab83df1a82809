"""The page at `/api/docs`: the OpenAPI description as plain HTML, so that it needs no other host."""

from __future__ import annotations

import json
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { overflow: auto; padding: .75rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
details { border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); padding: .5rem 0; }
summary { cursor: pointer; } .method { display: inline-block; width: 4.5rem; font-weight: 600; }
"""


def page(description: dict[str, Any]) -> str:
    """HTML for an OpenAPI description."""
    info = description["info"]
    routes = "".join(
        _route(description, path, method, details)
        for path, methods in description["paths"].items()
        for method, details in methods.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f'<p>{escape(info.get("summary", ""))} For machines: <a href="/api/openapi.json">openapi.json</a>.</p>{routes}'
    )


def _route(description: dict[str, Any], path: str, method: str, details: dict[str, Any]) -> str:
    parts = [f"<p>{escape(details.get('description', details.get('summary', '')))}</p>"]
    for parameter in details.get("parameters", ()):
        schema = json.dumps(parameter["schema"])
        parts.append(
            f"<p><code>{escape(parameter['name'])}</code> ({parameter['in']}) <code>{escape(schema)}</code></p>"
        )
    for content in details.get("requestBody", {}).get("content", {}).values():
        parts.append(f"<pre>{escape(json.dumps(_resolved(description, content['schema']), indent=1))}</pre>")
    title = f'<span class="method">{method.upper()}</span><code>{escape(path)}</code>'
    return f"<details><summary>{title}</summary>{''.join(parts)}</details>"


def _resolved(description: dict[str, Any], schema: Any) -> Any:
    """The schema with what it refers to written out."""
    if isinstance(schema, list):
        return [_resolved(description, entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolved(description, description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    return {key: _resolved(description, value) for key, value in schema.items()}
