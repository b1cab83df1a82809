"""The page: Gradio's Blocks around ES modules that talk to the HTTP API."""

from annotator.ui.quick_import import import_gradio

import_gradio()  # before any module of this room imports it by itself
