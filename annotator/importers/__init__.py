"""Datasets in: what others have annotated, read into values; `sessions.importing` writes them into a project."""
