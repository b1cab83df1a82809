"""Settings: defaults < configs/app.yaml < ANNOTATOR_* environment variables < command-line flags."""

from __future__ import annotations

import getpass
import ipaddress
import re
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

from annotator.errors import BadSetting
from annotator.paths import configs_folder

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "annotator"


class Settings(BaseSettings):
    """Everything that can be set; each field is also `ANNOTATOR_<FIELD>` and most are a flag of `annotator serve`."""

    model_config = SettingsConfigDict(env_prefix="ANNOTATOR_", extra="forbid", frozen=True, protected_namespaces=())

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(7860, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    model: str = Field("auto", description="Model to start with; auto takes the best one that is here.")
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$", description="auto, cpu, cuda or mps.")
    precision: str = Field(
        "auto",
        pattern=r"^(auto|fp32|bf16|fp16)$",
        description="How models compute.",
    )
    author: str = Field(
        default_factory=_person, min_length=1, max_length=100, description="Name written to annotations."
    )
    cache_mb: int = Field(160, ge=8, description="Memory for embeddings, in MiB.")
    disk_cache_mb: int = Field(4096, ge=0, description="Disk for a project's embeddings, in MiB; 0 keeps none.")
    prefetch: int = Field(2, ge=0, le=7, description="Next images embedded ahead while nobody clicks.")
    max_upload_mb: int = Field(200, ge=1, description="Largest image file that can be uploaded, in MiB.")
    max_import_mb: int = Field(4096, ge=1, description="Largest dataset that can be imported in the page, in MiB.")
    data_dir: Path | None = Field(None, description="Where the project is kept; <folder>/.annotator by default.")
    database_url: str | None = Field(None, description="SQLAlchemy URL; SQLite in the data folder by default.")
    checkpoints_dir: Path | None = Field(None, description="Where downloaded weights are; checkpoints/ by default.")
    models_dir: Path | None = Field(None, description="Where descriptions of your own models are.")
    root_path: str = Field("", description="Path under which a proxy serves it, e.g. /annotator; empty for the root.")
    log_level: str = Field("warning", pattern=r"^(debug|info|warning|error)$", description="What is logged at least.")
    log_format: str = Field("text", pattern=r"^(text|json)$", description="Lines of the log: text or JSON.")
    allowed_hosts: list[str] = Field(
        default_factory=list, description="Further host names the server answers to, e.g. behind a proxy."
    )

    user_header: str | None = Field(
        None, description="Header in which a trusted proxy names who asks, e.g. X-Forwarded-User."
    )
    user_header_role: str = Field(
        "annotator",
        pattern=r"^(none|viewer|annotator|curator|admin)$",
        description="Role of people whom the proxy names and who have no account; none: they may not come in.",
    )
    trusted_proxies: list[str] = Field(
        default_factory=lambda: ["127.0.0.1", "::1"],
        description="Addresses or networks of proxies that are believed who asks, from where, and whether by https.",
    )

    demo_visitors: int = Field(24, ge=1, le=200, description="Public demo: visitors at once, each with a session.")
    demo_minutes: int = Field(30, ge=1, le=1440, description="Public demo: minutes without a click that end a session.")
    demo_objects: int = Field(500, ge=1, le=100_000, description="Public demo: objects that a visitor can make.")
    demo_mb: int = Field(64, ge=4, le=4096, description="Public demo: disk that a visitor can fill, in MiB.")

    @property
    def local(self) -> bool:
        """Whether everybody who reaches the server sits at its computer: it listens there only, behind no proxy."""
        return self.host in LOOPBACK and not self.allowed_hosts and self.user_header is None

    @field_validator("author")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable() or value != value.strip():
            raise ValueError("use printable characters without space around them")
        return value

    @field_validator("root_path")
    @classmethod
    def _path(cls, value: str) -> str:
        if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)*/?", value) or {".", ".."} & set(value.split("/")):
            raise ValueError("begin with a slash and use letters, digits and . _ ~ - between slashes")
        return value.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        for one in value:
            ipaddress.ip_network(one, strict=False)
        return value

    @classmethod
    def load(cls, **flags: Any) -> Settings:
        """Settings with the flags that are not None on top.

        Raises:
            BadSetting: a value is not usable; the message names the setting and where it can come from.
        """
        try:
            return cls(**{name: value for name, value in flags.items() if value is not None})
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "settings"
            raise BadSetting(
                f"The setting “{name}” has an unusable value: {first['msg']}. It comes from a flag,"
                f" ANNOTATOR_{name.upper()} or configs/app.yaml.",
                field=name,
            ) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = YamlConfigSettingsSource(settings_cls, yaml_file=configs_folder() / "app.yaml")
        return init_settings, env_settings, file
