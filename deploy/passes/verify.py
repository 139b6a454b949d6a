"""Verifies vaccination passes with programs that are not Frontdoor's. Reads lines of JSON, and answers each with a line.

Foreign, from PyPI: the QR code is read by zxing-cpp (ZXing in C++), Base45 by `base45`, zlib and SHA-256 by Python, and `cwt` reads the
certificate, computes the key's id, finds the key, verifies the signature (with OpenSSL) and checks the expiry.
Ours, in this file: which certificates are on the trust list, and whether an identifier's hash is on the revocation list. No program of
the registries reads lists of this form.

A request: {"text": "HC1:..."} or {"png": FILE}, with "trust": FILE and "revoked": FILE.
An answer: {"accepted": true, "text": ..., "claims": ...} or {"accepted": false, "why": ...}.
"""

import base64
import hashlib
import json
import sys
import zlib

import cwt
import zxingcpp
from base45 import b45decode
from PIL import Image

HCERT, EU_DCC_V1 = -260, 1


def keys(file):
    """The keys of a trust list. Only its certificates are looked at."""
    with open(file, encoding="utf-8") as opened:
        trusted = json.load(opened)["keys"]
    pem = "-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n"
    ders = [base64.b64decode(key["certificate"], validate=True) for key in trusted]
    return [cwt.load_pem_hcert_dsc(pem.format(base64.encodebytes(der).decode())) for der in ders]


def revoked(file):
    with open(file, encoding="utf-8") as opened:
        return {base64.b64decode(hashed, validate=True) for hashed in json.load(opened)["revoked"]}


def read(file):
    found = zxingcpp.read_barcodes(Image.open(file))
    if len(found) != 1:
        raise ValueError(f"{len(found)} codes in the picture")
    return found[0].text


def verify(request):
    text = read(request["png"]) if "png" in request else request["text"]
    if not text.startswith("HC1:"):
        raise ValueError("no HC1:")
    inflate = zlib.decompressobj()
    signed = inflate.decompress(b45decode(text[4:]), 16 * 1024)
    if not inflate.eof or inflate.unused_data:
        raise ValueError("the compressed data is cut, or goes on")
    claims = cwt.decode(signed, keys=keys(request["trust"]))
    vaccination = claims[HCERT][EU_DCC_V1]["v"][0]
    if hashlib.sha256(vaccination["ci"].encode()).digest()[:16] in revoked(request["revoked"]):
        raise ValueError("revoked")
    dcc = claims[HCERT][EU_DCC_V1]
    return {"accepted": True, "text": text, "claims": {"iss": claims[1], "exp": claims[4], "iat": claims[6], "dcc": dcc}}


def main():
    for line in sys.stdin:
        try:
            answer = verify(json.loads(line))
        except Exception as error:  # Each library has errors of its own, and all of them mean that the pass is refused.
            answer = {"accepted": False, "why": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
