"""Rights of the audit."""

from tests.rights.stage import Bodies

TABLE = """
                                  stranger outsider member admin remote   agent sibling distant bridge foreign
"""

# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {}
