"""Reads every vector with another implementation and compares what it comes to. Python's standard library only."""
import base64, json, os, struct, sys, zlib

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ("input", "output", "cacheRead", "cacheWrite5m", "cacheWrite1h", "reasoning")


def sse_events(data):
    """(name, data) of each event; the whole is decoded at once, so this is not how the reader does it."""
    lines = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    name, text = "", []
    for line in lines[:-1]:
        if line == "":
            if text:
                yield name, "\n".join(text)
            name, text = "", []
            continue
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "event":
            name = value
        elif field == "data":
            text.append(value)


class Unreadable(Exception):
    pass


def frames(data):
    at = 0
    while at < len(data):
        if at + 16 > len(data):
            raise Unreadable
        total, headers, check = struct.unpack_from("!III", data, at)
        message = data[at:at + total]
        if zlib.crc32(message[:8]) != check or zlib.crc32(message[:-4]) != struct.unpack("!I", message[-4:])[0]:
            raise Unreadable
        yield json.loads(message[12 + headers:-4])
        at += total


def merged(reports):
    """All numbers of the reports by their path, the largest of each."""
    flat = {}

    def visit(path, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                visit(path + (key,), inner)
        elif isinstance(value, list):
            for inner in value:
                visit(path + (inner["ttl"],), inner["inputTokens"])
        elif isinstance(value, int) and not isinstance(value, bool):
            flat[path] = max(flat.get(path, 0), value)

    for report in reports:
        visit((), report)
    return lambda *path: flat.get(path, 0)


def anthropic(at):
    short, long = at("cache_creation", "ephemeral_5m_input_tokens"), at("cache_creation", "ephemeral_1h_input_tokens")
    if at("server_tool_use", "web_search_requests"):
        return "unpriced"
    written = max(0, at("cache_creation_input_tokens") - short - long)
    return [at("input_tokens"), at("output_tokens"), at("cache_read_input_tokens"), short + written, long, 0]


def openai(at, given, made):
    cached = at(given + "_details", "cached_tokens")
    return [at(given) - cached, at(made), cached, 0, 0, at(made + "_details", "reasoning_tokens")]


def responses(at):
    return openai(at, "input_tokens", "output_tokens")


def chat(at):
    return openai(at, "prompt_tokens", "completion_tokens")


def converse(at):
    return [at("inputTokens"), at("outputTokens"), at("cacheReadInputTokens"), at("cacheDetails", "5m"),
            at("cacheDetails", "1h"), 0]


def generate(at):
    cached, thoughts = at("cachedContentTokenCount"), at("thoughtsTokenCount")
    return [at("promptTokenCount") - cached, at("candidatesTokenCount") + thoughts, cached, 0, 0, thoughts]


def total(read, reports):
    if not reports:
        return "cut"
    found = read(merged(reports))
    return found if found == "unpriced" else dict(zip(KINDS, found))


def anthropic_stream(events):
    types = [event["type"] for event in events]
    if "message_stop" not in types:
        return "cut"
    return total(anthropic, [event.get("message", event)["usage"] for event in events
                             if event["type"] in ("message_start", "message_delta")])


def settle(case, data):
    kind, path = case["contentType"].split(";")[0], case["path"]
    if not case.get("whole", True):
        return "cut"
    if kind == "application/vnd.amazon.eventstream":
        try:
            events = list(frames(data))
        except Unreadable:
            return "cut"
        if "/invoke" in path:
            return anthropic_stream([json.loads(base64.b64decode(event["bytes"])) for event in events])
        return total(converse, [event["usage"] for event in events if "usage" in event])
    if kind == "text/event-stream":
        texts = [text for _, text in sse_events(data)]
        events = [json.loads(text) for text in texts if text != "[DONE]"]
        if "/chat/" in path:
            return total(chat, [event["usage"] for event in events if event["usage"]] if "[DONE]" in texts else [])
        if "/responses" in path:
            ends = ("response.completed", "response.incomplete", "response.failed")
            return total(responses, [event["response"]["usage"] for event in events if event["type"] in ends])
        if "google" in path:
            return total(generate, [event["usageMetadata"] for event in events])
        return anthropic_stream(events)
    value = json.loads(data)
    if "google" in path:
        return total(generate, [item["usageMetadata"] for item in (value if isinstance(value, list) else [value])])
    if value.get("service_tier") == "priority":
        return "unpriced"
    read = chat if "/chat/" in path else responses if "/responses" in path else converse if "/converse" in path else anthropic
    return total(read, [value["usage"]])


def main():
    with open(os.path.join(HERE, "cases.json"), encoding="utf-8") as file:
        cases = json.load(file)
    wrong = 0
    for case in cases:
        with open(os.path.join(HERE, case["name"] + ".body"), "rb") as file:
            found = settle(case, file.read())
        if found != case["expected"]:
            wrong += 1
            print("%s: %r, not %r" % (case["name"], found, case["expected"]))
    print("%d vectors, %d wrong" % (len(cases), wrong))
    return 1 if wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
