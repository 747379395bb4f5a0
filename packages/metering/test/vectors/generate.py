"""Writes the vectors: answers in the form in which each API sends them, and cases.json with what they come to.

The shapes are those of the vendors' own examples; the texts and counts are ours. Run it in this folder.
"""
import base64, json, struct, zlib

CASES = []


def case(name, provider_host, path, request, answer, content_type, expected, **more):
    with open(name + ".body", "wb") as out:
        out.write(answer)
    CASES.append({"name": name, "host": provider_host, "path": path, "request": request,
                  "contentType": content_type, "status": 200, "expected": expected, **more})


def tokens(**counts):
    names = ("input", "output", "cacheRead", "cacheWrite5m", "cacheWrite1h", "reasoning")
    return {name: counts.get(name, 0) for name in names}


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def sse(events, named=True, done=False, newline=b"\n"):
    out = b""
    for event in events:
        if named:
            out += b"event: " + event["type"].encode() + newline
        out += b"data: " + dump(event) + newline * 2
    return out + (b"data: [DONE]" + newline * 2 if done else b"")


def frame(headers, payload):
    head = b""
    for name, value in headers.items():
        raw = value.encode()
        head += struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(raw)) + raw
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack("!I", zlib.crc32(message))


def frames(events):
    return b"".join(frame({":event-type": kind, ":content-type": "application/json", ":message-type": "event"},
                          dump(payload)) for kind, payload in events)


# Anthropic Messages: https://platform.claude.com/docs/en/build-with-claude/streaming
MESSAGES = {"model": "claude-sonnet-4-5-20250929", "max_tokens": 1024, "stream": True,
            "messages": [{"role": "user", "content": "Grüße"}]}
START = {"input_tokens": 25, "cache_creation_input_tokens": 1500, "cache_read_input_tokens": 20000,
         "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1000}, "output_tokens": 1,
         "service_tier": "standard", "inference_geo": "not_available"}


def messages_events(usage=START, last={"output_tokens": 210}):
    message = {"id": "msg_01", "type": "message", "role": "assistant", "content": [], "model": MESSAGES["model"],
               "stop_reason": None, "stop_sequence": None, "usage": usage}
    return [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Grüße 🌊 zurück"}},
        {"type": "content_block_delta", "index": 0,
         "delta": {"type": "text_delta", "text": "\"usage\":{\"output_tokens\":999999}\n\ndata: {}"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": last},
        {"type": "message_stop"},
    ]


ANTHROPIC = ("api.anthropic.com", "/v1/messages")
SSE = "text/event-stream; charset=utf-8"
JSON = "application/json"
CACHED = tokens(input=25, output=210, cacheRead=20000, cacheWrite5m=500, cacheWrite1h=1000)
case("anthropic-stream", *ANTHROPIC, MESSAGES, sse(messages_events()), SSE, CACHED)
case("anthropic-stream-totals", *ANTHROPIC, MESSAGES, sse(messages_events(last={
    "input_tokens": 25, "cache_creation_input_tokens": 1500, "cache_read_input_tokens": 20000, "output_tokens": 210})),
    SSE, CACHED)
case("anthropic-stream-crlf", *ANTHROPIC, MESSAGES, sse(messages_events(), newline=b"\r\n"), SSE, CACHED)
case("anthropic-stream-cut", *ANTHROPIC, MESSAGES, sse(messages_events()[:-1]), SSE, "cut", whole=False)
case("anthropic-stream-error", *ANTHROPIC, MESSAGES, sse(messages_events()[:4] + [
    {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}]), SSE, "cut")
case("anthropic-stream-tool", *ANTHROPIC, MESSAGES, sse(messages_events(
    {"input_tokens": 472, "output_tokens": 2}, {"input_tokens": 10682, "output_tokens": 510,
                                               "server_tool_use": {"web_search_requests": 1}})), SSE, "unpriced")
case("anthropic-json", *ANTHROPIC, {**MESSAGES, "stream": False}, dump(
    {"id": "msg_01", "type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hi"}],
     "model": MESSAGES["model"], "stop_reason": "end_turn", "usage": {"input_tokens": 2095, "output_tokens": 503}}),
    JSON, tokens(input=2095, output=503))

# OpenAI: https://developers.openai.com/api/reference/resources/responses and /chat
RESPONSES = {"model": "gpt-5-mini", "input": "Tell me a story.", "stream": True}
RESPONSE = {"id": "resp_1", "object": "response", "status": "completed", "service_tier": "default", "model": "gpt-5-mini",
            "output": [{"type": "message", "content": [{"type": "output_text", "text": "Once 🌊"}]}],
            "usage": {"input_tokens": 328, "input_tokens_details": {"cached_tokens": 128}, "output_tokens": 1052,
                      "output_tokens_details": {"reasoning_tokens": 832}, "total_tokens": 1380}}
OPENAI = "api.openai.com"
REASONED = tokens(input=200, output=1052, cacheRead=128, reasoning=832)
early = {**RESPONSE, "status": "in_progress", "usage": None, "output": []}
case("openai-responses-stream", OPENAI, "/v1/responses", RESPONSES, sse([
    {"type": "response.created", "sequence_number": 0, "response": early},
    {"type": "response.output_text.delta", "sequence_number": 1, "delta": "Once 🌊"},
    {"type": "response.completed", "sequence_number": 2, "response": RESPONSE}]), SSE, REASONED)
case("openai-responses-incomplete", OPENAI, "/v1/responses", RESPONSES, sse([
    {"type": "response.created", "sequence_number": 0, "response": early},
    {"type": "response.incomplete", "sequence_number": 1, "response": {**RESPONSE, "status": "incomplete"}}]), SSE, REASONED)
case("openai-responses-json", OPENAI, "/v1/responses", {**RESPONSES, "stream": False}, dump(RESPONSE), JSON, REASONED)
case("openai-responses-priority", OPENAI, "/v1/responses", {**RESPONSES, "stream": False},
     dump({**RESPONSE, "service_tier": "priority"}), JSON, "unpriced")
CHAT = {"model": "gpt-5-nano", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
CHAT_USAGE = {"prompt_tokens": 19, "completion_tokens": 210, "total_tokens": 229,
              "prompt_tokens_details": {"cached_tokens": 9, "audio_tokens": 0},
              "completion_tokens_details": {"reasoning_tokens": 192, "audio_tokens": 0,
                                            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}
chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-5-nano", "usage": None}
chunks = [{**chunk, "choices": [{"index": 0, "delta": {"content": "Hello ☀"}, "finish_reason": None}]},
          {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
          {**chunk, "choices": [], "usage": CHAT_USAGE}]
CHATTED = tokens(input=10, output=210, cacheRead=9, reasoning=192)
case("openai-chat-stream", OPENAI, "/v1/chat/completions", CHAT, sse(chunks, named=False, done=True), SSE, CHATTED)
case("openai-chat-stream-cut", OPENAI, "/v1/chat/completions", CHAT, sse(chunks[:2], named=False), SSE, "cut")
case("openai-chat-json", OPENAI, "/v1/chat/completions", {**CHAT, "stream": False}, dump(
    {"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"index": 0, "message": {"content": "Hi"}}],
     "usage": CHAT_USAGE}), JSON, CHATTED)

# Amazon Bedrock: https://docs.aws.amazon.com/bedrock/latest/APIReference
BEDROCK = "bedrock-runtime.eu-central-1.amazonaws.com"
CLAUDE = "/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/"
INVOKE = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 512, "messages": MESSAGES["messages"]}
FRAMES = "application/vnd.amazon.eventstream"
last = {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 25, "outputTokenCount": 210,
                                                                     "invocationLatency": 900, "firstByteLatency": 300}}


def invoke(events):
    return frames([("chunk", {"bytes": base64.b64encode(dump(event)).decode(), "p": "abcdefgh"}) for event in events])


case("bedrock-invoke-stream", BEDROCK, CLAUDE + "invoke-with-response-stream", INVOKE,
     invoke(messages_events()[:-1] + [last]), FRAMES, CACHED)
case("bedrock-invoke-json", BEDROCK, CLAUDE + "invoke", INVOKE, dump(
    {"type": "message", "content": [], "usage": {"input_tokens": 11, "output_tokens": 7}}), JSON, tokens(input=11, output=7))
CONVERSE = {"messages": [{"role": "user", "content": [{"text": "Hi"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]}],
            "inferenceConfig": {"maxTokens": 300}}
CONVERSE_USAGE = {"inputTokens": 30, "outputTokens": 628, "totalTokens": 3758, "cacheReadInputTokens": 1000,
                  "cacheWriteInputTokens": 2100, "cacheDetails": [{"inputTokens": 2000, "ttl": "1h"},
                                                                {"inputTokens": 100, "ttl": "5m"}]}
CONVERSED = tokens(input=30, output=628, cacheRead=1000, cacheWrite5m=100, cacheWrite1h=2000)
converse = [("messageStart", {"role": "assistant"}),
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi 🌊"}}),
            ("contentBlockStop", {"contentBlockIndex": 0}), ("messageStop", {"stopReason": "end_turn"}),
            ("metadata", {"metrics": {"latencyMs": 1275}, "usage": CONVERSE_USAGE})]
case("bedrock-converse-stream", BEDROCK, CLAUDE + "converse-stream", CONVERSE, frames(converse), FRAMES, CONVERSED)
case("bedrock-converse-cut", BEDROCK, CLAUDE + "converse-stream", CONVERSE, frames(converse[:-1]), FRAMES, "cut")
broken = bytearray(frames(converse))
broken[-6] ^= 1
case("bedrock-converse-checksum", BEDROCK, CLAUDE + "converse-stream", CONVERSE, bytes(broken), FRAMES, "cut")
case("bedrock-converse-json", BEDROCK, CLAUDE + "converse", CONVERSE, dump(
    {"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": "end_turn",
     "usage": CONVERSE_USAGE, "metrics": {"latencyMs": 1}}), JSON, CONVERSED)

# Vertex AI: https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest
VERTEX = "europe-west1-aiplatform.googleapis.com"
GEMINI = "/v1/projects/p-1/locations/europe-west1/publishers/google/models/gemini-2.5-flash:"
GENERATE = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "generationConfig": {"maxOutputTokens": 800}}
GEMINI_USAGE = {"promptTokenCount": 1000, "candidatesTokenCount": 40, "thoughtsTokenCount": 300, "totalTokenCount": 1340,
                "cachedContentTokenCount": 250, "trafficType": "ON_DEMAND"}
part = {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hé 🌊"}]}}],
        "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 4, "trafficType": "ON_DEMAND"}}
end = {"candidates": [{"content": {"role": "model", "parts": [{"text": "!"}]}, "finishReason": "STOP"}],
       "usageMetadata": GEMINI_USAGE, "modelVersion": "gemini-2.5-flash"}
GENERATED = tokens(input=750, output=340, cacheRead=250, reasoning=300)
case("vertex-stream-sse", VERTEX, GEMINI + "streamGenerateContent?alt=sse", GENERATE,
     sse([part, end], named=False, newline=b"\r\n"), SSE, GENERATED)
case("vertex-stream-array", VERTEX, GEMINI + "streamGenerateContent", GENERATE,
     b"[" + json.dumps(part, indent=2).encode() + b"\n,\r\n" + json.dumps(end, indent=2).encode() + b"]", JSON, GENERATED)
case("vertex-stream-cut", VERTEX, GEMINI + "streamGenerateContent?alt=sse", GENERATE,
     sse([part, end], named=False), SSE, "cut", whole=False)
case("vertex-json", VERTEX, GEMINI + "generateContent", GENERATE, dump(end), JSON, GENERATED)
case("vertex-anthropic-stream", VERTEX, "/v1/projects/p-1/locations/europe-west1/publishers/anthropic/models/"
     "claude-sonnet-4-5@20250929:streamRawPredict", {"anthropic_version": "vertex-2023-10-16", "stream": True,
     "max_tokens": 64, "messages": MESSAGES["messages"]}, sse(messages_events()), SSE, CACHED)

with open("cases.json", "w") as out:
    json.dump(CASES, out, ensure_ascii=False, indent=2)
    out.write("\n")
