"""A run: its chain, seals, status, inputs and payloads."""
import hashlib, hmac

from canonical import Bad, from_base64, need, parse_canonical
from merkle import EMPTY, multi_root, root_of

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
    ran, taken, again = set(), set(), {}
    # Of the plan: what became of children, their parents have judged.
    planned = []

    def settle(i, value):
        need(i < len(items) and i not in outcome, "settled twice or unknown")
        outcome[i] = value

    for record in records:
        kind, data = record["kind"], record["data"]
        i = index.get(record.get("item"))
        if kind == "run.submitted":
            announced, again = data["items"], data.get("rerun", {})
        elif kind == "items.added":
            parent = record.get("item")
            need(parent is None or (i is not None and i not in outcome), "children of an item that is over, or unknown")
            for number, name, needs in data["items"]:
                need(number == len(items) and name not in index, "items out of order")
                index[name] = number
                items.append(needs)
                if parent is None:
                    planned.append(number)
        elif kind == "item.taken":
            need(i is not None and i in planned and i not in ran and i not in products, "taken twice, after a launch, or unknown")
            need(data["run"] == again.get("of") and "take" in again and record["item"] != again.get("from"), "taken from elsewhere")
            products[i] = data["product"]
            taken.add(i)
        elif kind == "item.launched":
            need(i is not None and (i in ran or i not in products), "launched although its result was taken")
            ran.add(i)
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
            need(status or (len(planned) == announced and len(outcome) == len(items)), "sealed before all settled")
            failed.check("items.legality", all(number in taken for i in taken for number in items[i]), "taken without its needs")
            all_good = all(outcome.get(number) == "succeeded" for number in planned)
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
