"""BLAS threads: one inside the runtime, the setting of the caller afterwards."""

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
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


DEFAULT = blas_threads()


@pytest.fixture(autouse=True)
def several_threads():
    if {1} == DEFAULT:
        pytest.skip("BLAS has one thread on this machine")


def test_the_setting_is_restored():
    with single_blas_thread():
        assert blas_threads() == {1}
    assert blas_threads() == DEFAULT


def test_the_setting_is_restored_after_an_error():
    with pytest.raises(ZeroDivisionError), single_blas_thread():
        _ = 1 / 0
    assert blas_threads() == DEFAULT


def test_overlapping_calls_restore_the_setting():
    """In a separate process: some builds of BLAS only obey the first thread that sets them."""
    code = """
        import sys
        from threading import Barrier, Thread
        import numpy
        from threadpoolctl import threadpool_info
        from forecastkit.network.threads import single_blas_thread

        def blas_threads():
            return [pool["num_threads"] for pool in threadpool_info()]

        before, both_inside, first_outside = blas_threads(), Barrier(2), Barrier(2)

        def work(first):
            with single_blas_thread():
                both_inside.wait()
                inside.append(blas_threads())
                both_inside.wait()
                if not first:
                    first_outside.wait()
            if first:
                first_outside.wait()

        inside = []
        threads = [Thread(target=work, args=(k == 0,)) for k in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert inside == [[1], [1]], inside
        assert blas_threads() == before, (before, blas_threads())
    """
    subprocess.run([sys.executable, "-c", dedent(code)], check=True)


def test_results_of_chunks_are_in_order():
    assert map_chunks(lambda k: k * k, range(9)) == [k * k for k in range(9)]


def test_prediction_runs_with_one_blas_thread(monthly, monkeypatch):
    model = fk.LSTMForecaster(h=3, preset="instant").train(monthly)
    threads = []
    network_outputs = runtime.network_outputs

    def record_threads(*args):
        threads.append(blas_threads())
        return network_outputs(*args)

    monkeypatch.setattr(runtime, "network_outputs", record_threads)
    model.predict()
    assert threads
    assert all(count == {1} for count in threads)
    assert blas_threads() == DEFAULT


def test_forecasts_do_not_depend_on_the_chunk_size(monkeypatch, rng):
    import pandas as pd

    months = pd.date_range("2020-01-01", periods=30, freq="MS")
    parts = [pd.DataFrame({"unique_id": f"{k:03d}", "ds": months, "y": 50 + rng.normal(0, 5, 30)})
             for k in range(40)]  # fmt: skip
    model = fk.LSTMForecaster(h=3, preset="instant").train(pd.concat(parts))
    single_chunk = model.predict()["LSTM"]
    monkeypatch.setattr(runtime, "ROWS_PER_CHUNK", 7)
    np.testing.assert_allclose(model.predict()["LSTM"], single_chunk, rtol=1e-5)
