"""What the sender of a file is told about it, in words for people who know their shop and no databases; never a value out of the file."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from lakehouse.bronze.feed_file import WHOLE_FILE, FileReadResult
from lakehouse.bronze.feed_quarantine import FOUND, expected
from lakehouse.sources.feed import Feed
from lakehouse.sources.spreadsheets import TOLD, TOLD_OF_FILES

EXAMPLE_DAY = date(2026, 11, 17)
LOOKS = "Under *it looks like*, 9 stands for any digit and a for any letter: we do not send your data around by e-mail."
LINE_ENDS = "Line 1 is the header line. A row over several lines is named by its first line."
# In the ledger of files, which alarms are made of.
POINTS = "points read as thousands in"
ENCODINGS = {"utf-8": "UTF-8", "cp1252": "Windows-1252 (Western European)", "utf-16-le": "UTF-16 (Unicode)"}
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def reply(feed: Feed, file_name: str, found: FileReadResult, refused: str, is_used: bool) -> str:
    """Markdown. `refused`: why nothing of the file was used, whatever its rows are; `is_used`: whether its good rows were."""
    told = {what: seen for what, seen in found.examples.items() if what[1] != WHOLE_FILE}
    parts = [f"# {file_name}: {_headline(found, refused, is_used)}", _what_to_do(feed, refused, found.rows_rejected, is_used)]
    if told:
        parts += [
            "## What we could not read",
            _rejects(feed, told, found.looks),
            LOOKS if found.looks else "",
            "" if feed.is_json else LINE_ENDS,
        ]
    if found.repaired:
        parts += ["## What a spreadsheet has changed, and we have undone", _repairs(found)]
    if found.pointed:
        parts += ["## Is this meant?", _pointed(found)]
    if found.unknown_columns or found.absent_columns:
        parts += ["## What has changed in the header line", _changes(found)]
    parts += ["## What we expect", _dialect(feed), f"A file as it should be: `{template_name(feed, file_name)}`", _columns(feed)]
    return "\n\n".join(part for part in parts if part) + "\n"


def unknown_file(sender: str, file_name: str, problem: str, feeds: Sequence[Feed]) -> str:
    """Markdown for a file that was not opened: `problem` says why, else its name is none that we expect."""
    names = "\n".join(f"- `{feed.name_on(EXAMPLE_DAY)}`: {feed.grain}" for feed in feeds if feed.sender == sender)
    headline = "we could not open this file" if problem else "we do not know what this file is"
    why = f", because {problem}" if problem else ""
    todo = f"Nothing of it was used{why}. Please send it again as a plain file under one of these names, with the day in it:"
    return f"# {_cell(file_name)}: {headline}\n\n{todo}\n\n{names}\n\nA name may end in `.gz` if the file is compressed.\n"


def template_name(feed: Feed, file_name: str) -> str:
    """That of the file beside the reply."""
    return f"{file_name}.template{feed.suffix}"


def template(feed: Feed) -> bytes:
    """A file as we expect it, with one row of examples, in the feed's own encoding."""
    if feed.is_json:
        fields = ", ".join(f'"{field.headers[0]}": "{field.parser.example}"' for field in feed.fields)
        return f"{{{fields}}}\n".encode()
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=feed.delimiter, lineterminator="\r\n")
    writer.writerow([field.headers[0] for field in feed.fields])
    writer.writerow([field.parser.example for field in feed.fields])
    return text.getvalue().encode("utf-16" if feed.encoding == "utf-16-le" else feed.encoding)


def _headline(found: FileReadResult, refused: str, is_used: bool) -> str:
    if refused:
        return "we could not use this file"
    if not found.rows_rejected and found.repaired:
        return "we used all rows, and undid what a spreadsheet has changed"
    if not found.rows_rejected and found.pointed:
        return "we used all rows; please look at the numbers below"
    told = f"{found.rows_rejected:,} of {found.rows_read:,} rows could not be read"
    return told if is_used else f"we did not use this file, {told}"


def _what_to_do(feed: Feed, refused: str, rejected: int, is_used: bool) -> str:
    if refused:
        return f"Nothing of it was used, because {refused}.\n\nPlease correct that and send the whole file again under the same name."
    if not is_used:
        share = f"{feed.max_reject_share:.1%}"
        why = f"Nothing of it was used: more than {share} of its rows are wrong."
        return f"{why}\n\nPlease correct them and send the whole file again under the same name."
    if rejected:
        return "All other rows were used. Please correct these rows and send the whole file again under the same name."
    return "All rows were used. Please look at the change below and tell us whether it is meant."


def _rejects(feed: Feed, told: Mapping[tuple[str, str], tuple[int, list[int]]], looks: Mapping[tuple[str, str], str]) -> str:
    rows = ["| column | what is wrong | it looks like | what we expect | rows | first lines |", "|---|---|---|---|---|---|"]
    for (column, value_class), (number, lines) in sorted(told.items(), key=lambda item: (-item[1][0], item[0])):
        shown = ", ".join(map(str, lines))
        look = looks.get((column, value_class), "")
        what = f"{FOUND[value_class]} | {_cell(look)} | {_cell(expected(feed, column, value_class))}"
        rows.append(f"| {_cell(column) or 'whole row'} | {what} | {number:,} | {shown} |")
    return "\n".join(rows)


def _changes(found: FileReadResult) -> str:
    lines = []
    if found.unknown_columns:
        unknown = ", ".join(_cell(name[:60]) for name in found.unknown_columns[:20])
        lines.append(f"- Columns that we do not know and did not read: {unknown}")
    if found.absent_columns:
        lines.append(f"- Columns that are not there any more, taken as empty: {', '.join(found.absent_columns)}")
    return "\n".join(lines)


def _dialect(feed: Feed) -> str:
    if feed.is_json:
        return "One JSON object per line, in UTF-8."
    quotes = 'Text that holds one, a quote or a line break stands in double quotes; a double quote in it is written twice ("").'
    return f"A text file in {ENCODINGS[feed.encoding]}, columns divided by {DELIMITERS[feed.delimiter]}, a header line first. {quotes}"


def _columns(feed: Feed) -> str:
    rows = ["| column | may be empty | what we expect | example |", "|---|---|---|---|"]
    for field in feed.fields:
        cells = (field.headers[0], "no" if field.required else "yes", field.parser.expects, field.parser.example)
        rows.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    """A name out of a file must not become a part of the table or the page."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def _repairs(found: FileReadResult) -> str:
    lines = [f"- {number} values of `{_cell(column)}` {TOLD[kind]}." for (column, kind), number in sorted(found.repaired.items()) if column]
    return "\n".join([*lines, *(f"- {TOLD_OF_FILES[kind]}" for column, kind in sorted(found.repaired) if not column)])


def _plain(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"


def _pointed(found: FileReadResult) -> str:
    lines = [
        f"- All {of.pointed} values of `{name}` have a point and three digits after it, and none has a comma. We expect a decimal comma, so"
        f" we read 1.250 as 1250: the numbers are from {_plain(of.least)} to {_plain(of.greatest)}. If the point was meant as a decimal"
        " comma, please send the file again with commas."
        for name, of in sorted(found.pointed.items())
    ]
    return "\n".join(lines)
