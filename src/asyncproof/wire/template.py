"""Templates of what is sent: texts, lists and objects in which ``{prompt}`` stands for what a job
asks for."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote

from asyncproof.wire.protocol import JsonBody

_NOTHING = object()
ASKED = (
    "prompt",
    "seed",
    "num_inference_steps",
    "guidance_scale",
    "lora_path",
    "job_id",
    "width",
    "height",
    "callback_url",
    "callback_secret",
    "expiry",
    "source_image",
)
"""What a template may have in braces: the words of docs/protocol.md for what a job asks for, and a
picture to edit, as PNG in base64."""
PLACEHOLDER = re.compile(r"\{([A-Za-z_]\w*)\}")


def unknown(name: str) -> str:
    """Why a name in braces stands for nothing, with those that do; empty where it does."""
    if name in ASKED:
        return ""
    near = get_close_matches(name, ASKED, 1)
    meant = f", perhaps {{{near[0]}}} was meant" if near else ""
    return f"{{{name}}} is unknown{meant}; there are {' '.join(f'{{{one}}}' for one in ASKED)}"


def placeholders(template: Any) -> Iterator[str]:
    """The names in braces in a template, in its order."""
    return (name for _, name in placed(template))


def placed(template: Any, keys: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each name in braces, with the keys that lead to it."""
    match template:
        case dict():
            for key, value in template.items():
                yield from placed(value, (*keys, key))
        case list():
            for value in template:
                yield from placed(value, keys)
        case str():
            yield from ((keys, name) for name in PLACEHOLDER.findall(template))


def where_asked(body: Any, path: str) -> dict[str, str]:
    """The place in the body, or the item of the query, at which each placeholder stands first."""
    items = (item.partition("=") for item in path.partition("?")[2].split("&"))
    in_query = {name: key for key, _, value in items for name in placeholders(value)}
    in_body = {name: ".".join(keys) for keys, name in reversed(list(placed(body)))}
    return in_query | in_body


def quoted(text: str) -> str:
    """For a path. Half a surrogate pair, which some prompts have on purpose, goes out as it is in
    JSON."""
    return quote(text, safe="", errors="surrogatepass")


def filled_body(
    template: JsonBody, asked: Mapping[str, Any], beside_the_prompt: JsonBody
) -> JsonBody:
    """The template with what is asked in it; without the fields that a job has no value for, and
    without objects and lists of which nothing is left."""
    body = _filled(template, asked, beside_the_prompt)
    return body if isinstance(body, dict) else {}


def _filled(template: Any, asked: Mapping[str, Any], beside_the_prompt: JsonBody) -> Any:
    match template:
        case dict():
            pairs = {k: _filled(v, asked, beside_the_prompt) for k, v in template.items()}
            kept = {name: value for name, value in pairs.items() if value is not _NOTHING}
            if "{prompt}" in template.values():
                return kept | beside_the_prompt
            return kept if kept or not template else _NOTHING
        case list():
            values = [_filled(value, asked, beside_the_prompt) for value in template]
            there = [value for value in values if value is not _NOTHING]
            return there if there or not template else _NOTHING
        case str():
            return _text(template, asked)
    return template


def filled_path(template: str, asked: Mapping[str, Any]) -> str:
    """The path with what is asked in it; without the items of its query that a job has no value
    for."""
    path, mark, query = template.partition("?")
    named = [name for name in placeholders(template) if name in asked]
    values = {name: quoted(str(asked[name])) for name in named}
    items = [_text(item, values) for item in query.split("&")]
    kept = "&".join(item for item in items if isinstance(item, str))
    whole = _text(path, values)
    return (whole if isinstance(whole, str) else path) + (mark + kept if kept else "")


def _text(template: str, asked: Mapping[str, Any]) -> Any:
    """A placeholder alone becomes the value itself, within a text it becomes text."""
    names = PLACEHOLDER.findall(template)
    if any(name not in asked for name in names):
        return _NOTHING
    if len(names) == 1 and template == f"{{{names[0]}}}":
        return asked[names[0]]
    return PLACEHOLDER.sub(lambda found: str(asked[found[1]]), template)
