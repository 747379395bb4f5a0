"""The tree of RFC 6962 and its proofs, by their recursive definitions."""
import hashlib

from canonical import need

EMPTY = hashlib.sha256(b"").digest()


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
