"""Job: dump the database at <conninfo> with the pg_dump at <program> and print what the dump holds."""

import hashlib
import subprocess
import sys

program, conninfo = sys.argv[1:]
content = subprocess.run([program, "--dbname", conninfo], check=True, capture_output=True).stdout
statements = content.count(b"\nCREATE ") + content.count(b"\nCOPY ")
print(f"{len(content):,} bytes of SQL, {statements} objects and tables, sha256 {hashlib.sha256(content).hexdigest()}")
