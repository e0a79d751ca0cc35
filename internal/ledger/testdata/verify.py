"""A second, independent reader of the ledger's formats (docs/ledger.md).

Standard library only; Ed25519 verification after RFC 8032, section 6.
Usage: verify.py FOLDER. Exits with 1 at the first vector that disagrees.
"""
import base64, hashlib, json, os, sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

def add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    A, B = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    C, E = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = B - A, E - C, E + C, B + A
    return (e * f % P, g * h % P, f * g % P, e * h % P)

def mul(n, point):
    out = (0, 1, 1, 0)
    while n:
        if n & 1: out = add(out, point)
        point, n = add(point, point), n >> 1
    return out

def unpack(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P: x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x2) % P or y >= P: raise ValueError("not a point")
    if x & 1 != sign: x = P - x
    return (x, y, 1, x * y % P)

BASE = unpack(bytes([0x58]) + b"\x66" * 31)

def ed25519(public, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    a, b = mul(s, BASE), add(unpack(r), mul(h, unpack(public)))
    return s < L and (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0

def leaf_hash(leaf): return hashlib.sha256(b"\0" + leaf).digest()
def node(a, b): return hashlib.sha256(b"\1" + a + b).digest()
def b64(raw): return base64.b64encode(raw).decode()

def checkpoint(text, key):
    """Gives (size, root) of a signed checkpoint, or None."""
    name, _, public = key.split("+", 2)
    public = base64.b64decode(public)
    body, _, signatures = text.rpartition("\n\n")
    body += "\n"
    key_id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    for line in signatures.splitlines():
        _, who, raw = line.split(" ")
        raw = base64.b64decode(raw)
        if who == name and raw[:4] == key_id and ed25519(public[1:], body.encode(), raw[4:]):
            origin, size, root = body.split("\n")[:3]
            return (int(size), base64.b64decode(root)) if origin == name else None
    return None

def split(n):
    k = 1
    while 2 * k < n: k *= 2
    return k

def root_by_proof(path, n, index, leaf):
    if n == 1: return leaf if not path else None
    k = split(n)
    if index < k: return node(root_by_proof(path[:-1], k, index, leaf), path[-1])
    return node(path[-1], root_by_proof(path[:-1], n - k, index - k, leaf))

def roots_by_consistency(path, n, old, old_root, whole=True):
    """Gives the roots of the old and of the new tree that the path implies."""
    if n == old: return (old_root, old_root) if whole else (path[0], path[0])
    k = split(n)
    if old <= k:
        a, b = roots_by_consistency(path[:-1], k, old, old_root, whole)
        return a, node(b, path[-1])
    a, b = roots_by_consistency(path[:-1], n - k, old - k, old_root, False)
    return node(path[-1], a), node(path[-1], b)

def proof(text, title, word, key):
    head, _, signed = text.partition("\n\n")
    lines = head.split("\n")
    assert lines[0] == title and lines[1].startswith(word + " ")
    return int(lines[1][len(word) + 1:]), [base64.b64decode(l) for l in lines[2:]], checkpoint(signed, key)

def segment(text):
    lines = text.split("\n")
    assert lines[0] == "steward ledger segment v1" and lines[1].startswith("origin ") and lines[-1] == ""
    start, end = map(int, lines[2].removeprefix("range ").split(" "))
    for i, line in enumerate(lines[3:-1]):
        position, recorded, leaf = line.split(" ", 2)
        assert int(position) == start + i and recorded == b64(leaf_hash(leaf.encode()))
    assert len(lines) - 4 == end - start
    return "valid from %d to %d" % (start, end)

def said(found): return "valid size %d root %s" % (found[0], b64(found[1])) if found else "invalid"

def main(folder):
    texts = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), newline="") as file:
            expect, _, text = file.read().partition("\n")
        texts[name] = (expect.removeprefix("expect: "), text)
    key, leaf = texts["key.txt"][1], texts["entry.txt"][1]
    fields = json.loads(leaf)
    assert json.dumps(fields, sort_keys=True, separators=(",", ":")) == leaf and fields["v"] == 1
    index, path, newest = proof(texts["proof.txt"][1], "c2sp.org/tlog-proof@v1", "index", key)
    old, tree, newer = proof(texts["consistency.txt"][1], "steward ledger consistency v1", "old", key)
    older = checkpoint(texts["checkpoint-old.txt"][1], key)
    included = root_by_proof(path, newest[0], index, leaf_hash(leaf.encode())) == newest[1]
    grown = older[0] == old and roots_by_consistency(tree, newer[0], old, older[1]) == (older[1], newer[1])
    made = {
        "entry.txt": "hash " + b64(leaf_hash(leaf.encode())),
        "checkpoint.txt": said(checkpoint(texts["checkpoint.txt"][1], key)),
        "checkpoint-old.txt": said(older),
        "checkpoint-bad.txt": said(checkpoint(texts["checkpoint-bad.txt"][1], key)),
        "proof.txt": "valid index %d" % index if included else "invalid",
        "consistency.txt": "valid new %d" % newer[0] if grown else "invalid",
        "segment.txt": segment(texts["segment.txt"][1]),
    }
    for name, result in sorted(made.items()):
        if result != texts[name][0]:
            sys.exit("%s: expected %r, got %r" % (name, texts[name][0], result))
    print("%d vectors agree" % len(made))

if __name__ == "__main__":
    main(sys.argv[1])
