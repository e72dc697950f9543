"""Signatures and ciphers against the vectors of their standards, and each plug-in against what it says it does."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.envelope import Json
from sync.envelope_form import SEALS, SealForm
from sync.errors import SyncError
from sync.sandbox.evoucher_sm2 import is_signed, made_key, public_of
from sync.sealing import SealSecrets, seal_of
from sync.sealing.cainfo import signed_text
from sync.sealing.sm2 import Sm2Key, verify
from sync.sealing.suite import Suite, decrypted, encrypted, sm3

# GB/T 32918.5-2017, appendix A: the signature over the recommended curve.
PRIVATE = "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
PUBLIC = (
    "04"
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNATURE = (
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
USER = "1234567812345678"
MESSAGE = b"message digest"
ENVELOPE: dict[str, Json] = {
    "infno": "1101", "msgid": "M1", "sign_no": "", "input": '{"data":{}}', "fixmedins_name": "\u533b\u9662",
}  # fmt: skip
SECRETS = SealSecrets("demo", "secret", PRIVATE)


def test_the_standards_own_signature_is_good_to_both_sides() -> None:
    public = bytes.fromhex(PUBLIC)
    assert Sm2Key(PRIVATE, USER).public == public
    assert public_of(int(PRIVATE, 16)) == (int(PUBLIC[2:66], 16), int(PUBLIC[66:], 16))
    raw = bytes.fromhex(SIGNATURE)
    assert verify(public, USER, MESSAGE, raw, der=False)
    for wrong in (raw[:-1] + b"\0", raw[:-1], raw[32:] + raw[:32], b""):
        assert not verify(public, USER, MESSAGE, wrong, der=False)
    assert not verify(public, USER, b"another message", raw, der=False)
    assert not verify(public, "another user", MESSAGE, raw, der=False)


def test_the_standards_own_digest_and_block() -> None:
    # GB/T 32905-2016, appendix A; GB/T 32907-2016, appendix A.
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    assert encrypted(key, key)[:16].hex() == "681edf34d206965e86b3e94f536e4246"
    assert decrypted(key, encrypted(key, b"\xff" * 33)) == b"\xff" * 33


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200), st.integers(min_value=1, max_value=10**70), st.booleans())
def test_what_one_side_signs_the_other_side_believes(message: bytes, number: int, flip: bool) -> None:
    private = made_key(number)
    signature = Sm2Key(f"{private:064x}", USER).sign(message, der=True)
    assert is_signed(public_of(private), USER.encode(), message + b"!" * flip, signature) is not flip


@pytest.mark.parametrize("key", ["", "00", "zz" * 32, "0" * 64, "F" * 64, PRIVATE + "00"])
def test_what_is_no_private_key_is_told_so(key: str) -> None:
    with pytest.raises(SyncError) as no:
        seal_of(SealForm("cainfo_sm2"), SealSecrets("", "", key))
    assert no.value.code == "seal_missing"
    assert not key or key not in str(no.value)


@pytest.mark.parametrize("kind", [kind for kind in SEALS if kind != "none"])
def test_a_plug_in_without_its_secret_is_not_made_and_none_shows_it(kind: str) -> None:
    with pytest.raises(SyncError) as no:
        seal_of(SealForm(kind), SealSecrets())
    assert no.value.code == "seal_missing"
    assert "secret" not in f"{SECRETS!r}".replace("SealSecrets", "").lower()
    assert PRIVATE not in f"{SECRETS!r} {seal_of(SealForm(kind), SECRETS)!r}"


@pytest.mark.parametrize("secret", ["a\nb", "\u5bc6", "a\x7f"])
def test_what_no_header_can_carry_is_no_secret(secret: str) -> None:
    with pytest.raises(SyncError):
        seal_of(SealForm("api_key"), SealSecrets("", secret))


def test_each_plug_in_says_what_it_says() -> None:
    once = "n" * 32
    tif = seal_of(SealForm("tif", service="svc"), SECRETS)
    at = "1795400000"
    wanted = hashlib.sha256(f"{at}secret{once}{at}".encode()).hexdigest()
    assert tif.headers(1_795_400_000_999, lambda: once) == {
        "x-tif-paasid": "demo", "x-tif-timestamp": at, "x-tif-nonce": once, "x-tif-signature": wanted,
        "x-tif-serviceId": "svc",
    }  # fmt: skip
    assert "x-tif-serviceId" not in seal_of(SealForm("tif"), SECRETS).headers(0, lambda: once)
    csb = seal_of(SealForm("csb", service="api", service_version="1.0.0"), SECRETS).headers(7, lambda: once)
    text = b"_api_access_key=demo&_api_name=api&_api_timestamp=7&_api_version=1.0.0"
    assert csb["_api_signature"] == base64.b64encode(hmac.new(b"secret", text, "sha1").digest()).decode()
    key = seal_of(SealForm("api_key", header="X-Own"), SECRETS)
    assert (key.headers(0, str), key.members(ENVELOPE)) == ({"X-Own": "secret"}, {})
    none = seal_of(SealForm(), SealSecrets())
    assert (none.headers(0, str), none.members(ENVELOPE)) == ({}, {})


@pytest.mark.parametrize("der", [True, False])
def test_cainfo_is_over_all_but_input_and_itself(der: bool) -> None:
    form = SealForm("cainfo_sm2", signature="der" if der else "raw")
    found = seal_of(form, SECRETS).members(ENVELOPE)
    text = "fixmedins_name=\u533b\u9662&infno=1101&msgid=M1&signtype=SM2"
    assert found["cainfo"] == found["cainfo"].upper()
    assert verify(bytes.fromhex(PUBLIC), USER, text.encode(), bytes.fromhex(found["cainfo"]), der=der)
    assert signed_text({**ENVELOPE, "cainfo": "x"}, skip_blanks=False) == (
        "fixmedins_name=\u533b\u9662&infno=1101&msgid=M1&sign_no="
    )


def test_several_plug_ins_stand_around_one_envelope() -> None:
    both = seal_of(SealForm("tif+cainfo_sm2"), SECRETS)
    assert set(both.members(ENVELOPE)) == {"cainfo", "signtype"}
    assert "x-tif-signature" in both.headers(0, lambda: "n" * 16)


def test_a_sealed_message_is_opened_by_whom_it_is_for_and_by_nobody_who_changed_it() -> None:
    suite = Suite("43AF047BBA47FC8A1AE8EFB232BDBBCB", "4117E877F5FA0A0188891283E4B617D5", PRIVATE, PUBLIC)
    data: dict[str, Json] = {"psnNo": "P1", "amount": 12, "empty": "", "rows": [{"b": "2", "a": "1"}]}
    message = suite.close(data, "20261123093000")
    assert suite.open(message) == {"psnNo": "P1", "amount": 12, "rows": [{"b": "2", "a": "1"}]}
    assert "P1" not in str(message)
    other = suite.close({**data, "amount": 13}, "20261123093000")
    for broken in (
        {**message, "encData": other["encData"]},
        {**message, "timestamp": "20261123093001"},
        {**message, "signData": "AAAA"},
        {**message, "encData": "00"},
        {name: value for name, value in message.items() if name != "signData"},
    ):
        with pytest.raises(SyncError) as no:
            suite.open(broken)
        assert no.value.code == "bad_reply"
    with pytest.raises(SyncError):
        Suite("short", "x", PRIVATE).close(data, "1")
    assert PRIVATE not in repr(suite)
