"""Writes the sample's sheets from its facts: `python -m seed.sample.build`.

The sheets are what the demo loads, kept as a district office keeps them: title rows above the
header, merged cells that mean "as above", spaces in headers, csv files in two encodings. A test
compares the committed sheets with what this module makes. The
facts are in `agents.py`, `offers.txt` and `orders.txt`.
"""

import csv
import io
import re
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from seed.sample import agents, ties

DIRECTORY = Path(__file__).parent
TITLE_NOTE = "（示例数据，单位、人员和数量均为虚构）"
MADE_AT = datetime(2026, 1, 1)  # noqa: DTZ001 - workbooks know no zones
LONGEST_WIDTH = 42
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")

Rows = list[list[str]]


def area_rows() -> Rows:
    """Return the areas, numbered."""
    return _numbered(agents.table(agents.AREAS))


def unit_rows() -> Rows:
    """Return the units with contacts of nobody."""
    found: Rows = []
    for place, (name, kind, area, address, alias) in enumerate(agents.table(agents.UNITS), 1):
        contact = f"{agents.SURNAMES[place % len(agents.SURNAMES)]}某"
        found.append([name, kind, area, address, alias, contact, f"000-0000-{place:04}"])
    return _numbered(found)


def branch_rows() -> Rows:
    """Return the Party organisations: of subdistricts, communities, villages, units."""
    found: Rows = [
        [f"{area}大工委", "大工委", "", "", area] for area in agents.WIDE_WORKING_COMMITTEES
    ]
    for area, above in agents.table(agents.COMMUNITY_COMMITTEES):
        found.append([f"{area}大党委", "大党委", f"{above}大工委" if above else "", "", area])
    found.extend([f"{area}党支部", "党支部", "", "", area] for area in agents.VILLAGE_BRANCHES)
    found.extend(
        [f"{unit}{kind}", kind, "", unit, ""] for unit, kind in agents.table(agents.UNIT_BRANCHES)
    )
    for place, row in enumerate(found, 1):
        row += [f"{agents.SURNAMES[place % len(agents.SURNAMES)]}某", f"000-0001-{place:04}"]
    return _numbered(found)


def member_rows() -> Rows:
    """Return the members: Party members of units, grid and community workers, volunteers."""
    units = [unit for unit, _ in agents.table(agents.UNIT_BRANCHES)]
    kinds = dict(agents.table(agents.UNIT_BRANCHES))
    communities = [area for area, _ in agents.table(agents.COMMUNITY_COMMITTEES)]
    found: Rows = []
    for place in range(1, agents.MEMBER_COUNT + 1):
        name = f"{agents.SURNAMES[place * 7 % len(agents.SURNAMES)]}某"
        skills = agents.MEMBER_SKILLS[place % len(agents.MEMBER_SKILLS)]
        community = communities[place % len(communities)]
        phone = f"000-0002-{place:04}"
        kind = ("党员", "党员", "党员", "志愿者", "网格员", "社区工作者")[place % 6]
        if kind == "党员":
            unit = units[place % len(units)]
            row = [f"党员{place:03}", name, kind, skills, f"{unit}{kinds[unit]}", unit, community]
        else:
            branch = "" if kind == "志愿者" else f"{community}大党委"
            row = [f"人员{place:03}", name, kind, skills, branch, "", community]
        found.append([*row, phone])
    return found


def item_rows(facts: str, prefix: str) -> tuple[list[str], Rows]:
    """Return headers and rows of the resource list or the need list, numbered `ZY-001`."""
    headers, *rows = agents.table((DIRECTORY / facts).read_text(encoding="utf-8"))
    return ["编号", *headers], [[f"{prefix}-{place:03}", *row] for place, row in enumerate(rows, 1)]


def pairing_rows() -> Rows:
    """Return the pairings, numbered."""
    return _numbered(agents.table(agents.PAIRINGS))


def agreement_rows() -> Rows:
    """Return the agreements between communities and units, numbered as the parties do."""
    rows: Rows = []
    for place, (one, other, others, signed, terms) in enumerate(agents.table(ties.AGREEMENTS), 1):
        number = f"GJ-2026-{place:02}"
        until = ties.VALID_UNTIL[place % len(ties.VALID_UNTIL)]
        rows.append([number, f"{one}区域化党建共建协议", one, other, others, signed, until, terms])
    return _numbered(rows)


def alliance_rows() -> Rows:
    """Return the five alliances, numbered."""
    return _numbered(agents.table(ties.ALLIANCES))


def chair_rows() -> Rows:
    """Return the terms in the chairs: half a year each, by turns."""
    return _numbered(
        [
            [name, chair, first, last]
            for name, *chairs in agents.table(ties.CHAIRS)
            for chair, (first, last) in zip(chairs, ties.TERMS, strict=True)
        ]
    )


def check_in_rows() -> Rows:
    """Return the check-ins of the units' Party organisations and of their members."""
    communities = [area for area, _ in agents.table(agents.COMMUNITY_COMMITTEES)]
    rows: Rows = []
    for place, (unit, kind) in enumerate(agents.table(agents.UNIT_BRANCHES)):
        community = communities[place % len(communities)]
        rows.append([f"{unit}{kind}", community, "共建党组织", "2026年1月5日", ""])
    members = [row for row in member_rows() if row[0].startswith("党员")]
    for place, row in enumerate(members):
        role = ties.MEMBER_ROLES[place % len(ties.MEMBER_ROLES)]
        ended = "2026年6月30日" if place % ties.LEAVING == 0 else ""
        rows.append([row[0], row[6], role, "2026.1.12", ended])
    return _numbered(rows)


def _numbered(rows: Rows) -> Rows:
    return [[str(place), *row] for place, row in enumerate(rows, 1)]


def write(directory: Path) -> list[Path]:
    """Write all sheets of the sample into a directory and return their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    offer_headers, offers = item_rows("offers.txt", "ZY")
    order_headers, orders = item_rows("orders.txt", "XQ")
    return [
        _workbook(
            directory / "areas-and-units.xlsx",
            ("区域", f"双滦区区域表{TITLE_NOTE}", agents.AREA_HEADERS, area_rows(), None),
            ("单位", f"双滦区驻区单位登记表{TITLE_NOTE}", agents.UNIT_HEADERS, unit_rows(), None),
        ),
        _workbook(
            directory / "party-organisations.xlsx",
            ("党组织", f"党组织登记表{TITLE_NOTE}", agents.BRANCH_HEADERS, branch_rows(), None),
        ),
        _csv(directory / "members.csv", agents.MEMBER_HEADERS, member_rows(), "utf-8-sig"),
        _workbook(
            directory / "resources.xlsx",
            (
                "资源清单",
                f"2026—2027年度资源清单{TITLE_NOTE}",
                offer_headers,
                offers,
                1,
            ),
        ),
        _workbook(
            directory / "needs.xlsx",
            (
                "需求清单",
                f"2026—2027年度需求清单{TITLE_NOTE}",
                order_headers,
                orders,
                1,
            ),
        ),
        _csv(directory / "pairings.csv", agents.PAIRING_HEADERS, pairing_rows(), "gb18030"),
        _workbook(
            directory / "alliances.xlsx",
            (
                "党建联盟",
                f"双滦区党建联盟{TITLE_NOTE}",
                ties.ALLIANCE_HEADERS,
                alliance_rows(),
                None,
            ),
            ("轮值主席", f"党建联盟轮值主席{TITLE_NOTE}", ties.CHAIR_HEADERS, chair_rows(), 1),
        ),
        _workbook(
            directory / "agreements.xlsx",
            (
                "共建协议",
                f"2026年度共建协议登记表{TITLE_NOTE}",
                ties.AGREEMENT_HEADERS,
                agreement_rows(),
                None,
            ),
        ),
        _csv(directory / "check-ins.csv", ties.CHECK_IN_HEADERS, check_in_rows(), "gb18030"),
    ]


def _csv(path: Path, headers: Sequence[str], rows: Rows, encoding: str) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(headers)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def _workbook(path: Path, *sheets: tuple[str, str, Sequence[str], Rows, int | None]) -> Path:
    workbook = Workbook()
    workbook.remove(cast("Worksheet", workbook.active))
    for name, title, headers, rows, merged in sheets:
        sheet = cast("Worksheet", workbook.create_sheet(name))
        _fill(sheet, title, headers, rows, merged)
    workbook.properties.creator = "renling"
    workbook.properties.created = MADE_AT
    made = io.BytesIO()
    workbook.save(made)
    _pack_anew(made, path)
    return path


def _fill(
    sheet: Worksheet, title: str, headers: Sequence[str], rows: Rows, merged: int | None
) -> None:
    """Write title, header and rows; equal neighbours in column `merged` become one cell."""
    anything = cast("Any", sheet)
    anything.append([title])
    anything.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(headers))
    anything["A1"].font = Font(bold=True, size=14)
    anything["A1"].alignment = Alignment(horizontal="center")
    anything.append(list(headers))
    for row in rows:
        anything.append([_value(text) for text in row])
    if merged is not None:
        for first, last in _runs(rows, merged):
            for place in range(first + 1, last + 1):
                anything.cell(row=place + 3, column=merged + 1).value = None
            if last > first:
                anything.merge_cells(
                    start_row=first + 3,
                    end_row=last + 3,
                    start_column=merged + 1,
                    end_column=merged + 1,
                )
    for place, header in enumerate(headers):
        longest = max([len(header), *(len(row[place]) for row in rows)])
        letter = anything.cell(row=2, column=place + 1).column_letter
        anything.column_dimensions[letter].width = min(LONGEST_WIDTH, 4 + 2 * longest)
    anything.freeze_panes = "A3"


def _value(text: str) -> str | float | None:
    """Return a cell as a spreadsheet keeps it: numbers as floats, nothing for an empty one."""
    if text.isdecimal() and len(text) <= 4:  # noqa: PLR2004 - longer ones are codes
        return float(text)
    return text or None


def _runs(rows: Rows, column: int) -> Iterator[tuple[int, int]]:
    for _, run in groupby(range(len(rows)), key=lambda place: rows[place][column]):
        places = list(run)
        yield places[0], places[-1]


def _pack_anew(made: io.BytesIO, path: Path) -> None:
    """Write the workbook's parts with one fixed time, so that equal sheets are equal files."""
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = _MODIFIED.sub(rb"\g<1>2026-01-01T00:00:00Z", source.read(name))
            part = zipfile.ZipInfo(name, MADE_AT.timetuple()[:6])
            part.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(part, content)


if __name__ == "__main__":
    for written in write(DIRECTORY):
        sys.stdout.write(f"{written}\n")
