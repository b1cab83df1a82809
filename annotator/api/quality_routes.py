"""Routes of the quality rules: how strict they are, running them, what they found, mending it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from annotator.api import schemas
from annotator.api.image_routes import Author
from annotator.api.project_routes import Project
from annotator.quality.rules import RULES
from annotator.quality.thresholds import Thresholds, get_rule
from annotator.sessions.quality import MAX_FIXED
from annotator.sessions.service import Service
from annotator.store.finding_rows import StoredFinding

router = APIRouter(prefix="/projects/{project}/quality", tags=["quality"])

RuleName = Annotated[str, Path(max_length=32)]


class ThresholdsBody(schemas.Body):
    """Settings by rule: whether it is on, and its numbers."""

    thresholds: Annotated[dict[str, Any], Field(max_length=100)]


class FixBody(schemas.Body):
    """Findings to mend."""

    findings: Annotated[list[schemas.Id], Field(min_length=1, max_length=MAX_FIXED)]


@router.get("")
def get_quality(service: Project) -> dict[str, Any]:
    """The rules with their settings and how much each has found, and how far a run is."""
    counts, thresholds, checking = service.quality.counts(), service.quality.thresholds(), service.quality.checking
    rules = [
        {
            "name": rule.name,
            "title": rule.title,
            "help": rule.help,
            "severity": rule.severity,
            "on": thresholds.on(rule.name),
            "count": counts.get(rule.name, 0),
            "thresholds": [
                {
                    "name": one.name,
                    "title": one.title,
                    "unit": one.unit,
                    "value": thresholds.get(rule.name, one.name),
                    "default": one.default,
                    "minimum": one.minimum,
                    "maximum": one.maximum,
                }
                for one in rule.thresholds
            ],
        }
        for rule in RULES.values()
    ]
    progress = {"state": checking.state, "done": checking.done, "total": checking.total, "message": checking.message}
    return {"rules": rules, "checking": progress, "checked": service.quality.checked()}


@router.put("/thresholds")
def put_thresholds(service: Project, body: ThresholdsBody) -> dict[str, Any]:
    """Keep how strict the rules are with the project; those that are not named have their defaults."""
    service.quality.keep_thresholds(Thresholds.from_json(body.thresholds))
    return get_quality(service)


@router.post("/check", status_code=202)
def check(service: Project) -> dict[str, Any]:
    """Begin to run the rules; `GET` says how far they are."""
    service.quality.start()
    return get_quality(service)


@router.get("/findings/{rule}")
def list_findings(
    service: Project,
    rule: RuleName,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> dict[str, Any]:
    """What a rule found when the rules ran last."""
    name = get_rule(rule).name
    found = service.quality.findings(rule=name, limit=limit, offset=offset)
    return {
        "items": [_finding_json(one, root=service.settings.root_path) for one in found],
        "total": service.quality.counts().get(name, 0),
    }


@router.post("/fix")
def fix(service: Project, author: Author, body: FixBody) -> dict[str, Any]:
    """Mend findings, each as a change that can be undone."""
    mended = service.quality.fix(author=author, ids=body.findings)
    refused = [{"id": one, "message": message} for one, message in mended.refused.items()]
    return {"fixed": mended.fixed, "refused": refused, "rules": _counts(service)}


def _counts(service: Service) -> dict[str, int]:
    return service.quality.counts()


def _finding_json(found: StoredFinding, *, root: str) -> dict[str, Any]:
    crop = None
    if found.annotation_id is not None and found.revision is not None:
        crop = f"{root}/api/v1/annotations/{found.annotation_id}/crop?revision={found.revision}"
    return {
        "id": found.id,
        "rule": found.rule,
        "image": found.image_id,
        "image_name": found.details["image"],
        "annotation": found.annotation_id,
        "message": found.details["message"],
        "fix": found.details["fix"],
        "stale": found.stale,
        "picture": crop or (f"{root}/api/v1/images/{found.image_id}/thumbnail" if found.image_id else None),
    }
