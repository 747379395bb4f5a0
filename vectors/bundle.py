"""A whole bundle, judged by a trust file."""
import hashlib

from archive import rank, read_folder, read_tar
from canonical import Bad, from_base64, parse_canonical
from ed25519 import verify_ed25519
from merkle import leaf_hash
from notes import counts, keys_for, note_signers, parse_checkpoint, parse_note, parse_trust, parse_verifier_key
from run import Failures, check_payloads, check_records, fold, lines_of


def judge(data, trust, now):
    try:
        files = read_tar(data) if isinstance(data, bytes) else read_folder(data)
    except Bad as error:
        verdict = "unreadable" if "no tar" in str(error) else "tampered"
        return verdict, Failures({"bundle.layout": str(error)}), None
    return verify_bundle(files, trust, now)


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
