"""GetCompanyUserRequests: the rows are those of GetUserRequests, whose tests say more."""

from tests.world import Caller


def test_each_company_sees_its_own(call: Caller) -> None:
    ours = call("GetCompanyUserRequests", _as="ann").rows
    theirs = call("GetCompanyUserRequests", _as="gina").rows

    assert {row["userEmail"].partition("@")[2] for row in ours} == {"acme.example"}
    assert {row["userEmail"].partition("@")[2] for row in theirs} == {"globex.example"}


def test_a_row_is_that_of_its_owner(call: Caller) -> None:
    [own] = call("GetUserRequests", _as="bob").rows

    assert own in call("GetCompanyUserRequests", _as="ann").rows
