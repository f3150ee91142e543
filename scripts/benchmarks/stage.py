"""Where the benchmarks play: a durable PostgreSQL in a temporary folder, a company, machines, tokens, a broker."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from broker.call import Procedures
from broker.caller import Sender
from broker.commands.first_company import Client, Wishes, make_company, sign_in
from broker.config import Config
from broker.crypto.keyring import InstanceKeyring
from broker.crypto.password import password_user_hash
from broker.database.database import Database
from broker.database.urls import serving_url
from broker.embedded.binaries import find_binaries
from broker.embedded.server import EmbeddedPostgres
from broker.install import install

EMAIL = "ann@acme.example"
PASSWORD = "correct horse battery staple"  # noqa: S105  # of a company that lives for minutes
TEAM, REGION, BRIDGE = "Private Team", "Default Region", "Global Bridges"
MACHINES = 100
SERVER = {"shared_buffers": "1GB", "max_wal_size": "8GB", "max_connections": "120"}
START_SECONDS = 60


@dataclass
class Stage:
    """What the parts of the benchmark need.

    Attributes:
        url: of the database, as its superuser.
        session: token of a user who is a member of the team.
        machine_tokens: agent tokens by machine.
    """

    folder: Path
    url: str
    client: Client
    session: str
    bridge_token: str = ""
    machine_tokens: dict[str, str] = field(default_factory=dict)

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    def run_sql(self, text: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(text)

    def fetch(self, text: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(text).fetchall()

    def add_machine(self, name: str) -> None:
        """Make a machine and the token of its agent, through the calls that clients make."""
        self.client.call("CreateMachine", teamName=TEAM, bridgeName=BRIDGE, machineName=name)
        [row] = self.client.call("CreateAgentToken", machineName=name, name=name)
        self.machine_tokens[name] = row["token"]

    @contextmanager
    def broker(self, workers: int = 2) -> Iterator[tuple[str, int]]:
        """`broker serve` on this database; gives its address and its process id."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BROKER_")}
        settings = {
            "BROKER_DATABASE_URL": self.url,
            "BROKER_DATA_DIR": str(self.data_dir),
            "BROKER_WORKERS": str(workers),
        }
        with (self.folder / "broker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "broker", "serve", "--port", "0"],
                env=kept | settings,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode()
            yield line.removeprefix("Broker ready at ").strip(), process.pid
        finally:
            process.terminate()
            process.wait(START_SECONDS)


@contextmanager
def staged(machines: int = MACHINES) -> Iterator[Stage]:
    """Make everything, and take it away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="machine-job-broker-bench-"))
    folder.chmod(0o711)  # run by root, PostgreSQL has a user of its own, who must get to his folder
    try:
        (folder / "data").mkdir()
        with EmbeddedPostgres(folder / "postgres", SERVER) as postgres:
            url = postgres.url("postgres")
            install(url)
            config = Config(database_url=url, data_dir=folder / "data")
            database = Database(serving_url(config), config.pool_size, config.pooler)
            procedures = Procedures(database, config, InstanceKeyring.load(config.data_dir, None))
            wishes = Wishes("Acme", EMAIL, TEAM, REGION, BRIDGE, "m1")
            client = Client(procedures, Sender(email=EMAIL, user_hash=password_user_hash(PASSWORD)))
            make_company(client, wishes, generated=True)
            signed_in = sign_in(client, wishes, is_new=True)
            stage = Stage(folder, url, signed_in, signed_in.sender.token or "")
            for number in range(1, machines + 1):
                stage.add_machine(f"m{number}")
            [row] = signed_in.call("CreateAgentToken", bridgeName=BRIDGE, name="bridge")
            stage.bridge_token = row["token"]
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("select maintenance.make_partitions()")
                connection.execute("vacuum analyze")
            yield stage
            database.close()
    finally:
        shutil.rmtree(folder)


def pgbench_program() -> str:
    return find_binaries().program("pgbench")
