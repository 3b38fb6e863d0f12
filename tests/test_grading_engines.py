"""One gradebook, byte for byte: from one worker, two, parts, or Dask, and after a run was killed."""

import signal
import subprocess
import time

import pytest
from course import ROOT, command, grade, handed_in, save, solved
from dask.distributed import LocalCluster

from helpers.grading.__main__ import main

NAME = "01_intuition"


@pytest.fixture(scope="module")
def a_class(sandbox, tmp_path_factory):
    """Six students with one exercise or two, right and wrong, alike and unlike, and one file that is none."""
    folder = tmp_path_factory.mktemp("class")
    right, other = solved(NAME), solved("02_formula")
    for number in range(6):
        some = dict(list(right.items())[: number % 4])
        save(handed_in(NAME, some), folder / f"student {number}" / "one.ipynb")
    save(handed_in("02_formula", other), folder / "student 3" / "two.ipynb")
    save([], folder / "student 4" / "two.ipynb")
    return folder


@pytest.fixture(scope="module")
def expected(a_class, secret_file, tmp_path_factory):
    """What one worker makes of the class."""
    out = tmp_path_factory.mktemp("expected")
    grade(a_class, out, secret_file, "--jobs", "1")
    return written(out)


def written(out):
    """Every report, by its path."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and "records" not in path.parts
    }


def test_reports_hold_the_whole_class(expected):
    assert len([name for name in expected if name.startswith("feedback")]) == 6
    assert expected["gradebook.csv"].count(b"\n") == 7


def test_two_workers_write_what_one_writes(a_class, expected, secret_file, tmp_path):
    grade(a_class, tmp_path / "out", secret_file, "--jobs", "2")
    assert written(tmp_path / "out") == expected


def test_parts_that_are_merged_write_what_one_worker_writes(a_class, expected, secret_file, tmp_path):
    for part in (1, 2):
        grade(a_class, tmp_path / f"part {part}", secret_file, "--shard", f"{part}/2")
        assert not written(tmp_path / f"part {part}")
        for record in (tmp_path / f"part {part}" / "records").iterdir():
            (tmp_path / "out" / "records").mkdir(parents=True, exist_ok=True)
            record.rename(tmp_path / "out" / "records" / record.name)
    done = grade(a_class, tmp_path / "out", secret_file)
    assert ": 0 graded now, " in done.stdout
    assert written(tmp_path / "out") == expected


def test_a_dask_cluster_writes_what_one_worker_writes(a_class, expected, secret_file, tmp_path):
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path
    )
    with cluster:
        done = grade(a_class, tmp_path / "out", secret_file, "--dask", cluster.scheduler_address)
    assert ": 0 graded now, " not in done.stdout
    assert written(tmp_path / "out") == expected


def test_a_scheduler_that_does_not_answer_is_named(a_class, secret_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("helpers.grading.engines.CONNECT_SECONDS", 0.5)
    nobody = "tcp://127.0.0.1:9"
    arguments = [str(a_class), "--out", str(tmp_path / "out"), "--secret", str(secret_file), "--dask", nobody]
    assert main(arguments) == 2
    assert f"no Dask scheduler answers at {nobody}" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_goes_on_where_it_was(a_class, expected, secret_file, tmp_path, ending):
    out, records = tmp_path / "out", tmp_path / "out" / "records"
    run = subprocess.Popen(
        command(a_class, out, secret_file, "--jobs", "1"),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background of a shell would hand on that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while run.poll() is None and not (records.is_dir() and len(list(records.glob("*.json"))) >= 2):
        time.sleep(0.005)
    run.send_signal(ending)
    _, said = run.communicate(timeout=30)
    kept = len(list(records.glob("*.json")))
    assert kept >= 2
    assert not written(out)
    if ending != signal.SIGKILL:
        assert run.returncode == 130
        assert "the same command goes on from here" in said
    done = grade(a_class, out, secret_file, "--jobs", "1")
    assert ": 0 graded now, " not in done.stdout
    assert len(list(records.glob("*.json"))) > kept
    assert written(out) == expected


def test_a_record_that_was_cut_off_is_made_again(a_class, expected, secret_file, tmp_path):
    grade(a_class, tmp_path / "out", secret_file)
    record = next((tmp_path / "out" / "records").glob("*.json"))
    record.write_text(record.read_text(encoding="utf-8")[:40], encoding="utf-8")
    done = grade(a_class, tmp_path / "out", secret_file)
    assert ": 0 graded now, " not in done.stdout
    assert written(tmp_path / "out") == expected


def test_another_secret_grades_anew(a_class, secret_file, tmp_path):
    other = tmp_path / "other"
    other.write_text("another secret of enough length\n")
    grade(a_class / "student 3", tmp_path / "out", secret_file)
    done = grade(a_class / "student 3", tmp_path / "out", other)
    assert "2 graded now, 0 before" in done.stdout
