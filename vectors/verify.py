#!/usr/bin/env python3
"""Checks Seamark's formats without Seamark: Python 3, standard library only.

    verify.py                              checks every vector beside this file
    verify.py BUNDLE [--trust trust.json]  verifies a bundle, a tar or a folder

Exit code 0: verified, or every vector agrees; 10: tampered; 12: not verified; 2: unreadable; 1: a vector disagrees.
It checks formats, signatures, inclusion, chain, seals, settlements, inputs and payloads. Whether every launch and
end was legal is left to `seamark verify`.
"""
import hashlib, json, os, sys, time
from datetime import datetime, timezone

# The modules beside this file are all there is; nothing is left behind in the folder.
sys.dont_write_bytecode = True

from bundle import judge
from canonical import Bad, canonical, parse_canonical
from ed25519 import sound_key
from merkle import consistency_roots, inclusion_root, leaf_hash, multi_root, root_of
from notes import note_signers, parse_checkpoint, parse_note, parse_trust, parse_verifier_key
from run import Failures, check_records, commit


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

    for entry in load("agents.json"):
        files = [{"path": path, "sha256": hashlib.sha256(text.encode()).hexdigest(), "size": len(text.encode())} for path, text in sorted(entry["files"].items())]
        manifest = canonical({"v": 1, "definition": entry["definition"], "files": files})
        expect("agent manifest", manifest, entry["manifest"])
        expect("agent digest", hashlib.sha256(manifest.encode()).hexdigest(), entry["digest"])

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
