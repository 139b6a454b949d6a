"""What schemathesis cannot know from the document: who may ask, and what the formats `nhs-number` and `cursor` mean."""

import os

import schemathesis

# Of the digits of an NHS number before its check digit.
WEIGHTS = range(10, 1, -1)
EXAMPLE = "9990000026"
# The callers of the demonstration, by the operations that only they may use; Alice, a patient, for all others.
CALLERS = {
    "operator": {"openPractice"},
    "auditor": {"listEvents", "listStreamEvents"},
    "reception": {
        "changePracticeSettings",
        "registerPatient",
        "publishSession",
        "withdrawSession",
        "seePracticeDay",
    },
}
# The members of a body that name the person concerned.
PATIENT_OF = ("subject", "patient")


def _is_positive(case) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


def _with_check_digit(number: str) -> str:
    """The number with the last digit that Modulus 11 wants; another number where there is no such digit."""
    check = -sum(int(digit) * weight for digit, weight in zip(number, WEIGHTS)) % 11
    return EXAMPLE if check == 10 else f"{number[:9]}{check}"


def _written_whole(value):
    """The same with 31 for 31.0: for JSON Schema both are integers, and the document says in words how they are written."""
    if isinstance(value, dict):
        return {name: _written_whole(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_written_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    """A body that its schema accepts is given Alice's id, for of others almost every answer is 403, and a check digit."""
    if not _is_positive(case) or not isinstance(case.body, dict):
        return
    body = _written_whole(case.body)
    for member in PATIENT_OF:
        if member in body and case.operation.definition.raw.get("operationId") != "registerPatient":
            body[member] = os.environ["SUBJECT"]
    if "nhsNumber" in body:
        body["nhsNumber"] = _with_check_digit(body["nhsNumber"])
    case.body = body


@schemathesis.hook
def filter_case(context, case) -> bool:
    """Only the server makes a cursor that fits, and a search's days are in order: neither is in any schema."""
    if not _is_positive(case):
        return True
    query = case.query or {}
    days = [query.get("from"), query.get("until")]
    in_order = not all(isinstance(day, str) for day in days) or days[0] <= days[1]
    return "cursor" not in query and in_order


@schemathesis.auth()
class Caller:
    """The token of the demonstration's caller who may use the operation."""

    def get(self, case, context):
        operation = case.operation.definition.raw.get("operationId")
        names = [name for name, operations in CALLERS.items() if operation in operations]
        with open(os.path.join(os.environ["DEMO"], (names or ["alice"])[0]), encoding="utf-8") as header:
            return header.read().removeprefix("Authorization:").strip()

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": data}
