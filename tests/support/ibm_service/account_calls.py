"""Endpoints of the account and of machines."""

from __future__ import annotations

from urllib.parse import parse_qs

from . import devices
from .answers import CRN, Answer, Call
from .tokens import make_token


def token(call: Call) -> Answer:
    form = parse_qs(call.body.decode())
    if form.get("apikey") != [call.settings.key]:
        return Answer(400, {"errorCode": "BXNIM0415E", "errorMessage": "API key not found."})
    return Answer(200, make_token(call.settings.token_lifetime, call.settings.generation))


def search(call: Call) -> Answer:
    item = {
        "crn": CRN,
        "name": "stub",
        "service_plan_unique_id": "plan",
        "doc": {"extensions": [{}]},
        "tags": [],
    }
    return Answer(200, {"items": [item], "limit": 100})


def catalog(call: Call, plan: str) -> Answer:
    name = {"en": {"display_name": "Open"}}
    return Answer(200, {"overview_ui": name, "metadata": {"pricing": {"type": "free"}}})


def backends(call: Call) -> Answer:
    return Answer(200, {"devices": devices.listing()})


def configuration(call: Call, name: str) -> Answer:
    return Answer(200, devices.configuration(name))


def properties(call: Call, name: str) -> Answer:
    return Answer(200, devices.properties(name))


def machine(call: Call, name: str) -> Answer:
    length = call.settings.queue_length
    state = {"state": True, "status": "active", "message": "", "length_queue": length}
    return Answer(200, {**state, "backend_version": devices.configuration(name)["backend_version"]})


def usage(call: Call) -> Answer:
    reached = call.settings.usage_limit_reached
    used = {"usage_consumed_seconds": 600 if reached else 1, "usage_limit_seconds": 600}
    return Answer(200, {"instance_id": CRN, "usage_limit_reached": reached, **used})
