"""BLAS threads: one inside the runtime, the caller's setting after it."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import forecastkit as fk
from forecastkit.network import runtime
from forecastkit.network.threads import map_chunks, single_blas_thread


def blas_threads() -> set[int]:
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


USUAL = blas_threads()


@pytest.fixture(autouse=True)
def several_threads():
    if {1} == USUAL:
        pytest.skip("BLAS has one thread here")


def test_the_setting_is_restored():
    with single_blas_thread():
        assert blas_threads() == {1}
    assert blas_threads() == USUAL


def test_the_setting_is_restored_after_an_error():
    with pytest.raises(ZeroDivisionError), single_blas_thread():
        _ = 1 / 0
    assert blas_threads() == USUAL


def test_calls_that_overlap_leave_the_setting_as_it_was():
    """In a process of its own: some builds of BLAS obey the first thread that sets them alone."""
    code = """
        import sys
        from threading import Barrier, Thread
        import numpy
        from threadpoolctl import threadpool_info
        from forecastkit.network.threads import single_blas_thread

        def blas_threads():
            return [one["num_threads"] for one in threadpool_info()]

        before, both, first_out = blas_threads(), Barrier(2), Barrier(2)

        def work(first):
            with single_blas_thread():
                both.wait()
                inside.append(blas_threads())
                both.wait()
                if not first:
                    first_out.wait()
            if first:
                first_out.wait()

        inside = []
        threads = [Thread(target=work, args=(k == 0,)) for k in range(2)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert inside == [[1], [1]], inside
        assert blas_threads() == before, (before, blas_threads())
    """
    subprocess.run([sys.executable, "-c", dedent(code)], check=True)


def test_chunks_come_back_in_their_order():
    assert map_chunks(lambda k: k * k, range(9)) == [k * k for k in range(9)]


def test_prediction_runs_with_one_blas_thread(monthly, monkeypatch):
    model = fk.LSTMForecaster(h=3, preset="instant").train(monthly)
    seen = []
    inner = runtime.network_outputs

    def spied(*given):
        seen.append(blas_threads())
        return inner(*given)

    monkeypatch.setattr(runtime, "network_outputs", spied)
    model.predict()
    assert seen
    assert all(one == {1} for one in seen)
    assert blas_threads() == USUAL


def test_chunks_of_series_give_the_numbers_of_one_chunk(monkeypatch, rng):
    import pandas as pd

    days = pd.date_range("2020-01-01", periods=30, freq="MS")
    parts = [pd.DataFrame({"unique_id": f"{k:03d}", "ds": days, "y": 50 + rng.normal(0, 5, 30)})
             for k in range(40)]  # fmt: skip
    model = fk.LSTMForecaster(h=3, preset="instant").train(pd.concat(parts))
    whole = model.predict()["LSTM"]
    monkeypatch.setattr(runtime, "ROWS_PER_CHUNK", 7)
    np.testing.assert_allclose(model.predict()["LSTM"], whole, rtol=1e-5)
