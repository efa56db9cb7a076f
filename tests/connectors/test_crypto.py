"""The event cipher against DingTalk's published vectors, and against tampering."""

import base64
import hashlib
from dataclasses import dataclass, replace

import pytest
from Crypto.Cipher import AES
from hypothesis import given
from hypothesis import strategies as st

from identity.connectors.dingtalk.crypto import (
    CannotOpen,
    Cipher,
    Damaged,
    InvalidKey,
    KeyMismatch,
    Opened,
    SignatureMismatch,
)

pytestmark = pytest.mark.alone


@dataclass(frozen=True)
class Vector:
    """One published exchange."""

    token: str
    aes_key: str
    owner: str
    timestamp: str
    nonce: str
    signature: str
    encrypt: str
    plain: str
    random: str = ""

    @property
    def cipher(self) -> Cipher:
        return Cipher(self.aes_key, self.token)

    def open(self, cipher: Cipher | None = None) -> Opened:
        return (cipher or self.cipher).open(
            self.encrypt,
            signature=self.signature,
            timestamp=self.timestamp,
            nonce=self.nonce,
        )


A = Vector(
    "123456",
    "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij",
    "suite4xxxxxxxxxxxxxxx",
    "1445827045067",
    "nEXhMP4r",
    "5a65ceeef9aab2d149439f82dc191dd6c5cbe2c0",
    "1a3NBxmCFwkCJvfoQ7WhJHB+iX3qHPsc9JbaDznE1i03peOk1LaOQoRz3+nlyGNhwmwJ3vDMG+OzrHMeiZI7gTRWVdUBmfxjZ8Ej23JVYa9VrYeJ5as7XM/ZpulX8NEQis44w53h1qAgnC3PRzM7Zc/D6Ibr0rgUathB6zRHP8PYrfgnNOS9PhSBdHlegK+AGGanfwjXuQ9+0pZcy0w9lQ==",
    '{"EventType":"check_create_suite_url","Random":"LPIdSnlF","TestSuiteKey":"suite4xxxxxxxxxxxxxxx"}',
    "hU3bEfGZZewzhG5a",
)
B = Vector(
    "123456",
    "1234567890123456789012345678901234567890123",
    "dingsnotzck6pm5veliw",
    "1614767836",
    "A7Co0cJLMzIDtMMI",
    "9a95a004dd16f5c307e849b994173f76aa26e5eb",
    "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA==",
    "success",
    "dICkEDLj0eb6yAbc",
)
C = Vector(
    "mryue",
    "Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7",
    "ding6ccabc44d2c8d38b",
    "1608001896814",
    "WL4PK6yA",
    "03044561471240d4a14bb09372dfcfd4fd0e40cb",
    "0vJiX6vliEpwG3U45CtXqi+m8PXbQRARJ8p8BbDuD1EMTDf0jKpQ79QS93qEk7XHpP6u+oTTrd15NRPvNvmBKyDCYxxOK+HZeKju4yhELOFchzNukR+t8SB/qk4ROMu3",
    '{"EventType":"check_url"}',
)
D = Vector(
    "tokenxxxx",
    "o1w0aum42yaptlz8alnhwikjd3jenzt9cb9wmzptgus",
    "dingxxxxxx",
    "1605695694141",
    "WelUQl6bCqcBa2fM",
    "f36f4ba5337d426c7d4bca0dbcb06b3ddc1388fc",
    "X1VSe9cTJUMZu60d3kyLYTrBq5578ZRJtteU94wG0Q4Uk6E/wQYeJRIC0/UFW5Wkya1Ihz9oXAdLlyC9TRaqsQ==",
    "success",
    "WelUQl6bCqcBa2fM",
)
E = replace(
    A,
    signature="bcf6dcefa4ce2dbaf7b0666c7264d46fd9aad4bd",
    encrypt="5DJFWzjRNOQk+5GSZxW+VrFMDWCIidPjEjg3//gm5x556BedVi62rDj1F9uXU97a4jw1R4FACUv9RCpoDobNqxhxRB2YtW901k4KHbP1/wpFJ3xdLG0n0A8U1VhENg80zKJd+YROR0YMGum4WYuoXJ6J98vt0ihYeIFoapNddLML5MyNAGM9saSpkouDMSvD+iU14i7V8ix1ia1Tb9ogog==",
    random="1234567890123456",
)
OURS = Vector(
    "sbTestToken2026",
    "SasebridgeTestKey0123456789ABCDEFGHIJKLMNOP",
    "dingsbtestappkey0001",
    "1767225600123",
    "Nonce16CharsXyZ0",
    "d8abd7fade11e00561778511cbf420aac1dd65a7",
    "TglMLU9IfMy/pqV3rbbdpGy0O17dP8tdZO83EYDevwRU6aOO8JQwaFXetCgCpFPIFTmVE1uiPq5pDz4yOb6PS/AhfLNG+uaSzeMXvChyJhXMGml7b1Jzfi2umMNW0O1m",
    '{"EventType":"check_url"}',
    "abcdefghijklmnop",
)
OURS_SUCCESS = replace(
    OURS,
    signature="c3c498fff6988695047c7bace5cb029308ad147a",
    encrypt="TglMLU9IfMy/pqV3rbbdpOZmhz3CYASWWViMnZwapwn7jvV880ok2BRgtrixDQou3t1bVDOtG2VRf1I66IcqXw==",
    plain="success",
)
OURS_CHINESE = replace(
    OURS,
    signature="553b1ae343cb2056d37482f9b37ad7fb0e000a45",
    encrypt="TglMLU9IfMy/pqV3rbbdpO748uBfT48hPLT5pPmePC7LlLLi7bOXounWp6Z7YQY41mktDPk4j2S6QRrcWZB+J4BeYk5rdfJee2yWiZsW3VEvrQdDHLrBBdCAZ3fUUivfaNsGS9DbGet6IOEJo81DRQ+vaq+4flQOKftNC3FbsOaMIoNrBF8b7wukTIAfKTTizyRnFFq/hN0J4AT2A7SN2RB/TcL077j/q1RUXBpL2Ib0nKSwejsfMAP9khLMlyB7HUoLShoWUfuwBxElpEXtCKj32yetMDy6s/SGAGjVzHHKJFUTz1gUhtn8QTqkbu1z0lxjKRcmKajnQl0FrewAEw==",
    plain='{"EventType":"user_add_org","EventTime":1767225600000,"CorpId":"ding0000sbtest","BizId":"1767225600000","eventId":"e0001","timeStamp":"1767225600000","userId":["u001","u002"],"note":"中文"}',
)
EVERY = {
    "A": A,
    "B": B,
    "C": C,
    "D": D,
    "E": E,
    "ours: check_url": OURS,
    "ours: success": OURS_SUCCESS,
    "ours: Chinese": OURS_CHINESE,
}
every_vector = pytest.mark.parametrize("vector", EVERY.values(), ids=EVERY.keys())


@every_vector
def test_opens_the_published_message(vector: Vector) -> None:
    assert vector.open() == Opened(vector.plain, vector.owner)


@every_vector
def test_computes_the_published_signature(vector: Vector) -> None:
    found = vector.cipher.signature(vector.timestamp, vector.nonce, vector.encrypt)
    assert found == vector.signature


@pytest.mark.parametrize(
    "name",
    ["A", "B", "D", "E", "ours: check_url", "ours: success", "ours: Chinese"],
)
def test_seals_byte_by_byte_as_published(name: str) -> None:
    vector = EVERY[name]
    sealed = vector.cipher.seal(
        vector.plain,
        vector.owner,
        timestamp=vector.timestamp,
        nonce=vector.nonce,
        random=vector.random.encode(),
    )
    assert sealed.encrypt == vector.encrypt
    assert sealed.signature == vector.signature


@every_vector
def test_a_wrong_token_is_reported_as_the_signature(vector: Vector) -> None:
    with pytest.raises(SignatureMismatch):
        vector.open(Cipher(vector.aes_key, "anothertoken"))


@every_vector
def test_a_wrong_aes_key_passes_the_signature_and_is_reported_apart(
    vector: Vector,
) -> None:
    with pytest.raises(KeyMismatch):
        vector.open(Cipher("Z" * 43, vector.token))


@pytest.mark.parametrize("field", ["encrypt", "signature", "timestamp", "nonce"])
def test_any_changed_part_breaks_the_signature(field: str) -> None:
    value = getattr(OURS, field)
    changed = ("x" if value[0] != "x" else "y") + value[1:]
    with pytest.raises(SignatureMismatch):
        replace(OURS, **{field: changed}).open()


def test_a_signature_of_other_letters_is_refused_without_an_error_of_its_own() -> None:
    with pytest.raises(SignatureMismatch):
        replace(OURS, signature="中文" * 20).open()


def signed(encrypt: str) -> Vector:
    """A message that carries the right signature, whatever it is."""
    signature = OURS.cipher.signature(OURS.timestamp, OURS.nonce, encrypt)
    return replace(OURS, encrypt=encrypt, signature=signature)


def encrypted(plain: bytes) -> str:
    """Any bytes under our key, signed or not."""
    key = base64.b64decode(OURS.aes_key + "=")
    return base64.b64encode(
        AES.new(key, AES.MODE_CBC, iv=key[:16]).encrypt(plain)
    ).decode()


@pytest.mark.parametrize("text", ["", "not base64!", "YWJj", "中文"])
def test_a_signed_text_that_is_no_ciphertext_is_damaged(text: str) -> None:
    with pytest.raises(Damaged):
        signed(text).open()


def padded(plain: bytes) -> bytes:
    size = 32 - len(plain) % 32
    return plain + bytes([size]) * size


@pytest.mark.parametrize(
    "plain",
    [
        b"r" * 16 + (5).to_bytes(4) + b"hello" + b"\x00" * 7,
        b"r" * 16 + (5).to_bytes(4) + b"hello" + b"\x21" * 7,
        b"r" * 16 + (5).to_bytes(4) + b"hello" + b"\x07" * 6 + b"\x05",
        padded(b"r" * 16 + (2**32 - 1).to_bytes(4) + b"hello"),
        padded(b"r" * 16 + (6).to_bytes(4) + b"hello"),
        padded(b"short"),
        padded(b"r" * 16 + (2).to_bytes(4) + b"\xff\xfe"),
        padded(b"r" * 16 + (2).to_bytes(4) + b"ok" + b"\xff\xfe"),
    ],
    ids=[
        "pad of 0",
        "pad of 33",
        "pad of unequal bytes",
        "length of 4 GiB",
        "length one too many",
        "too short for a length",
        "message is not UTF-8",
        "owner is not UTF-8",
    ],
)
def test_rubbish_after_decryption_is_reported_as_the_key(plain: bytes) -> None:
    with pytest.raises(KeyMismatch):
        signed(encrypted(plain)).open()


@pytest.mark.parametrize("key", ["", "short", "A" * 42, "A" * 44, "A" * 42 + "é"])
def test_a_key_that_cannot_be_one_is_refused_at_once(key: str) -> None:
    with pytest.raises(InvalidKey):
        Cipher(key, "token")


def test_stray_low_bits_of_a_key_do_no_harm() -> None:
    """Real keys are not canonical base64; DingTalk ignores the last two bits."""
    canonical = base64.b64encode(base64.b64decode(OURS.aes_key + "=")).decode()[:43]
    other = canonical[:42] + chr(ord(canonical[42]) + 1)
    assert canonical != other
    assert OURS.open(Cipher(other, OURS.token)).message == OURS.plain


@given(message=st.text(max_size=300), owner=st.text(max_size=40))
def test_whatever_is_sealed_opens_again(message: str, owner: str) -> None:
    sealed = OURS.cipher.seal(message, owner)
    found = OURS.cipher.open(
        sealed.encrypt,
        signature=sealed.signature,
        timestamp=sealed.timestamp,
        nonce=sealed.nonce,
    )
    assert found == Opened(message, owner)
    assert len(base64.b64decode(sealed.encrypt)) % 32 == 0


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_cannot_open(noise: bytes) -> None:
    with pytest.raises(CannotOpen):
        signed(base64.b64encode(hashlib.sha256(noise).digest()).decode()).open()


def test_two_sealings_of_one_message_differ() -> None:
    first, second = OURS.cipher.seal("x", "o"), OURS.cipher.seal("x", "o")
    assert first.encrypt != second.encrypt
    assert first.nonce != second.nonce


def test_an_acknowledgement_is_spelled_as_dingtalk_reads_it() -> None:
    """`timeStamp` has a capital S (dingtalk.md 7.1)."""
    body = OURS_SUCCESS.cipher.seal(
        "success",
        OURS.owner,
        timestamp=OURS.timestamp,
        nonce=OURS.nonce,
        random=OURS.random.encode(),
    ).body()
    assert body == {
        "msg_signature": OURS_SUCCESS.signature,
        "timeStamp": OURS.timestamp,
        "nonce": OURS.nonce,
        "encrypt": OURS_SUCCESS.encrypt,
    }


def test_the_secrets_do_not_show_in_a_repr() -> None:
    shown = repr(OURS.cipher)
    assert OURS.token not in shown
    assert OURS.aes_key not in shown
