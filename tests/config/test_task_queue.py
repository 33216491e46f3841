"""The task queue: a job exists if its transaction commits, is retried, and survives its worker."""

import asyncio
import io
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.periodic import PeriodicDeferrer

from accounts.devices.attempts import CurrentDevice
from accounts.identity import email_addresses, emails, passwords, registration
from accounts.models import User
from config.kernel import client as kernel_client
from config.kernel.cancellation import cancel_and_wait
from config.ops import maintenance, task_queue
from config.ops.logs import SafeFormatter
from maps.models import MapWord
from maps.previews import cleanup
from tests.support.database import cut_database
from tests.support.factories import PASSWORD, make_map, make_user
from tests.support.live_site import Site
from tests.support.task_queue import jobs, run_tasks
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
CLIENT, DEVICE = kernel_client.Client("192.0.2.1"), CurrentDevice("a key")


# ---- Adding jobs --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_job_exists_only_if_its_transaction_commits() -> None:
    user = make_user("Player1")
    with transaction.atomic():
        emails.send_password_changed(user)
        transaction.set_rollback(True)
    assert not jobs().exists()
    with transaction.atomic():
        emails.send_password_changed(user)
    assert jobs().get().args["kind"] == "password_changed"


def register(_: User) -> None:
    registration.register(
        client=CLIENT,
        username="Player2",
        email="second@example.com",
        password="Quiet-Ford-7",
        accept_privacy_policy=True,
    )


def change_email(user: User) -> None:
    email_addresses.change_email(
        client=CLIENT, user=user, device=DEVICE, email="new@example.com", password=PASSWORD
    )


def change_password(user: User) -> None:
    passwords.change_password(
        client=CLIENT,
        user=user,
        device=DEVICE,
        old_password=PASSWORD,
        new_password="Quiet-Ford-7",
    )


@pytest.mark.django_db
@pytest.mark.parametrize("is_added", [False, True])
@pytest.mark.parametrize("change", [register, change_email, change_password])
def test_an_account_changes_only_with_the_job_of_its_email(
    player: User, monkeypatch: pytest.MonkeyPatch, change: Callable[[User], None], is_added: bool
) -> None:
    def fail(*arguments: Any, **named: Any) -> None:
        if is_added:
            add(*arguments, **named)
        raise ConnectionError

    accounts, add = User.objects.order_by("pk").values("pk", "email", "password"), emails._add_job
    before = list(accounts)
    with monkeypatch.context() as failing:
        failing.setattr(emails, "_add_job", fail)
        with pytest.raises(ConnectionError):
            change(player)
    assert list(accounts.all()) == before
    assert not jobs().exists()
    player.refresh_from_db()
    change(player)
    assert list(accounts.all()) != before
    assert jobs().exists()


@pytest.mark.django_db
def test_a_job_that_waits_already_breaks_no_transaction() -> None:
    for _ in range(2):
        assert task_queue.defer(maintenance.run, {"queueing_lock": "one"}, timestamp=1)
    assert jobs().count() == 1


@pytest.mark.django_db
def test_a_queue_takes_only_so_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(task_queue.MAX_WAITING, task_queue.MAINTENANCE, 2)
    taken = [
        task_queue.defer(maintenance.run, {"queueing_lock": str(n)}, timestamp=1) for n in range(3)
    ]
    assert taken == [True, True, False]
    assert jobs().count() == 2


@pytest.mark.django_db
def test_an_email_too_many_is_logged(
    player: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(task_queue.MAX_WAITING, task_queue.EMAIL, 0)
    emails.send_password_changed(player)
    assert "too many wait" in caplog.text
    assert not jobs().exists()


@pytest.mark.django_db
def test_the_admin_does_not_show_jobs(admin_clients: dict[str, Client]) -> None:
    client = admin_clients["administrator"]
    assert b"rocrastinate" not in client.get("/admin/").content
    assert client.get("/admin/procrastinate/procrastinatejob/").status_code == 404


# ---- Email --------------------------------------------------------------------------------------


class Mailbox:
    """An SMTP server that refuses with some replies, then accepts."""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.received: list[Any] = []
        self.asked = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        self.asked += 1
        if self.replies:
            return self.replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.received.append(envelope)
        return "250 OK"


@contextmanager
def smtp(settings: Any, *replies: str) -> Iterator[Mailbox]:
    mailbox = Mailbox(*replies)
    with socket.create_server(("127.0.0.1", 0)) as free:  # it tries its port, which can't be 0
        host, port = free.getsockname()
    controller = Controller(mailbox, hostname=host, port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = host, port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    try:
        yield mailbox
    finally:
        controller.stop()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as the server writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(SafeFormatter())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
def test_an_email_refused_at_first_is_sent_later(player: User, settings: Any) -> None:
    with smtp(settings, "451 try again", "451 try again") as mailbox:
        emails.send_password_changed(player)
        run_tasks()
        assert (mailbox.asked, mailbox.received) == (1, [])
        first = jobs().get()
        assert first.attempts == 1
        run_tasks(hours=0.01)
        assert (len(mailbox.received), mailbox.asked) == (1, 3)
    assert mailbox.received[0].rcpt_tos == [player.email]
    assert not jobs().exists()


@pytest.mark.django_db
def test_an_email_that_fails_for_hours_is_logged_without_its_address(
    player: User, settings: Any, log: io.StringIO
) -> None:
    with smtp(settings, *["451 try again"] * 20) as mailbox:
        emails._add_job("address_changed", player, to="former@example.com")
        run_tasks(hours=24)
    assert mailbox.asked == 1 + 8
    assert not jobs().exists()
    said = log.getvalue()
    assert said.count("ERROR") == 1
    assert "accounts.send_email" in said
    assert "SMTPRecipientsRefused" in said
    assert "@example.com" not in said


@pytest.mark.django_db
def test_a_mailbox_that_is_refused_for_good_is_asked_once(player: User, settings: Any) -> None:
    with smtp(settings, "550 no such user") as mailbox:
        emails.send_password_changed(player)
        run_tasks(hours=24)
    assert mailbox.asked == 1
    assert not jobs().exists()


@pytest.mark.django_db
def test_an_email_is_counted_once_however_often_it_is_tried(player: User, settings: Any) -> None:
    with smtp(settings, *["451 try again"] * 6) as mailbox:
        emails.send_password_changed(player)
        run_tasks(hours=24)
    assert len(mailbox.received) == 1


@pytest.mark.django_db
def test_the_queue_holds_no_link_and_no_current_address(
    client: Client, player: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    client.post("/reset/", {"name": player.email})
    client.post("/reset/", {"name": "nobody@example.com"})
    client.force_login(player)
    client.post("/account/verification")
    held = "".join(f"{job.args}{job.lock}{job.queueing_lock}" for job in jobs())
    assert jobs().count() == 3  # one without a recipient, which takes as long to add
    assert "@" not in held
    assert "http" not in held
    run_tasks()
    assert len(mail.outbox) == 2
    assert "/reset/" in str(mail.outbox[0].body)


@pytest.mark.django_db
def test_an_email_to_a_deleted_account_is_not_sent(player: User) -> None:
    emails.send_password_changed(player)
    player.delete()
    run_tasks()
    assert mail.outbox == []
    assert not jobs().exists()


# ---- Maintenance --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_daily_maintenance_runs_each_deletion(author: User) -> None:
    make_map(author, "Short Lived").delete()
    assert MapWord.objects.exists()
    task_queue.defer(maintenance.run, {}, timestamp=0)
    run_tasks()
    assert not MapWord.objects.exists()
    assert not jobs().exists()


@pytest.mark.django_db
def test_a_deletion_that_fails_leaves_the_others_and_is_tried_again(
    author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_map(author, "Short Lived").delete()
    tries: list[int] = []

    def fail() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise PermissionError
        return 0

    monkeypatch.setitem(maintenance.DELETIONS, "sessions", maintenance.Deletion("sessions", fail))
    task_queue.defer(maintenance.run, {}, timestamp=0)
    run_tasks()
    assert not MapWord.objects.exists()
    run_tasks(hours=1)
    assert len(tries) == 3
    assert not jobs().exists()


@pytest.mark.django_db(transaction=True)
def test_maintenance_is_due_once_a_day_also_after_a_night_without_servers() -> None:
    day = 24 * 3600

    async def look(at: float) -> None:
        deferrer = PeriodicDeferrer(app.periodic_registry, max_delay=day)
        await deferrer.defer_jobs(deferrer.get_previous_tasks(at=at))

    async def look_often() -> None:
        async with app.open_async():
            for at in (20 * day, 20 * day + 60, 20 * day + 3600):
                await look(at)  # as processes do that start then

    asyncio.run(look_often())
    assert jobs(task_name="maintenance.run").count() == 1


# ---- Workers ------------------------------------------------------------------------------------


@contextmanager
def running(settings: Any) -> Iterator[None]:
    """Workers in a thread of their own, as `manage.py tasks` runs them."""
    loop = asyncio.new_event_loop()
    workers = loop.create_task(task_queue.run_workers())
    thread = threading.Thread(target=run_until_cancelled, args=(loop, workers), daemon=True)
    thread.start()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(task_queue.stop_workers(workers), loop)
        thread.join(20)
        assert not thread.is_alive()
        loop.close()


def run_until_cancelled(loop: asyncio.AbstractEventLoop, workers: "asyncio.Task[None]") -> None:
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(workers)
    asyncio.set_event_loop(loop)
    loop.run_until_complete(end_rest(loop))


async def end_rest(loop: asyncio.AbstractEventLoop) -> None:
    await cancel_and_wait(asyncio.all_tasks(loop) - {asyncio.current_task(loop)})
    await loop.shutdown_default_executor()


def test_workers_that_lose_a_cancellation_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_queue, "STOP_SECONDS", 0.01)

    async def lose_the_first_cancellation() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async def stop() -> None:
        workers = asyncio.create_task(lose_the_first_cancellation())
        await asyncio.sleep(0)
        await task_queue.stop_workers(workers)
        assert workers.cancelled()

    asyncio.run(stop())


def run_one() -> None:
    """Adds a job, and waits until it is done."""
    cleanup.delete_unused.defer(contents=[])
    until(lambda: not jobs().exists())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("listens", [True, False])
def test_workers_take_jobs_whether_they_can_listen_or_not(
    listens: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_queue, "POLL_SECONDS", 3600 if listens else 0.05)
    settings.TASKS_LISTEN = listens
    with running(settings):
        until(lambda: listening() == (2 if listens else 0) and workers_registered() == 2)
        run_one()
    assert workers_registered() == 0


def listening() -> int:
    """Returns how many connections have begun to listen for jobs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state = 'idle' AND query ~ 'LISTEN.*(pictures_ahead|maintenance)'"
        )
        return int(cursor.fetchone()[0])


def workers_registered() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_workers")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_workers_outlive_the_connections_to_the_database(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(task_queue, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(task_queue, "RESTART_SECONDS", 0.05)
    with running(settings):
        run_one()
        cut_database()
        run_one()


@pytest.mark.django_db(transaction=True)
def test_jobs_of_a_killed_worker_are_retried_then_failed(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2):
        maintenance.run.configure(queueing_lock=str(number)).defer(timestamp=number)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '2 min')"
            " RETURNING id"
        )
        worker = cursor.fetchone()[0]
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [worker])
        cursor.execute(
            "UPDATE procrastinate_jobs SET attempts = %s WHERE queueing_lock = '2'",
            [task_queue.MAX_ATTEMPTS],
        )

    async def retry_stalled_jobs() -> None:
        async with app.open_async():
            await task_queue.retry_stalled()

    asyncio.run(retry_stalled_jobs())
    assert (jobs().get().status, jobs().get().args) == ("todo", {"timestamp": 1})
    assert "killed repeatedly" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_running_job_is_finished_before_workers_stop(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slowly() -> int:
        begun.set()
        go_on.wait(20)
        done.set()
        return 0

    monkeypatch.setitem(maintenance.DELETIONS, "words", maintenance.Deletion("words", slowly))
    with running(settings):
        task_queue.defer(maintenance.run, {}, timestamp=0)
        assert begun.wait(20)
        threading.Timer(0.2, go_on.set).start()
    assert done.is_set()
    assert not jobs().exists()


@pytest.mark.django_db(transaction=True)
def test_tasks_keep_no_connection_of_their_thread(settings: Any) -> None:
    with running(settings):
        run_one()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            # Two that listen, and the pool.
            assert cursor.fetchone()[0] <= 2 + settings.TASKS_POOL + 1


@pytest.mark.django_db(transaction=True)
def test_a_site_is_ready_however_many_jobs_wait(site: Site, author: User) -> None:
    empty: list[dict[str, Any]] = [{"contents": []} for _ in range(500)]
    cleanup.delete_unused.batch_defer(*empty)
    assert httpx.get(f"{site.url}/health/ready").json()["status"] == "ok"
    assert ProcrastinateJob.objects.count() == 500


@pytest.mark.django_db(transaction=True)
def test_a_site_runs_its_tasks(tasks_run: None, site: Site) -> None:
    run_one()


@pytest.mark.django_db(transaction=True)
def test_the_command_runs_tasks_until_it_is_stopped() -> None:
    database = connection.settings_dict
    address = f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    environment = os.environ | {"DATABASE_URL": os.environ.get("DATABASE_URL", address)}
    if os.environ.get("DATABASE_URL"):
        environment["DATABASE_URL"] = environment["DATABASE_URL"].rpartition("/")[0] + (
            f"/{database['NAME']}"
        )
    command = subprocess.Popen(
        [sys.executable, "manage.py", "tasks"], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        until(lambda: workers_registered() == 2)
        run_one()
        command.send_signal(signal.SIGTERM)
        said, _ = command.communicate(timeout=30)
    finally:
        command.kill()
    assert (command.returncode, said) == (0, "The task queue is running. Ctrl-C stops it.\n")
    assert workers_registered() == 0
