"""Failures of requests to a Batch API, through the SDK of any provider, as faults."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from harness.providers.attempts import connection_fault
from harness.providers.batch_service import ServiceFault
from harness.providers.faults import fault_in
from harness.providers.provider import Context
from harness.providers.redaction import Secrets
from harness.providers.retry import Fault
from harness.providers.unpacking import LongReplyError, PackingError
from harness.records.calls import Model


@contextmanager
def service_faults(
    sdk: Any, base: type[Exception], service: str, model: Model, context: Context, secrets: Secrets
) -> Iterator[None]:
    """Raise every failure of a request as a ServiceFault.

    Args:
        sdk: the module of the provider's SDK, with `APIStatusError` and `APIConnectionError`.
        base: the base of all its errors.
        service: what the endpoint should be, for messages.
        model: that is asked.
        context: its clock.
        secrets: what messages must not show.
    """
    try:
        yield
    except sdk.APIStatusError as error:
        raise ServiceFault(fault_in(error.response, secrets, context.now())) from None
    except (sdk.APIConnectionError, httpx2.HTTPError) as error:
        raise ServiceFault(connection_fault(error, model, secrets)) from None
    except (base, LongReplyError, PackingError, AttributeError, TypeError, ValueError) as error:
        message = f"the endpoint's response is not that of {service} ({type(error).__name__})"
        raise ServiceFault(Fault("bad-reply", message, remedy="again", may_be_billed=True)) from None
