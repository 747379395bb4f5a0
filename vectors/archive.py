"""The files of a bundle, from a tar or a folder, and their fixed order."""
import os, re

from canonical import Bad, need

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
