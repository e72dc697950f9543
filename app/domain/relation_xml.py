"""The production line's relation file (关联关系 XML, trace-codes.md §8.3): bytes → rows, in one stream. Pure.

Nothing outside the file is ever read, and a document type is refused before it can declare an entity. What producers do
differently (case of names, order, what is left out, namespaces) is all read; what a row means is judged elsewhere.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat  # no entity of any kind gets past the handlers below

PIECE_BYTES = 65_536
QUIET_BYTES = 4_194_304  # so much without an element is one giant token, which expat would keep whole
DEEPEST = 16
_HEAD_BYTES = 512
_DECLARED = re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"7z\xbc\xaf", b"Rar!")
_SHORT = 40

# A declaration that could be read as single bytes does not stand in UTF-16, whatever it says of itself.
_CODECS = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "utf-16": "utf-8", "unicode": "utf-8",
    "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "x-gbk": "gb18030",
}  # fmt: skip


class BadFile(Exception):
    """The whole file cannot be used. `code` is stable and has a text; `values` fill the places in it."""

    def __init__(self, code: str, line: int | None = None, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.line = line
        self.values = values


@dataclass(frozen=True, slots=True)
class RelationBlock:
    """What stands above the rows: the relation's product and the batch. Text as written; None: not said."""

    product: str | None
    batch: str | None
    made: str | None
    expiry: str | None
    line: int


@dataclass(frozen=True, slots=True)
class RelationRow:
    """One `Code`, as written; "" where nothing was said. What `flag` means is not known: it is only kept."""

    code: str
    level: str
    parent: str
    flag: str
    line: int
    block: RelationBlock


class RelationReader:
    """Takes the file in pieces and gives the rows that they complete. Raises BadFile."""

    def __init__(self) -> None:
        self._head: bytes | None = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._encoding = "utf-8"
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.EntityDeclHandler = self._refuse_entity
        self._names = _Names()
        self._open: list[str] = []
        self._relation: RelationBlock | None = None
        self._block: RelationBlock | None = None
        self._rows: list[RelationRow] = []
        self._quiet = 0

    def feed(self, data: bytes) -> list[RelationRow]:
        """The rows that are whole now."""
        if self._head is not None:
            self._head += data
            if len(self._head) < _HEAD_BYTES:
                return []
            data, self._head = self._head, None
            data = self._choose_encoding(data)
        for at in range(0, len(data), PIECE_BYTES):
            self._take(data[at : at + PIECE_BYTES], last=False)
        return self._given()

    def close(self) -> list[RelationRow]:
        """The last rows; the file has ended."""
        data, self._head = self._head or b"", None
        if self._decoder is None:
            data = self._choose_encoding(data)
        self._take(data, last=True)
        return self._given()

    def _choose_encoding(self, head: bytes) -> bytes:
        if not head.strip():
            raise BadFile("relation_empty")
        if head.startswith(_PACKED):
            raise BadFile("relation_packed")
        if head.startswith(codecs.BOM_UTF8):
            head = head[len(codecs.BOM_UTF8) :]
        elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._encoding = "utf-16"
        elif declared := _DECLARED.match(head):
            name = declared[1].decode("ascii").lower()
            if name not in _CODECS:
                raise BadFile("relation_encoding_unknown", 1, encoding=name[:_SHORT])
            self._encoding = _CODECS[name]
        self._decoder = codecs.getincrementaldecoder(self._encoding)()
        return head

    def _take(self, data: bytes, *, last: bool) -> None:
        assert self._decoder is not None
        self._quiet += len(data)
        try:
            self._parser.Parse(self._decoder.decode(data, last), last)
        except UnicodeError as error:
            cut_off = last and any(word in str(error) for word in ("unexpected end", "incomplete", "truncated"))
            code = "relation_truncated" if cut_off else "relation_encoding"
            raise BadFile(code, self._parser.CurrentLineNumber, encoding=self._encoding.upper()) from None
        except expat.ExpatError as error:
            raise self._why(error, last=last) from None
        if self._quiet > QUIET_BYTES:
            raise BadFile("relation_token", self._parser.CurrentLineNumber)

    def _why(self, error: expat.ExpatError, *, last: bool) -> BadFile:
        known = expat.errors.codes
        if error.code in (
            known[expat.errors.XML_ERROR_UNDEFINED_ENTITY],
            known[expat.errors.XML_ERROR_ENTITY_DECLARED_IN_PE],
        ):
            return BadFile("xml_entities", error.lineno)
        unfinished = (
            expat.errors.XML_ERROR_NO_ELEMENTS,
            expat.errors.XML_ERROR_UNCLOSED_TOKEN,
            expat.errors.XML_ERROR_PARTIAL_CHAR,
            expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        )
        if last and self._open and error.code in [known[each] for each in unfinished]:
            return BadFile("relation_truncated", error.lineno)
        return BadFile("relation_not_xml", error.lineno)

    def _given(self) -> list[RelationRow]:
        rows, self._rows = self._rows, []
        return rows

    def _begin(self, tag: str, given: Mapping[str, str]) -> None:
        self._quiet = 0
        name = self._names[tag]
        if name == "code" and self._block is not None:  # nearly every element is one
            said = {self._names[key]: value for key, value in given.items()}
            get = said.get
            self._rows.append(
                RelationRow(
                    get("curcode", ""), get("packlayer", ""), get("parentcode", ""), get("flag", ""),
                    self._parser.CurrentLineNumber, self._block,
                )
            )  # fmt: skip
        else:
            self._place(name, {self._names[key]: value for key, value in given.items()})
        self._open.append(name)

    def _place(self, name: str, said: Mapping[str, str]) -> None:
        """An element that is no row of a batch."""
        line = self._parser.CurrentLineNumber
        if (not self._open and name != "document") or len(self._open) >= DEEPEST:
            raise BadFile("relation_schema", line, found=name[:_SHORT])
        if name == "event" and (event := said.get("name", "").strip()) and event.lower() != "relationcreate":
            raise BadFile("relation_event", line, found=event[:_SHORT])
        if name == "relation":
            self._relation = self._block = RelationBlock(_word(said, "productcode"), None, None, None, line)
        elif name == "batch" and self._relation is not None:
            batch, made, expiry = (_word(said, key) for key in ("batchno", "madedate", "validatedate"))
            self._block = RelationBlock(self._relation.product, batch, made, expiry, line)
        elif name in ("batch", "code"):
            raise BadFile("relation_schema", line, found=name)

    def _end(self, _tag: str) -> None:
        self._quiet = 0
        name = self._open.pop()
        if name == "batch":
            self._block = self._relation
        elif name == "relation":
            self._relation = self._block = None

    def _refuse_doctype(self, *_: object) -> None:
        raise BadFile("xml_entities", self._parser.CurrentLineNumber)

    _refuse_entity = _refuse_doctype


def _word(said: Mapping[str, str], key: str) -> str | None:
    return said.get(key, "").strip()[:_SHORT] or None


class _Names(dict[str, str]):
    """`ns:CurCode` → `curcode`, remembered; a file that never repeats a name does not fill the memory."""

    _MOST = 1_000

    def __missing__(self, name: str) -> str:
        plain = name.rpartition(":")[2].lower()
        if len(self) < self._MOST:
            self[name] = plain
        return plain
