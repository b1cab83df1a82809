"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("next_category", sa.Integer, nullable=False),
        sa.Column("next_image", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
    )
    op.create_table(
        "categories",
        sa.Column("key", sa.Integer, nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("supercategory", sa.Text, nullable=False),
        sa.Column("colour", sa.String(7), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_categories"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_categories_project_id"),
        sa.UniqueConstraint("project_id", "id", name="uq_categories_project_id"),
        sa.UniqueConstraint("project_id", "name", name="uq_categories_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "images",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sort_key", sa.Text, nullable=False),
        sa.Column("source_hash", sa.String(64), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("modified_ns", sa.BigInteger, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("problem", sa.Text),
        sa.Column("note", sa.Text),
        sa.Column("verified", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_images"),
        sa.UniqueConstraint("project_id", "number", name="uq_images_project_id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_images_project_id"),
    )
    op.create_index("ix_images_order", "images", ["project_id", "sort_key"])
    op.create_table(
        "annotations",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("image_id", sa.String(32), nullable=False),
        sa.Column("category_id", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("counts", sa.LargeBinary, nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("provenance", sa.JSON, nullable=False),
        sa.Column("review", sa.String(16), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("locked", sa.Boolean, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("updated", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_annotations"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_annotations_image_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_annotations_image_id", "annotations", ["image_id"])
    op.create_table(
        "drafts",
        sa.Column("image_id", sa.String(32), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("prompt", sa.JSON, nullable=False),
        sa.Column("category_id", sa.Integer),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("started", sa.String(32), nullable=False),
        sa.Column("updated", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("image_id", "author", name="pk_drafts"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_drafts_image_id"),
    )
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("image_id", sa.String(32), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("edits", sa.JSON, nullable=False),
        sa.Column("undone", sa.Boolean, nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_changes"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_changes_image_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_history", "changes", ["image_id", "author", "undone"])
    op.create_table(
        "places",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("image_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "author", name="pk_places"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_places_project_id"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name="fk_places_image_id"),
    )
