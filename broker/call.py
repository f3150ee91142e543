"""Calls: a procedure's name and a JSON object in, an answer out; every surface comes here.

The way of a call: load the members, ceremony, seal vaults, one round trip, open vaults.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from marshmallow import ValidationError
from psycopg.errors import Error

from broker.answer import Answer, Finisher, build_answer
from broker.caller import Caller, KeyCache, Sender
from broker.ceremonies import Context, Prepared, find_ceremony
from broker.config import Config
from broker.contract.endpoint import Endpoint, build_endpoint
from broker.contract.registry import Registry, read_registry
from broker.contract.text import echo
from broker.crypto import tokens
from broker.crypto.keyring import InstanceKeyring
from broker.crypto.password import Argon2Gate
from broker.database.arguments import build_statement
from broker.database.database import Database, SchemaChangedError, UnavailableError
from broker.database.pipeline import Rows
from broker.errors import UNAUTHENTICATED, RefusedError, failure_of
from broker.loading import Call, load_call
from broker.refusals import keep_refusal
from broker.sealing import Sealer
from broker.unreadable import and_then, report_unreadable

LISTING_BYTES = 32 * 2**20
REFRESH_SECONDS = 2.0  # an unknown name or member reads the registry again, but not more often
MISSEALED = "JB421"

logger = logging.getLogger(__name__)


def wake_nobody(keys: Iterable[str]) -> None:
    """Stand for the hub where there is none."""


class Procedures:
    """The procedures of one broker process: registry, keys and database behind one door.

    Args:
        wake: told, after each call, for whom something became ready.
    """

    def __init__(
        self,
        database: Database,
        config: Config,
        keyring: InstanceKeyring,
        wake: Callable[[Iterable[str]], None] = wake_nobody,
    ) -> None:
        self.database = database
        self._config = config
        self._keyring = keyring
        self._gate = Argon2Gate()
        self._wake = wake
        self._cache = KeyCache(database)
        self._sealer = Sealer(database)
        self._endpoints: Mapping[str, Endpoint] = {}
        self._read_time = self._renewed = -REFRESH_SECONDS
        self.registry = Registry()
        try:
            self.refresh()
        except UnavailableError:
            logger.warning("the database is away: calls are refused until it comes")

    @property
    def cached_tokens(self) -> int:
        """Of how many tokens the keys are at hand."""
        return len(self._cache)

    def refresh(self) -> None:
        """Read the registry again; the calls under way keep the one they began with."""
        self._read_time = time.monotonic()
        self.registry = read_registry(self.database)
        self._endpoints = {
            procedure.name: build_endpoint(procedure, self._config.vault_max_bytes) for procedure in self.registry
        }

    def current_registry(self) -> Registry:
        """The registry for who reads it: read again when it is old, so that it has what an upgrade brought or removed.

        Calls need no such look, they notice by themselves. While the database is away, the registry is the last known.
        """
        if self._is_old():
            with suppress(UnavailableError, SchemaChangedError, Error):
                self.refresh()
        return self.registry

    def find(self, name: str) -> Endpoint:
        """The procedure of this name.

        Raises:
            RefusedError: 404, there is none.
            UnavailableError: the registry could not be read yet.
        """
        endpoint = self._endpoints.get(name)
        if endpoint is None and self._is_old():
            self.refresh()
            endpoint = self._endpoints.get(name)
        if not self._endpoints:
            raise UnavailableError("no procedure is installed")
        if endpoint is None:
            raise RefusedError(404, f"procedure {echo(name)} does not exist")
        return endpoint

    def identify(self, endpoint: Endpoint, sender: Sender) -> Caller:
        """The caller, as far as the token's text tells. Procedures for anyone take no notice of a token.

        Raises:
            RefusedError: 401, no token, or a text that cannot be one.
        """
        if endpoint.for_anyone:
            return Caller(None, self._cache)
        if not sender.token:
            raise RefusedError(401, UNAUTHENTICATED)
        return Caller(sender.token, self._cache)

    def load(self, endpoint: Endpoint, body: object, caller: Caller, sender: Sender) -> Call:
        """Check a request as a whole.

        Args:
            body: a JSON value; None for an empty body.

        Raises:
            ValidationError, RefusedError: see loading.load_call.
        """
        try:
            return load_call(endpoint, body, caller, sender)
        except ValidationError as refusal:
            if not self._is_old():
                raise
            try:
                # An upgrade may have taught the procedure a member that this process has not heard of.
                self.refresh()
            except UnavailableError:
                raise refusal from None
        return load_call(self.find(endpoint.procedure.name), body, caller, sender)

    def run(self, call: Call) -> Answer:
        """Make a call.

        Raises:
            RefusedError, psycopg.Error, UnavailableError: see errors.failure_of.
        """
        try:
            return self._run_over_upgrade(call)
        except (Error, RefusedError) as error:
            keep_refusal(self.database, call.endpoint.procedure.name, call.caller, call.sender, error)
            raise

    def _run_over_upgrade(self, call: Call) -> Answer:
        try:
            return self._run(call)
        except SchemaChangedError:
            logger.warning("the schema changed under a call of %s: it is repeated", call.endpoint.procedure.name)
        # Connections made since the last renewal are new enough; a fault that looks like an upgrade costs no more.
        if time.monotonic() - self._renewed >= REFRESH_SECONDS:
            self._renewed = time.monotonic()
            self.database.renew()
        self.refresh()
        endpoint = self.find(call.endpoint.procedure.name)
        return self._run(self.load(endpoint, call.body, call.caller, call.sender))

    def call(self, name: str, body: object, sender: Sender) -> Answer:
        """Find, check and make a call: what a surface that never waits needs."""
        endpoint = self.find(name)
        caller = self.identify(endpoint, sender)
        return self.run(self.load(endpoint, body, caller, sender))

    def _is_old(self) -> bool:
        return time.monotonic() - self._read_time >= REFRESH_SECONDS

    def _run(self, call: Call) -> Answer:
        procedure = call.endpoint.procedure
        arguments = dict(call.arguments)
        prepared = Prepared()
        if procedure.header.ceremony:
            context = Context(self.database, self._config, self._keyring, self._gate, call.caller, call.sender)
            prepared = find_ceremony(procedure.header.ceremony).prepare(context, call.arguments)
            arguments.update(prepared.material)
        claim_token = None
        for argument in procedure.arguments:
            if argument.type.name == "data.secret":
                # Codes open keys, so the database must not see them, not even in the log of a slow statement.
                arguments[argument.member] = None
            if argument.type.name == "data.new_claim":
                claim_token = tokens.new_claim_token()
                arguments[argument.member] = tokens.token_hash(claim_token)
        try:
            rows = self._send(call, arguments, prepared)
        except (Error, RefusedError) as error:
            if failure_of(error).status == 401:
                call.caller.forget()
            raise
        finisher = Finisher(
            keys=lambda: prepared.keys or call.caller.keys,
            refresh_keys=lambda: prepared.keys or call.caller.refresh_keys(),
            claim_token=claim_token,
            reveal=prepared.reveal,
            claimed=lambda row, record: self._sealer.remember_claim(call.caller.keys.company_uuid, row, record),
        )
        answer = build_answer(self._reader(call.endpoint, rows), rows, finisher)
        if finisher.woken:
            self._wake(finisher.woken)
        if answer.refusal:
            raise RefusedError(*answer.refusal)
        report = partial(report_unreadable, self.database, call.endpoint, call.caller, claim_token, finisher)
        report()
        for table in answer.tables:
            if table.streamed:
                table.rows = and_then(table.rows, report)
        read_alone = sum(table.count for table in answer.tables) == 1 and not (procedure.lists or call.endpoint.claims)
        if read_alone and (finisher.unreadable or finisher.keyless):
            raise RefusedError(500, "the vault cannot be opened")
        return answer

    def _reader(self, endpoint: Endpoint, answers: Sequence[Rows]) -> Endpoint:
        """The endpoint that can read these answers: an upgrade that this process had not noticed may have made them.

        Raises:
            UnavailableError: one upgrade followed the other; the call was made, and its answer is lost.
        """
        if endpoint.reads(answers):
            return endpoint
        self.refresh()
        endpoint = self.find(endpoint.procedure.name)
        if not endpoint.reads(answers):
            # psycopg's loaders trust the types they are given: to try would be to crash.
            raise UnavailableError("an upgrade changed the answer while it was under way")
        return endpoint

    def _send(self, call: Call, arguments: Mapping[str, Any], prepared: Prepared) -> list[Rows]:
        """Seal and call; once more, if what a vault was sealed for is not what the database says."""
        try:
            return self._seal_and_send(call, arguments, prepared, fresh=False)
        except Error as error:
            if error.sqlstate != MISSEALED:
                raise
        return self._seal_and_send(call, arguments, prepared, fresh=True)

    def _seal_and_send(
        self, call: Call, arguments: Mapping[str, Any], prepared: Prepared, *, fresh: bool
    ) -> list[Rows]:
        procedure = call.endpoint.procedure
        sealed = self._sealer.seal(
            procedure,
            arguments,
            call.caller,
            keys=prepared.keys,
            owners=prepared.owners,
            idempotency_key=next(
                (arguments.get(argument.member) for argument in procedure.arguments if argument.is_idempotency_key),
                None,
            ),
            fresh=fresh,
        )
        # Counts come first: what a listing has too much is left unread, and the connection with it.
        statements = [build_statement(procedure.counts, sealed)] if procedure.counts else []
        statements.append(build_statement(procedure, sealed, LISTING_BYTES if procedure.lists else None))
        return self.database.round_trip(statements, call.caller.token_hash, call.sender.origin)
