"""The worker process: receives jobs, runs workflow functions, answers with messages.

It is spawned, never forked: torch, Qt and CUDA don't survive a fork. It ends by itself when the window is gone.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from tlstudio.domain.errors import Cancelled, DeviceFailed, StudioError, from_device_error, from_os_error
from tlstudio.domain.events import Event, Progress, StepDone
from tlstudio.jobs.messages import Broke, Control, Done, Lane, Message, Request, Steer, WasCancelled
from tlstudio.jobs.tasks import task
from tlstudio.storage import clocks

log = logging.getLogger(__name__)

# Fast loops report every image; the window needs about 20 a second.
LEAST_PAUSE_SECONDS = 0.05
NICENESS = 5
BESIDE_NICENESS = 10  # the training goes first


class PipeReporter:
    """The reporter of a job in the worker: sends events through the pipe and reads the user's wishes from it."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection = connection
        self._number = number
        self._stop = False
        self._paused = False
        self._last_sent = 0.0

    def report(self, event: Event) -> None:
        """Sends `event`, waits while paused, raises Cancelled when the user cancelled or the window is gone."""
        if self._worth_sending(event):
            try:
                self._connection.send((self._number, event))
            except OSError as error:
                raise Cancelled from error
        self._listen(block=False)
        if self._paused:
            with clocks.pause():  # nobody's time: neither spent nor left
                while self._paused:
                    self._listen(block=True)

    def check_cancelled(self) -> None:
        self._listen(block=False)

    def stop_requested(self) -> bool:
        self._listen(block=False)
        return self._stop

    def _worth_sending(self, event: Event) -> bool:
        if not isinstance(event, Progress | StepDone):
            return True
        now = time.monotonic()
        last = isinstance(event, Progress) and event.done >= event.total > 0
        if last or now - self._last_sent >= LEAST_PAUSE_SECONDS:
            self._last_sent = now
            return True
        return False

    def _listen(self, *, block: bool) -> None:
        try:
            while block or self._connection.poll():
                self._obey(self._connection.recv())
                block = False
        except (EOFError, OSError) as error:
            raise Cancelled from error

    def _obey(self, message: object) -> None:
        if not isinstance(message, Steer) or message.number not in (self._number, 0):
            return
        if message.control in (Control.CANCEL, Control.QUIT):
            raise Cancelled
        if message.control is Control.STOP:
            self._stop, self._paused = True, False
        else:
            self._paused = message.control is Control.PAUSE


def run_job(request: Request, reporter: PipeReporter) -> Message:
    """Runs one job to its last word; nothing escapes but what ends the process itself."""
    try:
        result = task(request.task).load()(**request.arguments, reporter=reporter)
        return Done(result)
    except Cancelled:
        return WasCancelled()
    except StudioError as error:
        return Broke(error)
    except OSError as error:
        log.exception("job %s", request.task)
        return Broke(from_os_error(error))
    except Exception as error:
        log.exception("job %s", request.task)
        named = from_device_error(error)
        if named is not None:
            return Broke(named)
        return Broke(
            StudioError(
                f"Something went wrong in the program itself ({type(error).__name__}).",
                remedy="The details are in the log file; your data are as they were.",
            )
        )


def worker_main(connection: Connection, lane: Lane) -> None:
    """Entry point of the spawned process."""
    from tlstudio.storage.log import start_logging

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is the window's to answer
    start_logging(f"worker-{lane}")
    _be_polite(BESIDE_NICENESS if lane is Lane.BESIDE else NICENESS)
    if lane is Lane.BESIDE:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the memory of the graphics processor belongs to the training
    if lane is not Lane.LIGHT:
        _warm_up()
    with suppress(EOFError, OSError):
        if not serve(connection):
            logging.shutdown()
            os._exit(1)  # in good order it might hang: what is to be put away lies on a device that answers no more


def serve(connection: Connection) -> bool:
    """Does one job after the other until it is told to end; False when only another process could do the next one."""
    while True:
        message = connection.recv()
        if isinstance(message, Steer) and message.control is Control.QUIT:
            return True
        if isinstance(message, Request):
            answer = run_job(message, PipeReporter(connection, message.number))
            connection.send((message.number, answer))
            if isinstance(answer, Broke) and isinstance(answer.error, DeviceFailed):
                return False  # the supervisor starts a process for the next job
            broke = isinstance(answer, Broke)
            del answer, message
            if broke:
                gc.collect()  # an error holds what its functions held, a whole training among it
            _give_memory_back()


def _give_memory_back() -> None:
    """Of the graphics processor, now that nothing of the job is left; a process that never loaded torch has none."""
    if "torch" not in sys.modules:
        return
    from tlstudio.training.devices import release_all

    with suppress(RuntimeError):  # a device that gave up meanwhile is told by the next job
        release_all()


def _be_polite(niceness: int) -> None:
    """Below normal priority, so that the window stays smooth while every core trains."""
    with suppress(OSError, AttributeError):
        if hasattr(os, "nice"):
            os.nice(niceness)
        else:
            import psutil

            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)


def _warm_up() -> None:
    """Loads torch while the user is still on the first page; a broken installation shows when it is really needed."""
    with suppress(ImportError, OSError, RuntimeError):
        import timm
        import torch

        log.debug("torch %s, timm %s", torch.__version__, timm.__version__)


class WorkerProcess:
    """One spawned worker and the near end of its pipe."""

    def __init__(self, lane: Lane) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, far = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=worker_main, args=(far, lane), name=f"tlstudio-{lane}", daemon=True
        )
        self.process.start()
        far.close()

    def send(self, message: Request | Steer) -> None:
        """Sends to the worker; a dead one is noticed by its sentinel, not here."""
        with suppress(OSError, ValueError):
            self.connection.send(message)

    def end(self, patience: float) -> None:
        """Asks the worker to quit, then insists after `patience` seconds."""
        self.send(Steer(0, Control.QUIT))
        self.process.join(patience)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(2.0)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.connection.close()
        self.process.close()
