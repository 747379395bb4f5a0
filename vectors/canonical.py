"""Canonical JSON (RFC 8785, integers only) and canonical base64."""
import base64, json

MAX = 2**53 - 1


class Bad(Exception):
    """What was read is not what the format allows."""


def need(condition, why):
    if not condition:
        raise Bad(why)



def canonical(value):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, str):
        value.encode("utf-8")  # refuses lone surrogates
    elif isinstance(value, int) and not isinstance(value, bool):
        need(abs(value) <= MAX, "integer over 2^53-1")
    return json.dumps(value, ensure_ascii=False)


def refuse(text):
    raise Bad("number " + text)


def parse_canonical(data):
    try:
        text = data.decode("utf-8")
        value = json.loads(text, parse_float=refuse, parse_constant=refuse)
        need(canonical(value) == text, "not canonical")
        return value
    except (ValueError, RecursionError) as error:
        raise Bad(str(error))


def from_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Bad(str(error))
    need(base64.b64encode(data).decode() == text, "base64 not canonical")
    return data
