"""What every mail of ours must keep, whatever stands in it: one function for all tests.

RFC 5322 (headers, lines), 2045 to 2047 (parts, encodings, encoded words), 2369 and 8058 (leaving a
list), 2919 (its name), 3834 (sent by a machine), 5321 (sizes).
"""

import re
import unicodedata
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime

FIXED = [
    "From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "Auto-Submitted",
]  # fmt: skip
OPTIONAL = ["DKIM-Signature", "List-Unsubscribe-Post"]
MIME = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
#: What turns or hides letters.
HIDDEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def faults(content: bytes) -> list[str]:
    """Name every rule that a message breaks; [] for a good one."""
    head, _, body = content.partition(b"\r\n\r\n")
    mail: EmailMessage = message_from_bytes(content, policy=default)
    raw = head.decode("latin-1").split("\r\n")
    names = [line.partition(":")[0] for line in raw if line[:1] not in {" ", "\t"}]
    own = [name for name in names if name not in {*OPTIONAL, *MIME}]
    parts = [part for part in mail.walk() if not part.is_multipart()]
    rules = {
        # the message as bytes
        "1 lines end with CRLF": not re.search(rb"(?<!\r)\n|\r(?!\n)", content),
        "2 no line is longer than 998": max(map(len, content.split(b"\r\n"))) <= 998,
        "3 all is ASCII": content.isascii(),
        "4 no NUL": b"\0" not in content,
        "5 it ends with a line": content.endswith(b"\r\n"),
        # the headers
        "6 the headers are the fixed set": own == FIXED,
        "7 each header is there once": len(names) == len({name.lower() for name in names}),
        "8 each header has a name": all(re.fullmatch(r"[A-Za-z-]+", name) for name in names),
        "9 no header line is longer than 78": max(map(len, raw)) <= 78 or _long_word(raw),
        "10 no header line is blank": all(line.strip() for line in raw),
        "11 encoded words are whole": _words_are_whole(raw),
        # who, to whom, when
        "12 From is one address": len(mail["From"].addresses) == 1,
        "13 To is one address": len(mail["To"].addresses) == 1,
        "14 Date has a zone": parsedate_to_datetime(mail["Date"]).utcoffset() is not None,
        "15 Message-ID is one token of our domain": _is_own_id(mail),
        "16 List-Id is one name": bool(re.fullmatch(r"<[a-z0-9.-]+>", str(mail["List-Id"]))),
        "17 List-Unsubscribe has a mail address": "<mailto:" in str(mail["List-Unsubscribe"]),
        "18 one click only with https": ("<https://" in str(mail["List-Unsubscribe"]))
        == (mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"),
        "19 it says that a machine sent it": mail["Auto-Submitted"] == "auto-generated",
        # the subject
        "20 Subject is one line of 200 at most": _is_short_line(str(mail["Subject"])),
        "21 Subject hides nothing": not HIDDEN.search(str(mail["Subject"])),
        # the parts
        "22 MIME-Version is 1.0": mail["MIME-Version"] == "1.0",
        "23 plain text comes first, HTML last": [part.get_content_type() for part in parts]
        in (["text/plain", "text/html"], ["text/plain"]),
        "24 every part is UTF-8 or ASCII": all(
            part.get_content_charset() in {"utf-8", "us-ascii"} for part in parts
        ),
        "25 every part can be read": all(isinstance(part.get_content(), str) for part in parts)
        and not mail.defects
        and body != b"",
    }
    return [rule for rule, kept in rules.items() if not kept]


def check(content: bytes) -> None:
    """Fail with the rules that a message breaks."""
    broken = faults(content)
    assert not broken, f"{broken}\n{content[:2000]!r}"


def _long_word(raw: list[str]) -> bool:
    """Whether each line that is too long is one word, which nothing may break."""
    return all(len(line) <= 78 or " " not in line.partition(": ")[2].strip() for line in raw)


def _words_are_whole(raw: list[str]) -> bool:
    word = re.compile(r"=\?utf-8\?[bq]\?[^? ]+\?=")
    with_words = [line for line in raw if "=?" in line]
    return all("=?" not in word.sub("", line) and len(line) <= 76 for line in with_words)


def _is_own_id(mail: EmailMessage) -> bool:
    domain = mail["From"].addresses[0].domain
    return bool(re.fullmatch(rf"<[A-Za-z0-9.-]+@{re.escape(domain)}>", str(mail["Message-ID"])))


def _is_short_line(subject: str) -> bool:
    controls = {unicodedata.category(letter) for letter in subject} & {"Cc", "Cs", "Zl", "Zp"}
    return len(subject) <= 200 and len(subject.splitlines()) <= 1 and not controls
