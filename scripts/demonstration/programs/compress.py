"""Job: compress at least <megabytes> of files below <folders> into a tar.gz and print its size and SHA-256."""

import hashlib
import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path


def files(folders: list[str], wanted_bytes: int) -> Iterator[Path]:
    total = 0
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path
                total += path.stat().st_size
                if total >= wanted_bytes:
                    return


def main(megabytes: str, *folders: str) -> None:
    chosen = list(files(list(folders), int(megabytes) * 1_000_000))
    total = sum(path.stat().st_size for path in chosen)
    done = 0
    with (
        tempfile.TemporaryFile() as archive,
        Path(os.environ["BROKER_JOB_PROGRESS"]).open("w", buffering=1) as progress,
    ):
        with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=6) as tar:
            for path in chosen:
                tar.add(path, recursive=False)
                before, done = done, done + path.stat().st_size
                if done * 100 // total > before * 100 // total:
                    progress.write(f"{done / total:.2f} {done // 1_000_000} MB read\n")
        size = archive.tell()
        archive.seek(0)
        digest = hashlib.file_digest(archive, "sha256").hexdigest()
    print(f"{len(chosen)} files, {total:,} bytes -> {size:,} bytes tar.gz")
    print(f"sha256 {digest}")


main(*sys.argv[1:])
