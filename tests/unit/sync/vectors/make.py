#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The files of test_tuf_vectors.c: roots whose canonical JSON, key ids and signatures are those of another implementation
(Debian's python3-securesystemslib 0.26, which python-tuf signs with). Made once; run it again only for new cases: all keys
are made anew.    ./make.py FOLDER"""
import copy
import json
import pathlib
import sys

import securesystemslib
from securesystemslib import formats, keys

out = pathlib.Path(sys.argv[1])
ed25519 = [keys.generate_ed25519_key() for _ in range(3)]
ecdsa = [keys.generate_ecdsa_key() for _ in range(2)]
rsa = [keys.generate_rsa_key(bits) for bits in (2048, 3072)]


def public(key):
    return keys.format_keyval_to_metadata(key["keytype"], key["scheme"], key["keyval"])


def root(signers, threshold, ids=None, **more):
    ids = ids or [key["keyid"] for key in signers]
    return {"_type": "root", "spec_version": "1.0.31", "version": 1, "expires": "2099-01-01T00:00:00Z", "consistent_snapshot": True,
            "keys": {name: public(key) for name, key in zip(ids, signers)},
            "roles": {role: {"keyids": ids, "threshold": threshold} for role in ("root", "timestamp", "snapshot", "targets")}, **more}


def write(name, body, signers, ids=None):
    content = formats.encode_canonical(body).encode()
    signatures = [keys.create_signature(key, content) for key in signers]
    for signature, name_of_key in zip(signatures, ids or [key["keyid"] for key in signers]):
        signature["keyid"] = name_of_key
    (out / name).write_text(json.dumps({"signatures": signatures, "signed": body}, indent=1, ensure_ascii=name != "utf-8.json") + "\n")


odd = {"x": {"quote": "\"", "backslash": "\\", "both": "\\\"", "newline": "a\nb\r\n", "tab": "\t", "controls": "\x01\x1f\x7f", "empty": "",
             "umlaut": "Z\u00fcrich", "astral": "\U0001f30a", "separator": "\u2028", "": "no name", "Z": 1, "a": -1, "\u00e4": 0,
             "list": [[], {}, [1, [2, [3]]], True, False, None, "", 9007199254740993, -9223372036854775808]}}
three = [ed25519[0], ecdsa[0], rsa[0]]
print(f"securesystemslib {securesystemslib.__version__}")
write("three.json", root(three, 3), three)
write("rsa.json", root(rsa, 2), rsa)
write("ecdsa.json", root(ecdsa, 2), ecdsa)
write("odd-text.json", root(three, 3, **odd), three)
write("utf-8.json", root(three, 3, **odd), three)
names = ["A", "not a hash", "../x\u00e9\"\\"]
write("odd-ids.json", root(three, 3, names), three, names)
write("two-of-three.json", root([*three], 2), three[:2])
write("one-of-two.json", root(three, 2), three[2:])
twice = [ed25519[1], ed25519[1]]
write("one-key-twice.json", root(twice, 2, ["first", "second"]), twice, ["first", "second"])
# A key that says another scheme than it was signed by.
body = root(rsa[:1], 1)
body["keys"][rsa[0]["keyid"]]["scheme"] = "rsa-pkcs1v15-sha256"
write("other-scheme.json", body, rsa[:1])
# Signed, and then something was put in that sorts before all else.
body = root(three, 3)
content = copy.deepcopy(body)
write("changed.json", body, three)
changed = json.loads((out / "changed.json").read_text())
changed["signed"]["A"] = ""
(out / "changed.json").write_text(json.dumps(changed, indent=1) + "\n")
