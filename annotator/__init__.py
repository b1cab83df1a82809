"""annotator: click on objects, get masks, ship COCO datasets."""

__all__ = ["__version__"]

__version__ = "0.1.0"
