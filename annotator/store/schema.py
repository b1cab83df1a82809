"""The tables. Times are ISO 8601 text in UTC; masks are COCO's compressed run lengths; contents are JSON."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# As large as datasets number their objects. SQLite's are, under the name that it also needs for ids of its own.
_whole = BigInteger().with_variant(Integer, "sqlite")

# SQLite only hands out a rowid once when told to; COCO consumers and undo both need ids that are never used twice.
_never_reused: dict[str, Any] = {"sqlite_autoincrement": True}


def _extra() -> Column[Any]:
    """What an imported dataset says that nothing here knows."""
    return Column("extra", JSON(none_as_null=True))


projects = Table(
    "projects",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created", String(32), nullable=False),
    Column("next_category", _whole, nullable=False),
    Column("next_image", _whole, nullable=False),
    Column("settings", JSON(none_as_null=True)),
    _extra(),
)

categories = Table(
    "categories",
    metadata,
    Column("key", _whole, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("id", _whole, nullable=False),
    Column("name", Text, nullable=False),
    Column("supercategory", Text, nullable=False),
    Column("colour", String(7), nullable=False),
    _extra(),
    UniqueConstraint("project_id", "id"),
    UniqueConstraint("project_id", "name", name="uq_categories_name"),
    **_never_reused,
)

images = Table(
    "images",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("number", _whole, nullable=False),
    Column("name", Text, nullable=False),
    Column("sort_key", Text, nullable=False),
    Column("source_hash", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),
    Column("width", _whole, nullable=False),
    Column("height", _whole, nullable=False),
    Column("state", String(16), nullable=False),
    Column("problem", Text),
    Column("note", Text),
    Column("verified", Boolean, nullable=False),
    Column("assignee", Text),
    _extra(),
    UniqueConstraint("project_id", "number"),
    Index("ix_images_order", "project_id", "sort_key"),
)

annotations = Table(
    "annotations",
    metadata,
    Column("id", _whole, primary_key=True),
    Column("image_id", ForeignKey("images.id"), nullable=False, index=True),
    Column("category_id", _whole, nullable=False),
    Column("height", _whole, nullable=False),
    Column("width", _whole, nullable=False),
    Column("counts", LargeBinary, nullable=False),
    # Follows from the counts; here so that the database can sort by it.
    Column("area", BigInteger, nullable=False),
    Column("score", Float),
    Column("provenance", JSON, nullable=False),
    Column("review", String(16), nullable=False),
    Column("note", Text, nullable=False),
    Column("hidden", Boolean, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("author", Text, nullable=False),
    Column("revision", _whole, nullable=False),
    Column("created", String(32), nullable=False),
    Column("updated", String(32), nullable=False),
    Column("updated_by", Text, nullable=False),
    _extra(),
    # A project's counts are asked for after every accepted object.
    Index("ix_annotations_category", "category_id", "image_id"),
    Index("ix_annotations_review", "review", "author", "image_id"),
    **_never_reused,
)

drafts = Table(
    "drafts",
    metadata,
    Column("image_id", ForeignKey("images.id"), primary_key=True),
    Column("author", Text, primary_key=True),
    Column("id", String(64), nullable=False),
    Column("prompt", JSON, nullable=False),
    Column("category_id", _whole),
    Column("replaces", JSON(none_as_null=True)),
    Column("revision", _whole, nullable=False),
    Column("started", String(32), nullable=False),
    Column("updated", String(32), nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("id", _whole, primary_key=True),
    Column("image_id", ForeignKey("images.id"), nullable=False),
    Column("author", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("edits", JSON, nullable=False),
    Column("undone", Boolean, nullable=False),
    Column("created", String(32), nullable=False),
    Index("ix_changes_history", "image_id", "author", "undone"),
    **_never_reused,
)

places = Table(
    "places",
    metadata,
    Column("project_id", ForeignKey("projects.id"), primary_key=True),
    Column("author", Text, primary_key=True),
    Column("image_id", ForeignKey("images.id"), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", _whole, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("image_id", String(32)),
    Column("author", Text, nullable=False),
    Column("client", String(64)),
    Column("at", String(32), nullable=False),
    **_never_reused,
)

leases = Table(
    "leases",
    metadata,
    Column("client", String(64), primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("image_id", ForeignKey("images.id"), nullable=False, index=True),
    Column("author", Text, nullable=False),
    Column("expires", String(32), nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("id", _whole, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created", String(32), nullable=False),
    Column("model", Text, nullable=False),
    Column("images", _whole, nullable=False),
    Column("objects", _whole, nullable=False),
    Column("categories", _whole, nullable=False),
    Column("extra", JSON, nullable=False),
    UniqueConstraint("project_id", "name"),
    **_never_reused,
)

version_contents = Table(
    "version_contents",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("content", JSON, nullable=False),
)

version_entries = Table(
    "version_entries",
    metadata,
    Column("version_id", ForeignKey("versions.id"), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("key", String(32), primary_key=True),
    Column("image_id", String(32), nullable=False),
    Column("place", _whole, nullable=False),
    Column("hash", ForeignKey("version_contents.hash"), nullable=False),
    Index("ix_version_entries_place", "version_id", "kind", "image_id", "place"),
)

findings = Table(
    "findings",
    metadata,
    Column("id", _whole, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("rule", String(32), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("image_id", String(32)),
    Column("annotation_id", _whole),
    Column("details", JSON, nullable=False),
    Column("made", String(32), nullable=False),
    Index("ix_findings_rule", "project_id", "rule", "annotation_id"),
    **_never_reused,
)

people = Table(
    "people",
    metadata,
    Column("id", _whole, primary_key=True),
    Column("name", Text, nullable=False),
    # The name without its spelling, so that nobody can pass for somebody else.
    Column("folded", Text, nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("password", Text),
    Column("created", String(32), nullable=False),
    **_never_reused,
)

credentials = Table(
    "credentials",
    metadata,
    # Whoever reads the database must not be able to use what is in it.
    Column("hash", String(64), primary_key=True),
    Column("person_id", ForeignKey("people.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("label", Text, nullable=False),
    Column("created", String(32), nullable=False),
    Column("expires", String(32)),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _whole, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("person", Text, nullable=False),
    Column("what", String(32), nullable=False),
    Column("about", Text, nullable=False),
    Column("address", Text, nullable=False),
    Index("ix_audit_what", "what", "at"),
    **_never_reused,
)
