#!/usr/bin/env python3
"""Checks Seamark's formats without Seamark: Python 3, standard library only.

    verify.py                              checks every vector beside this file
    verify.py BUNDLE [--trust trust.json]  verifies a bundle, a tar or a folder

Exit code 0: verified, or every vector agrees; 10: tampered; 12: not verified; 2: unreadable; 1: a vector disagrees.
It checks formats, signatures, inclusion, chain, seals, settlements, inputs and payloads. Whether every launch and
end was legal is left to `seamark verify`.
"""
import base64, hashlib, hmac, json, os, re, sys, time
from datetime import datetime, timezone

HEX32 = re.compile(r"[0-9a-f]{64}\Z")
ORIGIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?/[0-9a-f]{32}\Z")
EMPTY = hashlib.sha256(b"").digest()
MAX = 2**53 - 1


class Bad(Exception):
    """What was read is not what the format allows."""


def need(condition, why):
    if not condition:
        raise Bad(why)


# --- Canonical JSON (RFC 8785, integers only) ---

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


# --- Ed25519 (RFC 8032), verification only ---

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * I % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    g, h = 2 * D * a[3] * b[3], 2 * a[2] * b[2]
    w, x, y, z = f - e, h - g, h + g, f + e
    return (w * x % P, y * z % P, x * y % P, w * z % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
IDENTITY = compress((0, 1, 1, 0))


def sound_key(key):
    """Refuses keys that are no point, not canonical or of small order."""
    point = decompress(key) if len(key) == 32 else None
    need(point is not None and compress(multiply(8, point)) != IDENTITY, "key not sound")
    return point


def verify_ed25519(key, message, signature):
    point = sound_key(key)
    if len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    negative = (P - point[0], point[1], 1, P - point[3])
    return compress(add(multiply(s, BASE), multiply(k, negative))) == signature[:32]


# --- Tree (RFC 6962) ---

def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(n):
    return 1 << ((n - 1).bit_length() - 1)


def root_of(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY
    k = split(len(leaves))
    return node_hash(root_of(leaves[:k]), root_of(leaves[k:]))


def inclusion_root(leaf, index, size, proof):
    """The root that the recursive definition of a path leads to."""
    need(0 <= index < size, "no such leaf")
    if size == 1:
        need(not proof, "proof too long")
        return leaf
    need(proof, "proof too short")
    k = split(size)
    if index < k:
        return node_hash(inclusion_root(leaf, index, k, proof[:-1]), proof[-1])
    return node_hash(proof[-1], inclusion_root(leaf, index - k, size - k, proof[:-1]))


def consistency_roots(m, n, proof, known, old):
    """Old and new root that the recursive definition of SUBPROOF leads to."""
    if m == n:
        if known:
            need(not proof, "proof too long")
            return old, old
        need(len(proof) == 1, "proof of wrong length")
        return proof[0], proof[0]
    need(proof, "proof too short")
    k = split(n)
    if m <= k:
        left_old, left = consistency_roots(m, k, proof[:-1], known, old)
        return left_old, node_hash(left, proof[-1])
    right_old, right = consistency_roots(m - k, n - k, proof[:-1], False, old)
    return node_hash(proof[-1], right_old), node_hash(proof[-1], right)


def multi_root(leaves, size, proof):
    """Root from leaves by index and the hashes of the maximal subtrees without one, left to right."""
    need(len(proof) % 32 == 0, "proof length")
    hashes = iter([proof[i:i + 32] for i in range(0, len(proof), 32)])
    wanted = sorted(leaves)
    need(not wanted or (wanted[0] >= 0 and wanted[-1] < size), "leaf outside the tree")

    def walk(start, end, low, high):
        if low == high:
            found = next(hashes, None)
            need(found is not None, "proof too short")
            return found
        if end - start == 1:
            return leaves[start]
        middle = start + split(end - start)
        cut = low
        while cut < high and wanted[cut] < middle:
            cut += 1
        left = walk(start, middle, low, cut)
        return node_hash(left, walk(middle, end, cut, high))

    root = walk(0, size, 0, len(wanted))
    need(next(hashes, None) is None, "proof too long")
    return root


# --- Notes and checkpoints (c2sp.org/signed-note, c2sp.org/tlog-checkpoint) ---

def parse_note(text):
    need(text.endswith("\n") and "\n\n" in text and not re.search(r"[\x00-\x09\x0b-\x1f]", text), "no note")
    at = text.rindex("\n\n")
    lines = []
    for line in text[at + 2:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^\\s+]+) (\\S+)", line)
        need(match, "no signature line")
        data = from_base64(match[2])
        need(len(data) > 4, "no signature")
        lines.append((match[1], data[:4], data[4:]))
    return text[:at + 1], lines


def key_id(name, key):
    return hashlib.sha256(name.encode() + b"\n\1" + key).digest()[:4]


def parse_verifier_key(text):
    match = re.fullmatch(r"([^+\s]+)\+([0-9a-f]{8})\+(\S+)", text)
    need(match, "no verifier key")
    data = from_base64(match[3])
    need(data[:1] == b"\1", "not Ed25519")
    sound_key(data[1:])
    need(key_id(match[1], data[1:]).hex() == match[2], "id of another key")
    return match[1], data[1:]


def note_signers(note, keys):
    """Which of `keys` signed; a line of a known key that does not verify is an error."""
    text, lines = parse_note(note)
    found = set()
    for name, kid, signature in lines:
        for i, (known, key) in enumerate(keys):
            if name == known and kid == key_id(known, key):
                need(verify_ed25519(key, text.encode(), signature), "bad signature")
                found.add(i)
    return found


def parse_checkpoint(text):
    lines = text.split("\n")
    need(len(lines) == 4 and lines[3] == "", "not three lines")
    need(ORIGIN.match(lines[0]) and re.fullmatch("0|[1-9][0-9]{0,15}", lines[1]) and int(lines[1]) <= MAX, "origin or size")
    root = from_base64(lines[2])
    need(len(root) == 32, "root")
    return {"origin": lines[0], "size": int(lines[1]), "root": root.hex()}


# --- Trust ---

def instant(text):
    need(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", text), "instant")
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment.astimezone(timezone.utc).timestamp() * 1000


def parse_trust(trust):
    need(isinstance(trust, dict) and set(trust) == {"version", "keys", "witnesses", "tsaRoots", "required"}, "fields")
    need(trust["version"] == 1, "version")
    for entry in trust["keys"]:
        need({"origin", "role", "key"} <= set(entry) <= {"origin", "role", "key", "validFrom", "validUntil", "compromisedSince"}, "fields of a key")
        need(ORIGIN.match(entry["origin"]), "origin")
        for field in ("validFrom", "validUntil", "compromisedSince"):
            if field in entry:
                instant(entry[field])
        if entry["role"] == "log":
            need(parse_verifier_key(entry["key"])[0] == entry["origin"], "name is not the origin")
        elif entry["role"] == "export":
            sound_key(from_base64(entry["key"]))
        else:
            need(entry["role"] in ("attestation", "dispatch", "witness"), "role")
    return trust


def keys_for(trust, origin, role):
    return [entry for entry in (trust or {}).get("keys", []) if entry["origin"] == origin and entry["role"] == role]


def counts(entry, now, newest):
    if "compromisedSince" in entry:
        return False
    if "validFrom" in entry and now < instant(entry["validFrom"]):
        return False
    return not ("validUntil" in entry and newest > instant(entry["validUntil"]))


# --- Bundle ---

ORDER = [r"manifest\.json", r"manifest\.sig", "checkpoint", r"trust-hints\.json", r"proof\.bin", r"records\.jsonl",
         r"payloads\.jsonl", r"receipts/[a-z0-9][a-z0-9._-]{0,62}\.json", "artifacts/[0-9a-f]{64}", r"README\.md"]


def rank(path):
    return next((i for i, pattern in enumerate(ORDER) if re.fullmatch(pattern, path)), -1)


def tar_header(path, size):
    fields = path.encode().ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0"
    tail = (b"0" + b"\0" * 100 + b"ustar\00000" + b"\0" * 64 + b"0000000\0" * 2).ljust(512 - 156, b"\0")
    return fields + b"%06o\0 " % sum(fields + b" " * 8 + tail) + tail


def read_tar(data):
    files, at = [], 0
    while data[at:at + 512] != b"\0" * 512 or at == 0:
        block = data[at:at + 512]
        path = block[:100].rstrip(b"\0").decode("ascii", "replace")
        size = block[124:135]
        if not re.fullmatch(b"[0-7]{11}", size) or block != tar_header(path, int(size, 8)):
            raise Bad("no tar of ours" if at == 0 else "tar damaged")
        size = int(size, 8)
        end = at + 512 + size + -size % 512
        need(end <= len(data) and not any(data[at + 512 + size:end]), "tar damaged")
        files.append((path, data[at + 512:at + 512 + size]))
        at = end
    need(data[at:] == b"\0" * 1024, "tar damaged at its end")
    return files


def read_folder(root):
    paths = [os.path.relpath(os.path.join(at, name), root).replace(os.sep, "/") for at, _, names in os.walk(root) for name in names]
    return [(path, open(os.path.join(root, path), "rb").read()) for path in sorted(paths, key=lambda path: (rank(path), path))]


def lines_of(data):
    need(data.endswith(b"\n"), "no newline at the end")
    return data[:-1].split(b"\n")


class Failures(dict):
    def check(self, name, condition, why=""):
        if not condition:
            self.setdefault(name, why or "failed")
        return condition

    def run(self, name, function, *args):
        try:
            return function(*args)
        except (Bad, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            self.setdefault(name, repr(error))
            return None


def verify_bundle(files, trust, now):
    """Verdict, failures and status of a bundle given as (path, bytes) in order."""
    failed = Failures()
    if not files or files[0][0] != "manifest.json":
        return "unreadable", failed, None
    content = dict(files)
    ranks = [(rank(path), path) for path, _ in files]
    failed.check("bundle.layout", all(r >= 0 for r, _ in ranks) and ranks == sorted(set(ranks)), "order")
    manifest = failed.run("manifest.form", parse_canonical, content["manifest.json"])
    if manifest is None:
        return "tampered", failed, None
    listed = {entry["path"]: entry for entry in manifest["files"]}
    there = {path for path, _ in files if path not in ("manifest.json", "manifest.sig")}
    failed.check("bundle.layout", there == set(listed), "listed and present files differ")
    failed.check("bundle.layout", {"checkpoint", "trust-hints.json", "proof.bin", "records.jsonl", "README.md"} <= there, "missing")
    for path in there & set(listed):
        same = len(content[path]) == listed[path]["size"] and hashlib.sha256(content[path]).hexdigest() == listed[path]["sha256"]
        failed.check("manifest.files", same, path)
    note = failed.run("checkpoint.form", lambda: content["checkpoint"].decode("utf-8"))
    head = failed.run("checkpoint.form", lambda: parse_checkpoint(parse_note(note)[0]))
    if head is None:
        return "tampered", failed, None
    failed.check("checkpoint.head", head["origin"] == manifest["origin"] and head["size"] == manifest["size"])
    hints = failed.run("hints.form", lambda: parse_trust(parse_canonical(content["trust-hints.json"])))
    records = failed.run("records.form", lambda: [(parse_canonical(line), leaf_hash(line)) for line in lines_of(content["records.jsonl"])])
    status, newest = None, float("inf")
    if records:
        newest = records[-1][0]["at"]
        check_records(failed, records, manifest, head, content.get("proof.bin", b""))
        status = failed.run("run.status", fold, failed, [record for record, _ in records])
        if "payloads.jsonl" in content:
            failed.run("payloads.commitment", check_payloads, content["payloads.jsonl"], records)
        for path in there:
            if path.startswith("artifacts/"):
                failed.check("artifacts.digest", listed.get(path, {}).get("sha256") == path[10:] and path[10:] in content["records.jsonl"].decode(), path)
            if path.startswith("receipts/"):
                receipt = failed.run("receipts.checkpoint", parse_canonical, content[path]) or {}
                failed.check("receipts.checkpoint", all(receipt.get(field) == head[field] for field in head), path)
    authentic = check_signatures(failed, content, note, head, trust, hints, now, newest)
    required = set((trust or {}).get("required", [])) - {"authentic", "complete-run"}
    verdict = "tampered" if failed else "verified" if authentic and not required else "unverified"
    return verdict, failed, status


def check_signatures(failed, content, note, head, trust, hints, now, newest):
    message = b"seamark/manifest/v1\0" + content["manifest.json"]
    signature = content.get("manifest.sig")
    signs = lambda entry: signature is not None and verify_ed25519(from_base64(entry["key"]), message, signature)
    exporters = keys_for(trust, head["origin"], "export")
    if exporters:
        failed.check("manifest.signature", any(signs(entry) and counts(entry, now, newest) for entry in exporters))
    elif signature is not None:
        failed.check("manifest.signature", any(signs(entry) for entry in keys_for(hints, head["origin"], "export")))
    logs = keys_for(trust, head["origin"], "log")
    if not logs:
        return False
    signers = failed.run("checkpoint.signature", note_signers, note, [parse_verifier_key(entry["key"]) for entry in logs])
    return failed.check("checkpoint.signature", any(counts(logs[i], now, newest) for i in signers or ()))


def check_records(failed, records, manifest, head, proof):
    last, previous, sealed = None, None, False
    segment, start, leaves = 0, 0, []
    for i, (record, leaf) in enumerate(records):
        failed.check("records.run", record.get("run") == manifest["run"] and record["ns"] == manifest["ns"])
        if last:
            ordered = record["seq"] > last["seq"] and record["epoch"] >= last["epoch"] and record["at"] >= last["at"]
            failed.check("records.order", ordered, "record %d" % record["seq"])
        failed.check("run.chain", record.get("runSeq") == i and record.get("prevInRun") == previous, "record %d" % record["seq"])
        sealed = record["kind"] == "run.sealed"
        if sealed:
            data = record["data"]
            want = {"segment": segment, "from": start, "count": len(leaves), "last": leaves[-1].hex() if leaves else "",
                    "root": root_of(leaves).hex(), "status": data.get("status")}
            failed.check("run.seal", data == want, "record %d" % record["seq"])
            segment, start, leaves = segment + 1, i + 1, []
        else:
            leaves.append(leaf)
        last, previous = record, leaf.hex()
    failed.check("run.seal", sealed, "the tail is missing")
    root = failed.run("log.inclusion", multi_root, {record["seq"]: leaf for record, leaf in records}, head["size"], proof)
    failed.check("log.inclusion", root is not None and root.hex() == head["root"], "root")


def fold(failed, records):
    """Status of the run from its records; settlements once, inputs from products of settled items."""
    items, index, products, outcome, cancel, status, announced = [], {}, {}, {}, None, None, 0

    def settle(i, value):
        need(i < len(items) and i not in outcome, "settled twice or unknown")
        outcome[i] = value

    for record in records:
        kind, data = record["kind"], record["data"]
        i = index.get(record.get("item"))
        if kind == "run.submitted":
            announced = data["items"]
        elif kind == "items.added":
            for number, name, needs in data["items"]:
                need(number == len(items) and name not in index, "items out of order")
                index[name] = number
                items.append(needs)
        elif kind == "item.launched":
            for given in data.get("inputs", []):
                source = index.get(given["from"])
                product = products.get(source, {})
                blob = {"patch": product.get("patch") or {"sha256": EMPTY.hex(), "size": 0}, "workspace": product.get("snapshot"),
                        "output": next((o["blob"] for o in product.get("outputs", []) if o["path"] == given.get("path")), None)}[given["select"]]
                supplied = source in items[i] and outcome.get(source) == "succeeded" and blob
                failed.check("items.inputs", supplied and {k: blob[k] for k in ("sha256", "size")} == given["blob"], given["name"])
        elif kind == "item.captured" or (kind == "attempt.ended" and "product" in data):
            products[i] = data["product"]
        elif kind == "item.settled":
            settle(i, data["outcome"])
        elif kind == "items.settled":
            for first, final in data["ranges"]:
                for number in range(first, min(final, len(items)) + 1):
                    settle(number, data["outcome"])
        elif kind == "cancel.requested" and "item" not in record:
            cancel = cancel or data["reason"]
        elif kind == "run.sealed":
            need(status or (len(items) == announced and len(outcome) == announced), "sealed before all settled")
            all_good = all(value == "succeeded" for value in outcome.values())
            status = status or ("succeeded" if all_good else "canceled" if cancel == "requested" else "failed")
            need(data["status"] == status, "status is not borne out")
    return status


def check_payloads(data, records):
    commitments = {record["seq"]: record["payload"] for record, _ in records if "payload" in record}
    last = -1
    for line in lines_of(data):
        entry = parse_canonical(line)
        need(set(entry) == {"bytes", "salt", "seq"} and entry["seq"] > last, "payload line")
        last, payload, salt = entry["seq"], from_base64(entry["bytes"]), from_base64(entry["salt"])
        need(len(salt) == 32 and commitments[last]["size"] == len(payload), "size")
        need(commitments[last]["hmac"] == commit(salt, payload), "commitment")


def commit(salt, payload):
    return hmac.new(salt, b"seamark/payload/v1\0" + payload, hashlib.sha256).hexdigest()


# --- Vectors ---

def holds(function, *args):
    try:
        return function(*args)
    except Bad:
        return False


def vectors(folder):
    load = lambda name: json.load(open(os.path.join(folder, name), encoding="utf-8"))
    results = []
    expect = lambda name, actual, wanted: results.append((name, actual == wanted))
    accepts = lambda data: holds(lambda: (parse_canonical(data), True)[1])

    jcs = load("jcs.json")
    for text in jcs["canonical"]:
        expect("jcs %r" % text, accepts(text.encode()), True)
    for text in jcs["refused"]:
        expect("jcs refused %r" % text, accepts(text.encode("utf-8", "surrogatepass")), False)

    for entry in load("payload.json"):
        expect("payload", commit(bytes.fromhex(entry["salt"]), bytes.fromhex(entry["bytes"])) == entry["hmac"], entry["valid"])

    chain = load("chain.json")
    parsed = [(json.loads(entry["header"]), entry) for entry in chain["records"]]
    for record, entry in parsed:
        expect("leaf %d" % record["seq"], leaf_hash(entry["header"].encode()).hex(), entry["leaf"])
        expect("header %d" % record["seq"], canonical(record), entry["header"])
    failed = Failures()
    run = [(record, bytes.fromhex(entry["leaf"])) for record, entry in parsed if record.get("run") == chain["run"]]
    check_records(failed, run, {"run": chain["run"], "ns": "default"}, {"size": 1, "root": ""}, b"")
    failed.pop("log.inclusion")
    expect("chain", dict(failed), {})

    tree = load("tree.json")
    leaves = [leaf_hash(bytes.fromhex(data)) for data in tree["inputs"]]
    roots = [root_of(leaves[:n]) for n in range(len(leaves) + 1)]
    expect("leaves", [leaf.hex() for leaf in leaves], tree["leaves"])
    expect("roots", [root.hex() for root in roots], tree["roots"])
    for entry in tree["inclusion"]:
        proof = [bytes.fromhex(h) for h in entry["proof"]]
        index, size = entry["index"], entry["size"]
        # The proof of one leaf must not prove another one.
        expect("inclusion %r" % entry, holds(lambda: inclusion_root(leaves[index], index, size, proof) == roots[size]), entry["valid"])
    for entry in tree["consistency"]:
        proof = [bytes.fromhex(h) for h in entry["proof"]]
        m, n = entry["from"], entry["to"]
        proves = lambda: not proof if m == 0 else consistency_roots(m, n, proof, True, roots[m]) == (roots[m], roots[n])
        expect("consistency %r" % entry, holds(proves), entry["valid"])
    for entry in tree["multi"]:
        seqs, proof = entry["seqs"], bytes.fromhex(entry["proof"])
        proves = lambda: seqs == sorted(seqs) and multi_root({i: leaves[i] for i in seqs}, entry["size"], proof) == roots[entry["size"]]
        expect("multi %r" % entry, holds(proves), entry["valid"])

    notes = load("notes.json")
    for entry in notes["notes"]:
        expect("note %r" % entry, bool(holds(lambda: note_signers(entry["note"], [parse_verifier_key(entry["key"])]))), entry["verified"])
        if "checkpoint" in entry:
            expect("checkpoint %r" % entry, holds(lambda: parse_checkpoint(parse_note(entry["note"])[0])), entry["checkpoint"])
    for entry in notes["checkpoints"]:
        expect("checkpoint %r" % entry, bool(holds(parse_checkpoint, entry["text"])), entry["valid"])
    for entry in notes["keys"]:
        check = lambda: sound_key(bytes.fromhex(entry["raw"])) if "raw" in entry else parse_verifier_key(entry["key"])
        expect("key %r" % entry, bool(holds(check)), entry["valid"])

    for entry in load("trust.json"):
        expect("trust %r" % entry, bool(holds(parse_trust, entry["trust"])), entry["valid"])

    now = datetime(2030, 1, 1, tzinfo=timezone.utc).timestamp() * 1000
    for entry in load("bundles.json"):
        trust = load("trust/%s.json" % entry["trust"]) if "trust" in entry else None
        verdict, found = judge(open(os.path.join(folder, entry["path"]), "rb").read(), trust, now)[:2]
        expect("bundle %s: %s %r" % (entry["name"], verdict, dict(found)), verdict, entry["verdict"])
        expect("bundle %s fails %r" % (entry["name"], dict(found)), set(entry.get("failed", [])) <= set(found), True)
    return results


def judge(data, trust, now):
    try:
        files = read_tar(data) if isinstance(data, bytes) else read_folder(data)
    except Bad as error:
        verdict = "unreadable" if "no tar" in str(error) else "tampered"
        return verdict, Failures({"bundle.layout": str(error)}), None
    return verify_bundle(files, trust, now)


def main(argv):
    if not argv:
        results = vectors(os.path.dirname(os.path.abspath(__file__)))
        for name, agrees in results:
            if not agrees:
                print("disagrees:", name)
        passed = sum(agrees for _, agrees in results)
        print("%d passed, %d failed" % (passed, len(results) - passed))
        return 0 if passed == len(results) else 1
    trust = None
    if "--trust" in argv:
        at = argv.index("--trust")
        trust = parse_trust(json.load(open(argv[at + 1], encoding="utf-8")))
        argv = argv[:at] + argv[at + 2:]
    source = argv[0] if os.path.isdir(argv[0]) else open(argv[0], "rb").read()
    verdict, failed, status = judge(source, trust, time.time() * 1000)
    for name, why in failed.items():
        print("fail", name, why)
    print(verdict if status is None else "%s: run %s" % (verdict, status))
    return {"verified": 0, "tampered": 10, "unverified": 12, "unreadable": 2}[verdict]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
