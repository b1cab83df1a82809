"""Judging a dataset: rules with findings, the checker of foreign COCO files, statistics and the report of them."""
