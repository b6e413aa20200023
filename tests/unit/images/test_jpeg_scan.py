"""JPEGs of rarer kinds: coded arithmetically, and of a subsampling that the decoder cannot name."""

from base64 import b85decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncproof.images.file.examine import examine
from asyncproof.images.file.jpeg_scan import scan_problem
from tests.support.picture_files import encoded, scene

# Of ``ODD`` the luma has three blocks where each chroma has one.
# 24×24 pixels each, as no encoder here can make them.
ARITHMETIC = b85decode(
    b"|JeWF01!$>Nk#wx0RR9200961|JwjV01XKW3knDg3knMk4h;_zAQcl55)&sJ9v2`kDKRiEDJ?8BI!Zn>Hbyr"
    b"rEkIX6ModmpQ&KWMT47pHU`kO^PygEhLjevB4iga*CKVMXPc<zyPft%zPft%zPft%zPft%zPft%zPft%zPft"
    b"%zPft%zPft%zPft%zPft%zPft%zPf!2J01*fP7yuXp0U`hb5di}c0sqVZ3IGrg1pyEd1^?Or3<CiG0ucid06"
    b"zfIlQFx1!>(NnKdt?~uP*}#UE1za#*JGrj40(q_JPpb41Oh(V%ZV?G$cCQMV|wXN?f9`Y%Etw3oi*y=Gm~%r"
    b"|TKfN3PDuC>zzn&L2cibb$Za"
)
ODD = b85decode(
    b"|JeWF01!$>Nk#wx0RR9200961|JwjV01XKW3knDg3knMk4h;_zAQcl55)&sJ9v2`kDKRiEDJ?8BI!Zn>Hbyr"
    b"rEkIX6ModmpQ&KWMT47pHU`kO^PygEhLjevB4iga*CKVMXPc<zyPft%zPft%zPft%zPft%zPft%zPft%zPft"
    b"%zPft%zPft%zPft%zPft%zPft%zPf!2A01*fP7yuXp0Wkmq5di}c0sq7R9{>OW1pxs80RaI300000000010s"
    b"{mE1_uZU3Jd?l0JRVR0s#X90t5pE1q1{D00Dgg0s{a95d{(<F+m0sQDFxnaTGFvk)a49Lb1UWQqk}vGh%Xr2"
    b"?`b$7#SKRCMPH<Dl|1VH#j*uLqtVJM@UIZQ&d$}S6EqEV`OD!XJ~0^b98lfcX)YvgM@{Khlq)al9QB`mY0~B"
    b"nxdnmrKYE-sj9NGw6(UkxVgH*!^FkL$H>Xb($mz{*4NnC+Tr5k<mKk)=;`Y5^7Hid_V@Vt`v1fL9{~UZ0RaI"
    b"40RaI40RR91000010s{mE1_uZU3Jd?l0JRYS0s#U91Oo&I1q1{D0Rndb0RjUN1O*{61`<J02Vrp&A~Jyp6he"
    b"`qvB3!=Gg9ysVsg<679=#`CGi&+85$-hC@Cs6Ha9pqIzvQ7Mn_0VN>fx-"
    b"R##YAT4Q8oW@l(=YIAgTc6WGrdV+(5g@%WSiHeewl$Dm3n3<ZQqok##r>Lo_va__cwzs&sy28W6#m2|T$;#5"
    b"x)YaD4*xB0R<K*S$=jiF`^7Hid_V@Vt`v2Mh3<CiG0ucid06zfk5@C+DoVt~*;=kFX4ig#qNXCA@O3b~KbIk"
    b"xwx0xMlD%L;j@h&FczaPVlV?O@%M)vcl-TBZ3wUmMQcB=O>FkVez-pEGpQ9vL6*#"
)
RARE = {"arithmetic": ARITHMETIC, "odd subsampling": ODD}


def zeroed(data: bytes, start: int) -> bytes:
    """Zeros from ``start`` on, up to the end marker."""
    return data[:start] + bytes(len(data) - start - 2) + data[-2:]


@pytest.mark.parametrize("name", RARE)
def test_a_rare_kind_is_sound(name: str) -> None:
    """A decoder that knows it shows it."""
    assert examine(RARE[name], expected=(24, 24)) == ()


@pytest.mark.parametrize(
    ("name", "tail"),
    [("arithmetic", 80), ("odd subsampling", 30), ("odd subsampling", 60)],
)
def test_a_zeroed_tail_of_a_rare_kind_is_found(name: str, tail: int) -> None:
    """Its end marker is there all the same."""
    data = RARE[name]
    assert [d.kind.value for d in examine(zeroed(data, len(data) - tail))] == ["stream"]


def test_an_early_end_marker_is_found_in_any_subsampling() -> None:
    """The walk misses the blocks that are not there."""
    (defect,) = examine(ODD[:-40] + ODD[-2:])
    assert defect.detail == "pixel data is corrupt: premature end of data segment"


ORDINARY = {
    (subsampling, progressive, rows): encoded(
        scene(72),
        "JPEG",
        subsampling=subsampling,
        progressive=progressive,
        restart_marker_rows=rows,
    )
    for subsampling in (0, 1, 2)
    for progressive in (False, True)
    for rows in (0, 1)
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_the_walk_finds_nothing_in_a_sound_file(kind: tuple[int, bool, int]) -> None:
    """Of every kind that the decoder knows too, so that both can be compared."""
    assert scan_problem(ORDINARY[kind]) == ""


@given(st.sampled_from(sorted(ORDINARY)), st.integers(12, 300))
@settings(max_examples=40, deadline=None)
def test_the_walk_finds_what_the_decoder_finds(kind: tuple[int, bool, int], tail: int) -> None:
    """A zeroed tail, in the middle of blocks of every kind."""
    data = zeroed(ORDINARY[kind], len(ORDINARY[kind]) - tail)
    assert bool(scan_problem(data)) == bool(examine(data))
