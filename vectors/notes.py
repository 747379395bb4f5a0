"""Signed notes, checkpoints (c2sp.org) and trust files."""
import hashlib, re
from datetime import datetime, timezone

from canonical import MAX, from_base64, need
from ed25519 import sound_key, verify_ed25519

ORIGIN = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?/[0-9a-f]{32}\Z")


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
