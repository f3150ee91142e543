"""Rights of what makes and moves keys."""

from tests.rights.stage import Bodies

TABLE = """
                                   stranger outsider barred member admin remote agent sibling distant bridge foreign sql
    RotateCompanyKey               own      403      403    403    ok    ok     403   403     403     403    403     key
"""

# What each call asks for. A thing of Acme has a name here that Globex has not.
BODIES: Bodies = {
    "RotateCompanyKey": lambda _: {},
}
