"""What the calls of the tenancy mutants ask for, beyond tests/rights: other ways through the procedures.

A scene prepares a call and gives its members. Of these, `as` names another caller than the one of the matrix, `headers`
are sent without a token, and `statement` is SQL that is run with the caller's token in place of the call. Scenes of a
function that is no procedure bear its name in SQL.
"""

from tests.scenes import flows, items, people, places, statements, webhooks
from tests.scenes.scenery import Scene, Scenery, Scenes, furnish

__all__ = ["SCENES", "Scene", "Scenery", "furnish"]

SCENES: Scenes = flows.SCENES | items.SCENES | people.SCENES | places.SCENES | statements.SCENES | webhooks.SCENES
