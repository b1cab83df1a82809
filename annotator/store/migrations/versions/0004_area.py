"""Objects can be sorted by their area, and counted by category and review without being read."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from pycocotools import mask as coco

revision = "0004"
down_revision = "0003"

BATCH = 1000


def upgrade() -> None:
    op.create_index("ix_annotations_category", "annotations", ["category_id", "image_id"])
    op.create_index("ix_annotations_review", "annotations", ["review", "author", "image_id"])
    op.add_column("annotations", sa.Column("area", sa.BigInteger, nullable=False, server_default="0"))
    connection = op.get_bind()
    table = sa.table(
        "annotations",
        *(sa.column(name, sa.Integer) for name in ("id", "height", "width", "area")),
        sa.column("counts", sa.LargeBinary),
    )
    last = 0
    while True:
        query = sa.select(table).where(table.c.id > last).order_by(table.c.id).limit(BATCH)
        rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1].id
        # One by one: pycocotools' area of more than 255 masks at once fails under numpy 2.
        new = [{"key": row.id, "pixels": _area(row)} for row in rows]
        update = sa.update(table).where(table.c.id == sa.bindparam("key")).values(area=sa.bindparam("pixels"))
        connection.execute(update, new)


def _area(row: Any) -> int:
    return int(coco.area({"size": [row.height, row.width], "counts": bytes(row.counts)}))
