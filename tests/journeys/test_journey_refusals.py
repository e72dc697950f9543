"""Wrong use and a world that says no: each is one clear line, a stable code and the exit status of the contract."""

from __future__ import annotations

import os
import pty
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.ordinary_user import as_ordinary_user
from tests.fixtures.sandbox import SandboxProcess
from tests.journeys.journey_program import COMMAND, ROOT, Done, Talk, matou, surroundings
from tests.journeys.journey_wire import closed_port, http, talker

NO = "DEMO-20261122-11"
HERE = ("receive", "--offline", "--delivery", NO, "--operator", "1001")
EMPTY_COUNTS = {"fetched": 0, "sent": 0, "accepted": 0, "refused": 0, "held": 0, "unsure": 0, "waiting": 0}


def sync(server: str, folder: Path, *words: str) -> Done:
    return matou("sync", "--limit", "0.4", *words, "--server", server, "--data-dir", folder)


def assert_refused(done: Done, code: str, status: int = 3) -> None:
    assert (done.complaint, done.status) == (code, status)
    assert done.out == b""


# ------------------------------------------------------------------------------------------------------------ servers


def test_no_server_named(tmp_path: Path) -> None:
    assert_refused(matou("sync", "--data-dir", tmp_path), "server_missing")


@pytest.mark.parametrize(
    ("server", "code"),
    [
        ("http://192.0.2.1:8080", "insecure_url"),
        ("http://hospital.example", "insecure_url"),
        ("ftp://127.0.0.1", "bad_server_url"),
        ("127.0.0.1:8080", "bad_server_url"),
        ("http://127.0.0.1:port", "bad_server_url"),
        ("https://", "bad_server_url"),
        ("http://user:secret@127.0.0.1:1", "bad_server_url"),
        (b"http://127.0.0.1\xff", "bad_server_url"),
    ],
)
@pytest.mark.parametrize("command", ["sync", "receive"])
def test_an_address_that_cannot_be(tmp_path: Path, command: str, server: str | bytes, code: str) -> None:
    words = () if command == "sync" else ("--delivery", NO, "--operator", "1001")
    done = matou(command, *words, "--server", server, "--data-dir", tmp_path)

    assert_refused(done, code)
    assert "secret" not in done.err


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (http(b"<html>a printer</html>"), "html_reply"),
        (http(b'{"site_id": 1}', kind="application/json"), "bad_reply"),
        (http(b"no", status="404 Not Found"), "call_refused"),
        (http(b"", status="302 Found"), "redirected"),
        (http(b"broken", status="500 Internal Server Error"), "server_error"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "connection_lost"),
        (b"", "connection_lost"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "connection_lost"),
    ],
    ids=["html", "other json", "not found", "moved", "broken", "ssh", "hangs up", "tls alert"],
)
def test_a_server_that_is_no_hospital(tmp_path: Path, reply: bytes, code: str) -> None:
    with talker(reply) as address:
        done = sync(address, tmp_path)

    assert (done.complaint, done.status) == (code, 3)
    assert done.lines == [EMPTY_COUNTS]


@pytest.mark.parametrize("port", ["closed", "impossible", "tls on a plain port"])
def test_a_server_that_is_dead(tmp_path: Path, shared_hospital: SandboxProcess, port: str) -> None:
    address = {
        "closed": f"http://127.0.0.1:{closed_port()}",
        "impossible": "http://127.0.0.1:99999",
        "tls on a plain port": shared_hospital.url.replace("http://", "https://"),
    }[port]
    done = sync(address, tmp_path, "--until-empty")

    wanted = {"closed": "server_unreachable", "impossible": "server_unreachable"}.get(port, "tls_failed")
    assert (done.complaint, done.status) == (wanted, 3)
    assert done.lines == [EMPTY_COUNTS]


def test_a_delivery_that_is_not_here_and_a_dead_server(tmp_path: Path) -> None:
    """Why it is not here is what the person must know; a delivery that is here needs no server."""
    server = f"http://127.0.0.1:{closed_port()}"
    done = matou("receive", "--delivery", NO, "--operator", "1001", "--server", server, "--data-dir", tmp_path)

    assert_refused(done, "server_unreachable")


def test_a_delivery_that_is_here_needs_no_server(data: Path) -> None:
    done = matou(
        "receive", "--delivery", NO, "--operator", "1001", "--server", f"http://127.0.0.1:{closed_port()}",
        "--data-dir", data, stdin=b"123\n",
    )  # fmt: skip

    assert (done.status, done.err) == (0, "")
    assert [line["kind"] for line in done.lines] == ["scan", "end"]


def test_another_hospital_on_the_same_data_folder(data: Path, shared_hospital: SandboxProcess) -> None:
    before = matou(*HERE, "--data-dir", data, stdin=b"123\n")
    assert before.status == 0
    with SandboxProcess(seed=7) as other:
        synced = sync(other.url, data)
        assert (synced.complaint, synced.status) == ("foreign_realm", 3)
        unknown = matou(
            "receive", "--delivery", "DEMO-ELSEWHERE", "--operator", "1001", "--server", other.url, "--data-dir", data
        )
        assert_refused(unknown, "foreign_realm")
        tested = matou("self-test", "--json", "--server", other.url, "--data-dir", data)
        assert (tested.complaint, tested.status) == ("self_test_failed", 3)
        assert other.calls()["calls"].get("items", {"count": 0})["count"] == 0
    assert sync(shared_hospital.url, data).status == 0


# ------------------------------------------------------------------------------------------------------------ folders


def test_a_folder_that_is_read_only(data: Path) -> None:
    for path in (data, data / "logs"):
        path.chmod(0o555)
    try:
        for words in (HERE, ("sync", "--server", "http://127.0.0.1:1")):
            assert_refused(matou(*words, "--data-dir", data, before=as_ordinary_user), "data_folder_read_only")
    finally:
        for path in (data, data / "logs"):
            path.chmod(0o755)


def test_a_database_that_is_read_only(data: Path) -> None:
    (data / "matou.db").chmod(0o444)

    assert_refused(matou(*HERE, "--data-dir", data, before=as_ordinary_user), "data_folder_read_only")


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_text("a file")

    assert_refused(matou(*HERE, "--data-dir", file), "data_folder_bad")
    assert_refused(matou("show", "123", "--data-dir", file), "data_folder_missing")


def test_a_folder_that_another_program_uses(data: Path) -> None:
    with Talk(*HERE, "--data-dir", data) as holder:
        assert holder.ask("123")["seq"] == 1
        for words in (HERE, ("sync", "--server", "http://127.0.0.1:1")):
            done = matou(*words, "--data-dir", data)
            assert_refused(done, "data_folder_in_use")
            assert "matou receive" in done.err
            assert str(holder.process.pid) in done.err
        tested = matou("self-test", "--data-dir", data)
        assert (tested.complaint, tested.status) == ("self_test_failed", 3)
        assert holder.ask("124")["seq"] == 2
        assert holder.end()[0] == 0
    assert matou(*HERE, "--data-dir", data).status == 0


@pytest.fixture(params=["full disk", "file size limit"])
def cramped(request: pytest.FixtureRequest, data: Path) -> Iterator[tuple[Path, str]]:
    """A data folder that can take no more, and what that is called there. Mounting needs root; the limit does not."""
    if request.param == "file size limit" or os.geteuid() != 0:
        yield data, "disk_error"
        return
    place = data.parent / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], check=True)
    try:
        subprocess.run(["cp", "-r", str(data), str(place / "data")], check=True)
        yield place / "data", "disk_full"
    finally:
        subprocess.run(["umount", str(place)], check=True)


def stuff(folder: Path) -> Path:
    """Take all the room that is left on the folder's disk."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return ballast


def few_bytes_more(folder: Path) -> None:
    """No file of this process grows beyond the database as it is now."""
    limit = (folder / "matou.db").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def test_a_folder_that_is_full_from_the_start(cramped: tuple[Path, str]) -> None:
    """Not one box is answered as received; what is said is one line, and afterwards all is as before."""
    folder, code = cramped
    if code == "disk_full":
        ballast = stuff(folder)
        done = matou(*HERE, "--data-dir", folder, stdin=b"123\n")
        ballast.unlink()
    else:
        done = matou(*HERE, "--data-dir", folder, stdin=lines_of_text(400), before=lambda: few_bytes_more(folder))

    assert done.status == 3
    assert done.complaint == code
    kept = sum(line["seq"] is not None for line in done.lines if line["kind"] == "scan")
    again = matou(*HERE, "--data-dir", folder, stdin=b"123\n")
    assert again.status == 0
    assert again.lines[0]["seq"] == kept + 1


def lines_of_text(count: int) -> bytes:
    return b"".join(b"text %d " % number + b"x" * 2000 + b"\n" for number in range(count))


def test_a_disk_that_fills_up_in_the_middle_and_is_freed_again(cramped: tuple[Path, str]) -> None:
    folder, code = cramped
    if code != "disk_full":
        done = matou(*HERE, "--data-dir", folder, stdin=lines_of_text(400), before=lambda: few_bytes_more(folder))
        answers = [line for line in done.lines if line["kind"] == "scan"]
        assert len(answers) == 400
        assert {line["reason"] for line in answers} == {"unknown_code", "not_recorded"}
        assert (done.complaint, done.status) == (code, 3)
        return
    with Talk(*HERE, "--data-dir", folder) as talk:
        first = talk.ask("before")
        ballast = stuff(folder)
        refused = [talk.ask(f"full {number} " + "x" * 4000) for number in range(3)]
        ballast.unlink()
        last = talk.ask("after")
        status, (end,) = talk.end()
        said = talk.said

    assert (first["seq"], last["seq"]) == (1, 2)
    assert {(line["seq"], line["reason"], line["verdict"]) for line in refused} == {(None, "not_recorded", "refused")}
    assert end["lists"]["to_clear"] == 2
    assert status == 3
    assert said[-1].startswith("disk_full: ")


# ---------------------------------------------------------------------------------------------------------- wrong use


def test_an_option_that_does_not_exist() -> None:
    done = matou("receive", "--delivery", NO, "--colour", "red")

    assert done.status == 2
    assert done.out == b""
    assert "--colour" in done.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "code", "variables"),
    [
        (("receive", "--delivery", NO), "operator_missing", {}),
        (HERE, "pin_missing", {"MATOU_PIN": None}),
        (HERE, "variable_unknown", {"MATOU_PNI": "1234"}),
        (HERE, "variable_bad", {"MATOU_NOW": "yesterday"}),
        (HERE, "variable_bad", {"MATOU_LANG": "fr"}),
        ((*HERE, "--scanner", "serial"), "bad_scanner_spec", {}),
        (("devices", "listen"), "scanner_missing", {}),
    ],
)
def test_wrong_use(data: Path, words: tuple[str, ...], code: str, variables: dict[str, str | None]) -> None:
    folder = () if words[0] == "devices" else ("--data-dir", data)

    assert_refused(matou(*words, *folder, variables=variables), code, status=2)


def test_a_pin_that_is_not_typed(data: Path) -> None:
    """The end of input at the prompt is no PIN, and no fault of the program."""
    keyboard, terminal = pty.openpty()
    try:
        with subprocess.Popen(
            [*COMMAND, *HERE, "--data-dir", str(data)], cwd=ROOT, env=surroundings(MATOU_PIN=None), stdin=terminal,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        ) as child:  # fmt: skip
            assert child.stderr is not None
            asked = child.stderr.read(5)
            os.write(keyboard, b"\x04")
            out, err = child.communicate(timeout=30)
    finally:
        os.close(keyboard)
        os.close(terminal)

    assert asked == b"PIN: "
    assert child.returncode == 2
    assert out == b""
    assert err.decode().strip().splitlines()[-1].startswith("pin_missing: ")


@pytest.mark.parametrize(
    ("operator", "pin", "code"),
    [
        ("1001", "4321", "pin_wrong"),
        ("1001", "", "pin_wrong"),
        ("1001", "12345", "pin_wrong"),
        ("9999", "1234", "operator_unknown"),
        ("", "1234", "operator_missing"),
        (b"\xff\xfe", "1234", "operator_unknown"),
    ],
)
def test_who_may_not_receive(data: Path, operator: str | bytes, pin: str, code: str) -> None:
    words = ("receive", "--offline", "--delivery", NO, "--operator", operator, "--data-dir", data)
    done = matou(*words, stdin=b"123\n", variables={"MATOU_PIN": pin})

    assert_refused(done, code, status=2 if code == "operator_missing" else 3)
    assert pin not in done.err or not pin


@pytest.mark.parametrize("number", ["DEMO-NOWHERE", "", "'; DROP TABLE deliveries; --", b"\xff\xfe", "x" * 10_000])
def test_a_delivery_that_nobody_knows(data: Path, number: str | bytes) -> None:
    done = matou("receive", "--offline", "--delivery", number, "--operator", "1001", "--data-dir", data)

    assert_refused(done, "delivery_not_here")


def test_a_delivery_in_a_folder_that_never_met_a_hospital(tmp_path: Path) -> None:
    assert_refused(matou(*HERE, "--data-dir", tmp_path), "delivery_not_here")
    assert_refused(matou("show", "123", "--data-dir", tmp_path / "nothing"), "data_folder_missing")


def test_an_input_file_that_is_not_there(data: Path, tmp_path: Path) -> None:
    assert_refused(matou(*HERE, "--data-dir", data, tmp_path / "nothing.txt"), "input_file_bad")
    assert_refused(matou(*HERE, "--data-dir", data, tmp_path), "input_file_bad")


def test_a_settings_file_that_is_wrong(data: Path) -> None:
    (data / "site.toml").write_text("server = 5\n", encoding="utf-8")

    assert_refused(matou(*HERE, "--data-dir", data), "setting_bad")


def test_a_delivery_that_was_withdrawn_and_one_that_is_closed(tmp_path: Path) -> None:
    line = {"line": 1, "drug": "YP-0014", "batch": "X", "expiry": "2099-12-31", "packs": 1}
    seed = {"supplier": "演示医药", "manifest": "missing", "lines": [line]}
    with SandboxProcess() as hospital:
        hospital.seed(
            {
                "deliveries": [
                    {**seed, "delivery": "GONE", "state": "withdrawn"},
                    {**seed, "delivery": "DONE"},
                    {**seed, "delivery": "THERE"},
                ]
            }
        )
        common = ("--server", hospital.url, "--data-dir", tmp_path / "here")
        others = ("--server", hospital.url, "--data-dir", tmp_path / "there")

        def receive(number: str, where: tuple[str | Path, ...], text: bytes = b"") -> Done:
            return matou("receive", "--delivery", number, "--operator", "1001", *where, stdin=text)

        assert_refused(receive("GONE", common), "delivery_withdrawn")
        assert receive("DONE", common, "!exempt 1 1 饮片\n!close\n123\n".encode()).lines[-1]["closed"] is True
        assert_refused(receive("DONE", common, b"123\n"), "receipt_closed")
        assert receive("THERE", others, "!exempt 1 1 饮片\n!close\n".encode()).status == 0
        assert matou("sync", "--until-empty", *others).status == 0
        assert matou("sync", "--until-empty", *common).status == 0
        assert_refused(receive("THERE", common), "receipt_closed")
        assert hospital.ledger("DONE")["receipts"][0]["state"] == "closed"
