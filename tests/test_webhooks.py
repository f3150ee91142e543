"""Webhooks: what is in the outbox reaches receivers that are up, down, slow or gone; in order, and at least once."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from socket import create_server, socket
from typing import Any

import httpx
import psycopg
import pytest

from broker.config import WEBHOOK_RETRY_SECONDS, Config
from broker.maintenance import webhooks
from broker.maintenance.addresses import CheckedBackend
from broker.maintenance.messages import ANSWER_BYTES, drain, read_retry_after
from broker.maintenance.webhooks import SETTLE, Deliverer, claim, retry_in
from tests.conftest import Clock, serving
from tests.serving import environment_of, until
from tests.serving import serving as serving_broker
from tests.webhooks import URL, create, deliveries, delivering, listen_to, local, receiving
from tests.world import Caller, MakeItem, World, must

LIFE = ["item.created", "item.assigned", "item.completed"]


@pytest.fixture
def call(config: Config, world: World) -> Iterator[Caller]:
    """Calls to a broker that lets webhooks be sent to this machine."""
    with serving(local(config)) as app:
        yield world.caller(app.test_client())


@pytest.fixture
def deliverer(config: Config) -> Iterator[Deliverer]:
    with delivering(config) as deliverer:
        yield deliverer


def patience(seconds: float) -> Any:
    """A broker's way to connect that has less patience."""
    return lambda policy: CheckedBackend(policy, seconds=seconds)


def item_of(received: Any) -> int:
    queue_id: int = received.message["data"]["queueId"]
    return queue_id


def due_in(admin: psycopg.Connection) -> float:
    """Seconds until the only message that waits is due."""
    [(seconds,)] = admin.execute(
        "select extract(epoch from next_time - data.clock())::float from data.webhook_delivery where status = 'PENDING'"
    ).fetchall()
    assert isinstance(seconds, float)
    return seconds


class TestReceivers:
    def test_one_that_is_up_hears_of_an_item_in_order_and_can_tell_who_speaks(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer
    ) -> None:
        with receiving() as receiver:
            made = must(create(call, url=receiver.url)).row
            queue_id = queue_item(status="COMPLETED")
            assert deliverer.run() == 3

        assert receiver.types == LIFE
        for received in receiver.received:
            assert received.is_signed_by(made["secret"])
            assert not received.is_signed_by("whsec_AAAA")
            assert received.headers["content-type"] == "application/json"
            assert abs(int(received.headers["webhook-timestamp"]) - time.time()) < 60
            assert item_of(received) == queue_id
        assert len({received.headers["webhook-id"] for received in receiver.received}) == 3
        log = deliveries(call, made["webhookId"])
        assert [(row["status"], row["attempts"], row["responseStatus"]) for row in log] == [("DELIVERED", 1, 200)] * 3

    def test_one_that_is_down_is_tried_again(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer, clock: Clock
    ) -> None:
        with create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        webhook_id = listen_to(call, f"http://127.0.0.1:{port}/in", ("item.created",))
        queue_item()

        assert [deliverer.run(), deliverer.run()] == [1, 0]
        [row] = deliveries(call, webhook_id)
        assert (row["status"], row["attempts"], row["responseStatus"]) == ("PENDING", 1, None)
        assert row["problem"].startswith("the connection failed")

        with receiving() as receiver:
            must(call("UpdateWebhook", webhookId=webhook_id, url=receiver.url))
            clock.advance(seconds=7)
            assert deliverer.run() == 1
        [row] = deliveries(call, webhook_id)
        assert (row["status"], row["attempts"], row["problem"]) == ("DELIVERED", 2, None)
        assert receiver.received[0].headers["webhook-id"] == f"msg_{row['deliveryId']}"

    def test_one_that_is_slow_is_given_up_in_time(self, call: Caller, queue_item: MakeItem, config: Config) -> None:
        awake = threading.Event()
        with (
            receiving(before=lambda _: awake.wait(30) and None) as receiver,
            delivering(config, backend=patience(0.3)) as deliverer,
        ):
            webhook_id = listen_to(call, receiver.url, ("item.created",))
            queue_item()
            began = time.monotonic()
            deliverer.run()
            took = time.monotonic() - began
            awake.set()

        [row] = deliveries(call, webhook_id)
        assert (row["status"], row["problem"]) == ("PENDING", "no answer within 15 seconds")
        assert took < 5

    def test_one_that_answers_drop_by_drop_is_given_up_in_time(
        self, call: Caller, queue_item: MakeItem, config: Config
    ) -> None:
        with dripping() as port, delivering(config, backend=patience(0.5)) as deliverer:
            webhook_id = listen_to(call, f"http://127.0.0.1:{port}/in", ("item.created",))
            queue_item()
            began = time.monotonic()
            deliverer.run()
            took = time.monotonic() - began

        [row] = deliveries(call, webhook_id)
        assert (row["status"], row["problem"]) == ("PENDING", "no answer within 15 seconds")
        assert took < 5

    @pytest.mark.parametrize("status", [300, 400, 404, 429, 500, 503])
    def test_one_that_answers_anything_but_success_is_tried_again(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer, clock: Clock, status: int
    ) -> None:
        with receiving((status, {}, b"no")) as receiver:
            webhook_id = listen_to(call, receiver.url, ("item.created",))
            queue_item()
            deliverer.run()
            [row] = deliveries(call, webhook_id)
            assert (row["status"], row["responseStatus"], row["problem"]) == (
                "PENDING",
                status,
                f"it answered {status}",
            )
            clock.advance(seconds=7)
            deliverer.run()

        [row] = deliveries(call, webhook_id)
        assert (row["status"], row["responseStatus"]) == ("DELIVERED", 200)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_one_that_redirects_is_not_followed(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer, status: int
    ) -> None:
        with receiving() as elsewhere, receiving((status, {"Location": elsewhere.url}, b"")) as receiver:
            webhook_id = listen_to(call, receiver.url, ("item.created",))
            queue_item()
            deliverer.run()

        [row] = deliveries(call, webhook_id)
        assert (row["status"], row["problem"]) == ("PENDING", f"it answered {status}")
        assert (len(receiver.received), elsewhere.received) == (1, [])

    def test_one_that_is_gone_is_disabled_at_once(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer, admin: psycopg.Connection
    ) -> None:
        other = listen_to(call, URL, ("machine.offline",))
        with receiving((410, {}, b"")) as receiver:
            webhook_id = listen_to(call, receiver.url)
            queue_item(status="COMPLETED")
            deliverer.run()
            assert deliverer.run() == 0

        assert must(call("GetTeamWebhooks", webhookId=other)).row["enabled"] is True
        shown = must(call("GetTeamWebhooks", webhookId=webhook_id)).row
        assert (shown["enabled"], shown["disabledReason"]) == (False, "it answered 410, that it wants no more")
        assert len(receiver.received) == 1
        assert deliveries(call, webhook_id)[0]["status"] == "FAILED"
        told = must(call("GetNotifications")).row
        host = f"127.0.0.1:{receiver.port}"
        assert told["kind"] == "WEBHOOK_DISABLED"
        assert told["message"] == (
            f"webhook {webhook_id} ({host}) was disabled: it answered 410, that it wants no more"
        )
        assert must(call("GetNotifications", _as="ann")).row["message"] == told["message"]
        assert must(call("GetNotifications", _as="carol")).rows == []
        row = admin.execute(
            "select actor, action, entity_name from data.audit order by audit_id desc limit 1"
        ).fetchone()
        assert row == ("broker", "Disabled", host)

    @pytest.mark.parametrize("as_date", [False, True])
    def test_one_that_says_when_to_come_back_is_obeyed(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer, admin: psycopg.Connection, as_date: bool
    ) -> None:
        text = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True) if as_date else "600"
        with receiving((503, {"Retry-After": text}, b"")) as receiver:
            listen_to(call, receiver.url, ("item.created",))
            queue_item()
            deliverer.run()

        assert due_in(admin) == pytest.approx(600, abs=15)

    def test_one_that_asks_for_a_year_gets_a_day(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer, admin: psycopg.Connection
    ) -> None:
        with receiving((429, {"Retry-After": "31536000"}, b"")) as receiver:
            listen_to(call, receiver.url, ("item.created",))
            queue_item()
            deliverer.run()

        assert due_in(admin) == pytest.approx(86400, abs=15)

    def test_one_that_answers_a_mebibyte_is_heard_to_64_kibibytes(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer
    ) -> None:
        with receiving((200, {}, b"x" * 2**20)) as receiver:
            webhook_id = listen_to(call, receiver.url, ("item.created",))
            queue_item()
            deliverer.run()

        assert [row["status"] for row in deliveries(call, webhook_id)] == ["DELIVERED"]

    def test_of_an_answer_64_kibibytes_are_read(self) -> None:
        read: list[int] = []

        def stream() -> Iterator[bytes]:
            for _ in range(64):
                read.append(16 * 1024)
                yield b"x" * 16 * 1024

        drain(httpx.Response(200, content=stream()))

        assert sum(read) == ANSWER_BYTES

    def test_an_answer_that_says_that_it_is_compressed_is_not_unpacked(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer
    ) -> None:
        with receiving((200, {"Content-Encoding": "gzip"}, b"no gzip at all")) as receiver:
            webhook_id = listen_to(call, receiver.url, ("item.created",))
            queue_item()
            deliverer.run()

        assert [row["status"] for row in deliveries(call, webhook_id)] == ["DELIVERED"]

    def test_one_that_moves_into_a_private_network_is_not_sent_to(
        self, call: Caller, queue_item: MakeItem, config: Config
    ) -> None:
        """The operator takes back what he allowed: the address that was good is not any more."""
        with receiving() as receiver:
            webhook_id = listen_to(call, receiver.url, ("item.created",))
            queue_item()
            closed = Deliverer(replace(config, webhook_allow_http=True))
            closed.run()
            closed.close()

        [row] = deliveries(call, webhook_id)
        assert row["problem"] == "the host is not in the public internet, and its network is not allowed"
        assert receiver.received == []


def test_a_broker_that_serves_sends_what_its_calls_wrote(config: Config, world: World) -> None:
    """All of it: workers under gevent, their maintenance, and whoever listens."""
    environment = {
        **environment_of(config),
        "BROKER_WORKERS": "2",
        "BROKER_WEBHOOK_ALLOW_HTTP": "1",
        "BROKER_WEBHOOK_ALLOW_NETWORKS": "127.0.0.0/8",
    }
    with receiving() as receiver, serving_broker(**environment) as broker:
        made = must(broker.call(world, "CreateWebhook", teamName="ops", url=receiver.url)).row
        for _ in range(5):
            must(broker.call(world, "CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}"))
        must(broker.call(world, "GetQueueItemsNext", _as="build-01", itemCount=5, start=True))
        until(lambda: len(receiver.received) >= 10)

    assert sorted(receiver.types) == ["item.assigned"] * 5 + ["item.created"] * 5
    assert all(received.is_signed_by(made["secret"]) for received in receiver.received)


class TestOrder:
    def test_what_comes_later_of_an_item_waits_for_what_came_before(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer, clock: Clock
    ) -> None:
        with receiving((500, {}, b"")) as receiver:
            listen_to(call, receiver.url)
            first = queue_item(status="COMPLETED")
            deliverer.run()
            assert receiver.types == ["item.created"]

            second = queue_item(status="COMPLETED")
            deliverer.run()
            assert [item_of(each) for each in receiver.received] == [first, second, second, second]

            clock.advance(seconds=7)
            deliverer.run()

        assert receiver.types == ["item.created", *LIFE, *LIFE]
        assert [item_of(each) for each in receiver.received[4:]] == [first] * 3

    def test_two_brokers_share_the_work_and_send_each_message_once_and_in_order(
        self, call: Caller, config: Config
    ) -> None:
        items = 15
        with receiving(before=lambda _: time.sleep(0.01)) as receiver:
            listen_to(call, receiver.url)
            work_off(call, items)
            with delivering(config) as one, delivering(config) as other:
                made: list[int] = []
                threads = [threading.Thread(target=lambda each=each: made.append(each.run())) for each in (one, other)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                rest = one.run() + other.run()

        assert sum(made) + rest == 3 * items
        ids = [each.headers["webhook-id"] for each in receiver.received]
        assert len(ids) == len(set(ids)) == 3 * items
        by_item: dict[int, list[str]] = {}
        for each in receiver.received:
            by_item.setdefault(item_of(each), []).append(each.message["type"])
        assert list(by_item.values()) == [LIFE] * items
        assert receiver.most_at_once <= webhooks.EACH_AT_ONCE

    def test_a_slow_receiver_holds_up_no_other(self, call: Caller, queue_item: MakeItem, deliverer: Deliverer) -> None:
        awake = threading.Event()
        with receiving(before=lambda _: awake.wait(10) and None) as slow, receiving() as quick:
            listen_to(call, slow.url)
            listen_to(call, quick.url)
            for _ in range(5):
                queue_item(status="COMPLETED")
            running = threading.Thread(target=deliverer.run)
            running.start()
            until(lambda: len(quick.received) == 15)
            heard = len(slow.received)
            awake.set()
            running.join()

        assert heard == webhooks.EACH_AT_ONCE
        assert len(slow.received) == 15


class TestNothingIsLost:
    def test_what_a_broker_wrote_before_it_was_killed_the_next_one_sends(
        self, call: Caller, queue_item: MakeItem, config: Config
    ) -> None:
        with receiving() as receiver:
            listen_to(call, receiver.url)
            queue_item(status="COMPLETED")  # by a broker that is gone before its maintenance looks
            with delivering(config) as next_one:
                next_one.run()

        assert receiver.types == LIFE

    def test_what_a_broker_was_sending_when_it_was_killed_is_sent_again(
        self, call: Caller, queue_item: MakeItem, config: Config, clock: Clock
    ) -> None:
        awake = threading.Event()
        with receiving(before=lambda _: awake.wait(30) and None) as receiver, delivering(config) as next_one:
            webhook_id = listen_to(call, receiver.url)
            queue_item(status="COMPLETED")
            killed = start_broker(config)
            try:
                until(lambda: len(receiver.received) == 1)
            finally:
                killed.kill()
                killed.wait()
            awake.set()

            assert next_one.run() == 0  # the lease is not over
            clock.advance(seconds=webhooks.LEASE_SECONDS + 1)
            assert next_one.run() == 3

        assert receiver.types == ["item.created", *LIFE]
        ids = [each.headers["webhook-id"] for each in receiver.received]
        assert ids[0] == ids[1]
        assert {row["status"] for row in deliveries(call, webhook_id)} == {"DELIVERED"}

    def test_who_comes_back_after_his_lease_changes_nothing(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer, clock: Clock, admin: psycopg.Connection
    ) -> None:
        with receiving() as receiver:
            webhook_id = listen_to(call, receiver.url, ("item.created",))
            queue_item()
            [late] = claim(admin, 16)
            clock.advance(seconds=webhooks.LEASE_SECONDS + 1)
            deliverer.run()

        members = (late.company_id, late.delivery_id, late.lease_number, False, True, None, 410, "gone", 1)
        assert admin.execute(SETTLE, members).fetchone() == (False,)
        assert deliveries(call, webhook_id)[0]["status"] == "DELIVERED"
        assert must(call("GetTeamWebhooks")).row["enabled"] is True

    def test_a_webhook_that_is_deleted_while_it_is_sent_to_is_no_error(
        self, call: Caller, queue_item: MakeItem, admin: psycopg.Connection
    ) -> None:
        webhook_id = listen_to(call, "http://127.0.0.1:9/in", ("item.created",))
        queue_item()
        [taken] = claim(admin, 16)
        must(call("DeleteWebhook", webhookId=webhook_id))

        members = (taken.company_id, taken.delivery_id, taken.lease_number, True, False, None, 200, None, 1)
        assert admin.execute(SETTLE, members).fetchone() == (False,)

    def test_what_waits_for_one_that_is_disabled_is_sent_when_it_is_enabled(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer
    ) -> None:
        with receiving() as receiver:
            webhook_id = listen_to(call, receiver.url, ("item.created",))
            queue_item()
            must(call("UpdateWebhook", webhookId=webhook_id, enabled=False))
            assert deliverer.run() == 0

            must(call("UpdateWebhook", webhookId=webhook_id, enabled=True))
            assert deliverer.run() == 1

    def test_without_a_database_it_is_logged_and_tried_again(
        self, config: Config, caplog: pytest.LogCaptureFixture
    ) -> None:
        away = Deliverer(replace(config, database_url="postgresql://nobody@127.0.0.1:1/nothing"))

        assert away.run() == 0
        away.close()

        assert "the job webhooks failed" in caplog.text

    def test_a_broker_that_stops_begins_nothing_more(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer
    ) -> None:
        with receiving() as receiver:
            listen_to(call, receiver.url)
            queue_item()
            deliverer.close()
            assert deliverer.run() == 0

        assert receiver.received == []


class TestGivingUp:
    def test_after_the_last_attempt_it_is_disabled_and_its_team_notified(
        self, call: Caller, queue_item: MakeItem, config: Config, clock: Clock
    ) -> None:
        impatient = local(config, webhook_retry_seconds=(0, 5, 300))
        with receiving(*[(500, {}, b"")] * 3) as receiver:
            webhook_id = listen_to(call, receiver.url, ("item.created",))
            queue_item()
            deliverer = Deliverer(impatient)
            for seconds in (0, 7, 400):
                clock.advance(seconds=seconds)
                assert must(call("GetTeamWebhooks")).row["enabled"] is True
                assert deliverer.run() == 1
            deliverer.close()

        reason = "a message of type item.created could not be sent in 3 attempts: it answered 500"
        [row] = deliveries(call, webhook_id)
        assert (row["status"], row["attempts"], row["nextTime"]) == ("FAILED", 3, None)
        assert must(call("GetTeamWebhooks")).row["disabledReason"] == reason
        assert must(call("GetNotifications")).row["message"].endswith(f"was disabled: {reason}")

    def test_a_test_that_fails_has_no_consequences(self, call: Caller, deliverer: Deliverer, clock: Clock) -> None:
        with receiving((500, {}, b"")) as receiver:
            webhook_id = listen_to(call, receiver.url)
            must(call("TestWebhook", webhookId=webhook_id))
            deliverer.run()
            clock.advance(minutes=20)
            assert deliverer.run() == 0

        [row] = deliveries(call, webhook_id)
        assert (row["status"], row["attempts"], row["problem"]) == ("FAILED", 1, "it answered 500")
        assert must(call("GetTeamWebhooks")).row["enabled"] is True
        assert must(call("GetNotifications")).rows == []

    def test_one_whose_secret_does_not_open_is_sent_nothing(
        self, call: Caller, queue_item: MakeItem, config: Config
    ) -> None:
        with receiving() as receiver, delivering(replace(config, keyring="1:" + "00" * 32)) as stranger:
            webhook_id = listen_to(call, receiver.url, ("item.created",))
            queue_item()
            stranger.run()

        assert deliveries(call, webhook_id)[0]["problem"] == "the broker cannot open its secret"
        assert receiver.received == []

    def test_old_messages_go_after_thirty_days(
        self, call: Caller, queue_item: MakeItem, deliverer: Deliverer, clock: Clock, admin: psycopg.Connection
    ) -> None:
        with receiving() as receiver:
            listen_to(call, receiver.url, ("item.created",))
            waits = listen_to(call, "http://127.0.0.1:9/", ("item.created",))
            off = listen_to(call, "http://127.0.0.1:9/", ("item.created",))
            queue_item()
            must(call("UpdateWebhook", webhookId=off, enabled=False))
            deliverer.run()
        clock.advance(days=29)
        assert admin.execute("select maintenance.delete_old_deliveries()").fetchone() == (0,)

        clock.advance(days=2)

        assert admin.execute("select maintenance.delete_old_deliveries()").fetchone() == (2,)
        rows = admin.execute(
            "select webhook_uuid::text from data.webhook_delivery join data.webhook using (company_id, webhook_id)"
        ).fetchall()
        assert rows == [(waits,)]


class TestRetries:
    def test_come_by_the_schedule_with_jitter_over_three_days(self) -> None:
        plain = [retry_in(made, None, WEBHOOK_RETRY_SECONDS, lambda *_: 1.0) for made in range(1, 10)]
        drawn = {retry_in(3, None, WEBHOOK_RETRY_SECONDS) for _ in range(50)}

        assert plain == list(WEBHOOK_RETRY_SECONDS[1:])
        assert retry_in(10, None, WEBHOOK_RETRY_SECONDS) is None
        assert 3 <= sum(WEBHOOK_RETRY_SECONDS) / 86400 < 4
        assert len(drawn) > 1
        assert all(seconds is not None and 1440 <= seconds <= 2160 for seconds in drawn)

    def test_are_never_sooner_than_the_schedule_nor_later_than_a_day_for_a_receiver(self) -> None:
        assert retry_in(3, 1.0, WEBHOOK_RETRY_SECONDS, lambda *_: 1.0) == 1800
        assert retry_in(1, 1e9, WEBHOOK_RETRY_SECONDS, lambda *_: 1.0) == 86400

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            (None, None),
            ("", None),
            ("soon", None),
            ("-5", None),
            ("1e9", None),
            ("\u0661", None),
            ("120", 120),
            (" 0 ", 0),
            ("9" * 400, 86400),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
            ("Thu, 99 Foo 1970", None),
        ],
    )
    def test_read_what_receivers_ask_for(self, text: str | None, seconds: float | None) -> None:
        assert read_retry_after(text) == seconds


class TestMachines:
    @pytest.fixture
    def notice(self, admin: psycopg.Connection) -> Any:
        def run() -> list[str]:
            admin.execute("select maintenance.notice_machines()")
            rows = admin.execute(
                "select body::jsonb ->> 'type', body::jsonb #>> '{data,machineName}' "
                "from data.webhook_delivery order by delivery_id"
            ).fetchall()
            return [" ".join(row) for row in rows]

        return run

    def test_are_told_when_they_come_and_when_they_fall_silent(self, call: Caller, clock: Clock, notice: Any) -> None:
        listen_to(call, "http://127.0.0.1:9/", ("machine.online", "machine.offline"))
        assert notice() == []

        must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=1))
        heard = ["machine.online build-01"]
        assert [notice(), notice()] == [heard, heard]

        clock.advance(minutes=4)
        heard = [*heard, "machine.offline build-01"]
        assert [notice(), notice()] == [heard, heard]

        must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=1))
        assert notice() == [*heard, "machine.online build-01"]

    def test_that_were_there_before_are_no_news(self, call: Caller, notice: Any, clock: Clock) -> None:
        must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=1))
        listen_to(call, "http://127.0.0.1:9/")

        assert notice() == []
        clock.advance(minutes=4)
        assert notice() == ["machine.offline build-01"]

    def test_that_are_made_later_are_news_when_they_come(self, call: Caller, notice: Any) -> None:
        listen_to(call, "http://127.0.0.1:9/", ("machine.online",))
        must(call("CreateMachine", _as="ann", teamName="ops", bridgeName="south", machineName="new-01"))
        token = must(call("CreateAgentToken", _as="ann", machineName="new-01")).row["token"]

        must(call("RegisterAgent", _as=token, agentVersion="1", slots=1))

        assert notice() == ["machine.online new-01"]

    def test_of_teams_without_webhooks_are_not_looked_at(
        self, call: Caller, notice: Any, admin: psycopg.Connection
    ) -> None:
        listen_to(call, "http://127.0.0.1:9/", ("item.created",))
        must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=1))

        assert notice() == []
        assert admin.execute("select count(*) from data.machine where online is not null").fetchone() == (0,)

    def test_a_message_names_the_machine_and_when_it_was_heard_of(
        self, call: Caller, notice: Any, deliverer: Deliverer
    ) -> None:
        with receiving() as receiver:
            listen_to(call, receiver.url, ("machine.online",))
            notice()
            must(call("RegisterAgent", _as="build-01", agentVersion="1", slots=1))
            notice()
            deliverer.run()

        [received] = receiver.received
        data = received.message["data"]
        assert set(data) == {"status", "teamName", "machineName", "lastContactTime"}
        assert (data["status"], data["teamName"], data["machineName"]) == ("ONLINE", "ops", "build-01")


def work_off(call: Caller, count: int) -> None:
    """Make items, and have them done all at once."""
    for _ in range(count):
        must(call("CreateQueueItem", teamName="ops", machineName="build-01", queueVault="{}"))
    rows = must(call("GetQueueItemsNext", _as="build-01", itemCount=count, start=True)).rows
    items = [
        {"taskId": row["taskId"], "claimToken": row["claimToken"], "responseVault": "{}", "completionStatus": "SUCCESS"}
        for row in rows
    ]
    must(call("UpdateQueueItemsToCompleted", _as="build-01", items=items))


def start_broker(config: Config) -> subprocess.Popen[bytes]:
    """A process that sends webhooks, to be killed."""
    code = (
        "from ipaddress import ip_network\n"
        "from pathlib import Path\n"
        "from broker.config import Config\n"
        "from broker.maintenance.webhooks import Deliverer\n"
        f"Deliverer(Config(database_url={config.database_url!r}, data_dir=Path({str(config.data_dir)!r}),\n"
        "    webhook_allow_http=True, webhook_allow_networks=(ip_network('127.0.0.0/8'),))).run()\n"
    )
    return subprocess.Popen([sys.executable, "-c", code])


@contextmanager
def dripping() -> Iterator[int]:
    """A receiver whose answer has no end: one more byte of a header every 50 ms; its port."""
    listening = create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        connection: socket
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not ended.wait(0.05):
                    connection.sendall(b"x")
            except OSError:
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        ended.set()
        thread.join()
        listening.close()
