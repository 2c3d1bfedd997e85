"""From a validation error of a word to a sentence for its writer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pathways.problems import Problem, did_you_mean

Model = TypeVar("Model", bound=BaseModel)

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "dict_type": "a table",
    "model_type": "a table",
    "list_type": "a list",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        "a date like 2026-12-25",
    ),
}


LATER = "A file of a later format needs a later version of Backpath."
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def read_word(model: type[Model], written: Any, *, file: str, path: str) -> tuple[Model | None, list[Problem]]:
    """The word that `written` spells, or None and every problem in it."""
    try:
        return model.model_validate(written), []
    except ValidationError as error:
        return None, _problems(error, model, file=file, path=path)


def _problems(error: ValidationError, model: type[BaseModel], *, file: str, path: str) -> list[Problem]:
    problems: dict[str, Problem] = {}
    for detail in error.errors():
        place, holder = _place(model, detail["loc"])
        where = ".".join(part for part in (path, place) if part)
        sentence = _sentence(detail, holder)
        problems.setdefault(where, Problem(f"schema_{detail['type']}", f"{file}: {where}" if where else file, sentence))
    # where a number or a table may stand, a bad cell of a table is told, and not also that a table is no number
    whole = {where for where in problems if any(other.startswith(f"{where}.") for other in problems)}
    return [problem for where, problem in problems.items() if where not in whole]


def _sentence(detail: ErrorDetails, holder: type[BaseModel] | None) -> str:
    name, written = str(detail["loc"][-1]) if detail["loc"] else "", detail["input"]
    match detail["type"]:
        case "missing":
            return f"'{name}' is missing. Add it."
        case "extra_forbidden":
            known = list(holder.model_fields) if holder else []
            return f"there is no field '{name}' here. {did_you_mean(name, known)}"
        case "literal_error" | "enum":
            allowed = [text.strip(" '") for text in detail["ctx"]["expected"].replace(" or ", ", ").split(",")]
            return f"{_short(written)} is not one of {', '.join(allowed)}. {did_you_mean(str(written), allowed)}"
        case "value_error":
            return _full_stop(detail["msg"].removeprefix("Value error, "))
        case "string_too_short" | "too_short":
            return "is empty. Write something, or remove it."
        case "less_than_equal" if name == "format":
            latest = detail["ctx"]["le"]
            return f"this version reads format {latest}, but {_short(written)} is written. {LATER}"
        case kind if kind in _BOUNDS:
            word, bound = _BOUNDS[kind]
            limit = detail["ctx"][bound]
            told = f"{limit:g}" if isinstance(limit, float) else limit
            return f"must be {word} {told}, but {_short(written)} is written."
        case kind if kind in _KINDS:
            return f"must be {_KINDS[kind]}, but {_short(written)} is written."
        case _:
            return f"{_full_stop(detail['msg'])} Written: {_short(written)}."


def _full_stop(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?")) else sentence + "."


def _short(written: Any) -> str:
    text = f"'{written}'" if isinstance(written, str) else str(written)
    return text if len(text) <= 60 else text[:57] + "..."


def _place(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, type[BaseModel] | None]:
    """The dotted path of an error without the tags of union members, and the word it stands in."""
    annotation: Any = model
    holder: type[BaseModel] | None = model
    path = ""
    for part in loc:
        word = _word(annotation)
        if word is not None:
            holder = word
            path = f"{path}.{part}" if path else str(part)
            field = word.model_fields.get(str(part))
            annotation = field.annotation if field else None
        elif isinstance(part, int):
            path += f"[{part + 1}]"
            annotation = _item(annotation)
        elif (item := _item(annotation)) is not None and not _is_tag(part, annotation):
            path = f"{path}.{part}"
            annotation = item
    return path, holder


def _is_tag(part: int | str, annotation: Any) -> bool:
    """Whether a step of the location is a union member's name and not a key that somebody wrote."""
    return "[" in str(part) or (get_origin(annotation) is not dict and str(part) in {"float", "str", "int"})


def _word(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (dict, list, tuple, Mapping):
        return None
    return next((found for part in get_args(annotation) if (found := _word(part))), None)


def _item(annotation: Any) -> Any:
    if get_origin(annotation) in (dict, list, tuple, Mapping):
        arguments = [each for each in get_args(annotation) if each is not Ellipsis]
        return arguments[-1] if arguments else None
    return next((found for part in get_args(annotation) if (found := _item(part)) is not None), None)
