"""What an OpenAPI document says of a server's operations: their paths, bodies and answers. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 6  # references within references that are followed
JSON = "application/json"


class DraftError(ValueError):
    """A document that no profile can be drafted from; the message says why."""


@dataclass(frozen=True, slots=True)
class Operation:
    """``body`` and ``answer`` are the schemas of the request and of its good answer, without
    references; ``job`` is the parameter that names a job, if there is one, and ``query`` whether it
    is one of the query; ``kind`` is the content type of the answer."""

    method: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    kind: str = ""
    job: str = ""
    query: bool = False

    @property
    def words(self) -> set[str]:
        """The words of its path, in small letters."""
        return {word.lower() for word in re.findall(r"[A-Za-z0-9]+", self.path)}

    @property
    def about_a_job(self) -> str:
        """The path with ``{id}`` in the place of the job."""
        if self.query:
            return f"{self.path}?{self.job}={{id}}"
        return self.path.replace(f"{{{self.job}}}", "{id}")


def operations(document: bytes) -> list[Operation]:
    """Every operation of a document in JSON.

    Raises:
        DraftError: it is none.
    """
    try:
        data = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise DraftError(f"not JSON: {error}") from error
    paths = data.get("paths") if isinstance(data, dict) else None
    if not isinstance(paths, dict) or not paths:
        raise DraftError("not an OpenAPI document: it has no `paths`")
    return list(_operations(data, paths))


def _operations(data: dict[str, Any], paths: dict[str, Any]) -> Iterator[Operation]:
    for path, item in paths.items():
        for method, told in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(told, dict):
                shared = item.get("parameters") or []
                yield _operation(data, method.upper(), path, told, shared)


def _operation(
    data: dict[str, Any], method: str, path: str, told: dict[str, Any], shared: list[Any]
) -> Operation:
    request = _resolved(data, told.get("requestBody") or {})
    kind, answer = _answer(data, told.get("responses") or {})
    job, query = _job_parameter(data, path, [*shared, *(told.get("parameters") or [])])
    return Operation(method, path, _schema(data, request), answer, kind, job, query)


def _answer(data: dict[str, Any], responses: dict[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The content type and the schema of the first good answer."""
    good = next((told for code, told in responses.items() if str(code).startswith("2")), None)
    resolved = _resolved(data, good)
    kinds = list(resolved.get("content") or {})
    return (kinds[0] if kinds else ""), _schema(data, resolved)


def _schema(data: dict[str, Any], has_content: dict[str, Any]) -> dict[str, Any]:
    content = has_content.get("content") or {}
    told = content.get(JSON) or next(iter(content.values()), None)
    return _resolved(data, told.get("schema") or {}) if isinstance(told, dict) else {}


def _job_parameter(data: dict[str, Any], path: str, parameters: list[Any]) -> tuple[str, bool]:
    in_path = re.findall(r"\{(\w+)\}", path)
    if in_path:
        return in_path[-1], False
    for told in (_resolved(data, each) for each in parameters):
        name = str(told.get("name", ""))
        if told.get("in") == "query" and re.search(r"(?:^|_)(?:id|uuid)$", name):
            return name, True
    return "", False


def _resolved(data: dict[str, Any], told: Any, depth: int = 0) -> dict[str, Any]:
    """The object with its references replaced by what they refer to, as deep as is useful."""
    if not isinstance(told, dict) or depth > DEEPEST:
        return {}
    if isinstance(reference := told.get("$ref"), str):
        found: Any = data
        for key in reference.removeprefix("#/").split("/"):
            found = found.get(key) if isinstance(found, dict) else None
        return _resolved(data, found, depth + 1)
    parts = [part for name in ("allOf", "anyOf", "oneOf") for part in told.get(name) or []]
    merged = dict(told)
    for part in parts:
        inner = _resolved(data, part, depth + 1)
        merged = {**inner, **merged} if inner.get("type") != "null" else merged
    if isinstance(properties := merged.get("properties"), dict):
        merged["properties"] = {n: _resolved(data, p, depth + 1) for n, p in properties.items()}
    if "schema" in merged and "content" not in merged:
        merged["schema"] = _resolved(data, merged["schema"], depth + 1)
    return merged
