"""Evidence bundles: everything is in them, nothing personal unasked, and no byte changes unnoticed."""

import io
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from config.messages import Refusal
from models.incident_response.tables import TABLES
from tasks.clock import now
from tasks.incident_response import verifier
from tasks.incident_response.bundle import Bundle, bundle, case_of, check, sealed, zipped
from tasks.incident_response.evidence import CONTACTS, contents
from tasks.incident_response.handover import Pair, hand_over
from tasks.incident_response.standing import DUTIES
from tasks.incident_response.view import CALL_STEPS, INCIDENTS, PARTS
from tasks.journal import NOTICES, verify
from tasks.store import snapshot, table, transaction
from tests.ground import Ground, fresh_code, hire, journal
from tests.privacy import leaks
from tests.tasks.incident_response import staged

SECRETS = (staged.CONTACT, staged.PHONE)
WAY_OUT = {"by": "S21", "purpose": "调查", "at": "", "contacts": False}


def whole_incident() -> Any:
    """An incident with something in every table, one notice and one paper."""
    case = staged.responding()
    staged.after(case)
    hire("S21", "command_office")
    hire("S22", "emergency_duty")
    hand_over(case.number, "等待专家", Pair("S21", fresh_code("S21")), Pair("S22", fresh_code("S22")))
    with transaction() as tx:
        tx.core.execute(
            insert(NOTICES).values(
                key=b"0123456789abcdef", case_id=case.id, number=1, recipient="officer:S1003", channel="sms", template="t",
                urgent=True, facts={"code": "KQ7XZ9WM", "matter": "启动"}, status="dead", attempts=3, next_at=None, lease="x",
                error="13800006613 空号", created_at=now(),
            )
        )  # fmt: skip
    return case


def made(case: Any, path: Path, **more: Any) -> Bundle:
    return bundle(case.number, path, "S21", fresh_code("S21"), "事故调查取证", **more)


def unzipped(path: Path) -> dict[str, bytes]:
    return verifier.read_zip(path)


def test_everything_is_in_it_and_it_verifies(ground: Ground) -> None:
    case = whole_incident()
    path = ground.home / "证据.zip"
    found = made(case, path)
    files = unzipped(path)
    for name in ("reports", "orders", "groups", "tasks", "duties", "calls", "call_steps", "acks", "conditions", "releases", "readiness",
                 "lessons", "handovers", "notices", "deadlines", "incident", "case"):  # fmt: skip
        assert files[f"tables/{name}.jsonl"].strip(), name
    assert {"plan.json", "board.md", "board.html", "README.md", "verify.py", "papers/handover-001.docx"} <= files.keys()
    assert any(name.startswith("rules/incident_response") for name in files)
    assert json.loads(files["rules/cited.json"]) == [
        "海政办发〔2023〕31号 3",
        "海政办发〔2023〕31号 4.1",
        "第493号令 第十一条",
    ]
    assert len(files) == found.files
    assert verifier.verify(path) == []
    assert check(path) == []
    assert journal(case.number)[-1][::3] == ("bundle", "S21")
    assert list(verify()) == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_verifier_inside_needs_nothing_of_ours(floor: Ground) -> None:
    case = whole_incident()
    path = floor.home / "证据.zip"
    made(case, path)
    folder = floor.home / "unpacked"
    with zipfile.ZipFile(path) as file:
        file.extractall(folder)
    for given in ([], [str(path)]):
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(folder / "verify.py"), *given],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert (done.returncode, "核验通过" in done.stdout) == (0, True), done.stdout + done.stderr
    (folder / "board.md").write_bytes(b"x")
    (folder / "more.txt").write_bytes(b"x")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["多出文件 more.txt", "board.md 已被改动"]


def test_any_byte_that_is_changed_in_any_file_is_named(floor: Ground) -> None:
    case = whole_incident()
    with snapshot():
        whole = sealed(contents(case.number, contacts=False), WAY_OUT)
    assert verifier.faults(whole) == []
    chance = random.Random(7)
    for name, data in ((name, data) for name, data in whole.items() if data):
        for place in {0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(6))}:
            changed = bytearray(data)
            changed[place] ^= 1 << chance.randrange(8)
            found = verifier.faults(whole | {name: bytes(changed)})
            assert any(name in one for one in found) or name == verifier.SEAL, (name, place, found)
            assert found, (name, place)
    for name in whole:
        rest = {other: data for other, data in whole.items() if other != name}
        assert any(name in one for one in verifier.faults(rest)), name


def test_a_journal_line_that_is_changed_cut_or_moved_is_named_by_its_number(floor: Ground) -> None:
    case = whole_incident()
    with snapshot():
        found = contents(case.number, contacts=False)
    lines = found.files[verifier.JOURNAL].splitlines(keepends=True)
    head, count = found.chain["head"], found.chain["entries"]
    assert verifier.broken_chain(b"".join(lines), head, count) == []
    changed = [*lines]
    changed[2] = changed[2].replace(b'"turn":', b'"turn": ')  # the same fact in another spelling is the same line
    assert verifier.broken_chain(b"".join(changed), head, count) == []
    changed[2] = changed[2].replace(b'"actor":"', b'"actor":"X')
    assert "第3行" in verifier.broken_chain(b"".join(changed), head, count)[0]
    assert "第4行" in verifier.broken_chain(b"".join([*lines[:3], *lines[4:]]), head, count)[0]
    assert "链尾不符" in verifier.broken_chain(b"".join(lines[:-1]), head, count)[0]


def test_any_byte_of_the_zip_is_watched_by_the_digest_beside_it(floor: Ground) -> None:
    case = whole_incident()
    path = floor.home / "证据.zip"
    made(case, path)
    whole, chance = path.read_bytes(), random.Random(11)
    for _ in range(40):
        changed = bytearray(whole)
        changed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(changed))
        assert any("证据.zip" in one for one in verifier.verify(path))
    path.write_bytes(whole)
    assert verifier.verify(path) == []


def test_the_same_database_makes_the_same_bytes_but_for_the_signature(ground: Ground) -> None:
    case = whole_incident()
    made_twice = []
    for _ in range(2):
        with snapshot():
            made_twice.append(sealed(contents(case.number, contacts=False), WAY_OUT))
        fresh_code("S21")  # time goes by
    first, second = made_twice
    assert first == second
    archives = [io.BytesIO(), io.BytesIO()]
    for archive, files in zip(archives, made_twice, strict=True):
        zipped(archive, files)
    assert archives[0].getvalue() == archives[1].getvalue()
    signed_later = sealed(contents(case.number, contacts=False), WAY_OUT | {"at": "later"})
    assert {name for name in first if first[name] != signed_later[name]} == {verifier.SIGNATURE, verifier.SEAL}


def test_nothing_personal_goes_out_unasked_and_what_stays_is_listed(floor: Ground) -> None:
    case = whole_incident()
    papers = floor.home / "papers" / case.number
    (papers / "note.txt").write_text(f"请联系 {staged.PHONE}", encoding="utf-8")
    (papers / "call-sheet-001.docx").write_bytes(b"x")
    path, asked = floor.home / "a.zip", floor.home / "b.zip"
    made(case, path)
    files = unzipped(path)
    assert (
        leaks(
            ((name, data.decode("utf-8", "replace")) for name, data in files.items()),
            [*SECRETS, "13800006613", "KQ7XZ9WM"],
        )
        == []
    )
    manifest = json.loads(files[verifier.MANIFEST])
    left = {one["what"] for one in manifest["left_out"]}
    assert {"contacts.jsonl", "papers/note.txt", "papers/call-sheet-001.docx", "code"} <= left
    assert "note.txt" in files["README.md"].decode()
    made(case, asked, contacts=True)
    given = unzipped(asked)
    assert staged.PHONE in given["contacts.jsonl"].decode()
    assert "papers/note.txt" in given
    assert [one[::3] for one in journal(case.number)][-2:] == [("contacts-read", "S21"), ("bundle", "S21")]


def test_who_may_not_or_says_no_purpose_takes_nothing_out(floor: Ground) -> None:
    case = whole_incident()
    hire("S30", "finance_bureau")
    path = floor.home / "a.zip"
    with pytest.raises(Refusal, match="不担任"):
        bundle(case.number, path, "S30", fresh_code("S30"), "事故调查")
    with pytest.raises(Refusal, match="用途"):
        bundle(case.number, path, "S21", fresh_code("S21"), " ")
    with pytest.raises(Refusal):
        case_of("SG-2027-999")
    assert not path.exists()
    path.write_bytes(b"x")
    with pytest.raises(Refusal):
        made(case, path)
    assert path.read_bytes() == b"x"


def test_a_bundle_of_another_installation_does_not_fit_our_keys(floor: Ground) -> None:
    case = whole_incident()
    with snapshot():
        found = contents(case.number, contacts=False)
    lines = [json.loads(one) for one in found.files[verifier.JOURNAL].splitlines()]
    lines[1]["actor"], head = "S9", ""
    for one in lines:  # forged with care: the open chain fits again
        one["digest"] = head = verifier.chained(head, verifier.line_of(one))
    forged = found._replace(
        files=found.files
        | {verifier.JOURNAL: "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in lines).encode()},
        chain=found.chain | {"head": head},
    )
    path = floor.home / "forged.zip"
    with path.open("wb") as file:
        zipped(file, sealed(forged, WAY_OUT))
    assert verifier.verify(path) == []
    assert "第2行" in check(path)[0]


def test_a_drills_bundle_says_so(floor: Ground) -> None:
    case = staged.responding("live")
    with snapshot():
        files = contents(case.number, contacts=False).files
    assert files["README.md"].decode().startswith("# 【演练】")
    assert "【演练】" in files["board.html"].decode()


def test_the_board_inside_is_a_page_with_its_pictures(floor: Ground) -> None:
    case = staged.responding()
    with snapshot():
        page = contents(case.number, contacts=False).files["board.html"].decode()
    assert page.count('<img src="data:image/svg+xml;base64,') == 2
    assert "<table>" in page
    assert "<br>" in page


def test_no_table_of_an_incident_is_forgotten() -> None:
    kept = {INCIDENTS.name, DUTIES.name, CALL_STEPS.name, CONTACTS.name, *(one.name for one in PARTS.values())}
    every = {table(model).name for model in TABLES if "case_id" in table(model).c}
    assert every <= kept
