"""Gradio's components in the colours of `static/theme.css`, with the system's fonts: nothing is downloaded."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils import colors, sizes

FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")

_ACCENT = colors.Color(
    name="annotator",
    c50="#eef3ff",
    c100="#dfe8ff",
    c200="#c3d3ff",
    c300="#9db7ff",
    c400="#6f95ff",
    c500="#4a74ee",
    c600="#2f5bd8",
    c700="#254cbb",
    c800="#213f96",
    c900="#1f3877",
    c950="#162348",
)


def build() -> gr.themes.Base:
    """The theme for light and dark."""
    theme = gr.themes.Base(
        primary_hue=_ACCENT,
        secondary_hue=_ACCENT,
        neutral_hue=colors.slate,
        text_size=sizes.text_sm,
        spacing_size=sizes.spacing_md,
        radius_size=sizes.radius_md,
        font=list(FONT),
        font_mono=list(MONO),
    )
    return theme.set(
        body_background_fill="#f6f7f9",
        body_background_fill_dark="#0f1115",
        body_text_color="#16191f",
        body_text_color_dark="#e8ebf0",
        body_text_color_subdued="#59616f",
        body_text_color_subdued_dark="#a3acba",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#16191f",
        background_fill_secondary="#f6f7f9",
        background_fill_secondary_dark="#1e222a",
        block_background_fill="#ffffff",
        block_background_fill_dark="#16191f",
        block_border_color="#e1e4ea",
        block_border_color_dark="#272c36",
        border_color_primary="#e1e4ea",
        border_color_primary_dark="#272c36",
        input_background_fill="#ffffff",
        input_background_fill_dark="#1e222a",
        input_border_color="#c9ced8",
        input_border_color_dark="#3a414e",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_title_text_weight="600",
        button_primary_background_fill="#2f5bd8",
        button_primary_background_fill_dark="#6f95ff",
        button_primary_background_fill_hover="#254cbb",
        button_primary_background_fill_hover_dark="#8aa9ff",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#0b1020",
        block_shadow="none",
        block_shadow_dark="none",
    )
