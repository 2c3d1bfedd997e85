"""The JSON Schema of pathway and scenario files, so that an editor completes and underlines.

Made from the words themselves; what only the named checks can see (names that exist, shares that add up) is not in it.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic.json_schema import models_json_schema

from pathways.draft import NAMED_SECTIONS, SINGLE_SECTIONS
from pathways.lever import Scenario
from pathways.load import FORMAT, NEEDED
from pathways.problems import refuse

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def pathway_schema() -> dict[str, Any]:
    """The schema of a pathway file."""
    models = [*NAMED_SECTIONS.values(), *SINGLE_SECTIONS.values()]
    references, together = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/$defs/{model}"
    )
    reference = {model: references[model, "validation"] for model in models}
    properties: dict[str, Any] = {
        "format": {"const": FORMAT, "description": "the version of this language"},
        "title": {"type": "string", "minLength": 1},
        "says": {"type": "string", "description": "what the pathway is, in plain words"},
        "include": {"type": "array", "items": {"type": "string"}, "description": "files of quantities beside this one"},
        "practice_effects": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "effects that differ between practices: name to the quantity that is their spread",
        },
    }
    properties |= {name: reference[model] for name, model in SINGLE_SECTIONS.items()}
    properties |= {
        name: {"type": "object", "additionalProperties": reference[model]} for name, model in NAMED_SECTIONS.items()
    }
    return {
        "$schema": DIALECT,
        "title": "Backpath pathway",
        "type": "object",
        "required": list(NEEDED),
        "properties": properties,
        "additionalProperties": False,
        "$defs": together["$defs"],
    }


def scenario_schema() -> dict[str, Any]:
    """The schema of a scenario file."""
    return {"$schema": DIALECT, **Scenario.model_json_schema(), "title": "Backpath scenario"}


def schema_text(kind: str) -> str:
    """A schema as JSON text; `kind` is "pathway" or "scenario"."""
    makers = {"pathway": pathway_schema, "scenario": scenario_schema}
    if kind not in makers:
        raise refuse("kind", kind, "there are schemas for: pathway, scenario.")
    return json.dumps(makers[kind](), indent=1, ensure_ascii=False) + "\n"
