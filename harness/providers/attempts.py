"""Calls to one model: within its limits and the run's budget, and tried again by the rules of `retry`.

A provider that makes calls over a network derives from `ModelConnection` and implements a single attempt; everything
around attempts is the same for all providers.
"""

from __future__ import annotations

import socket
import ssl
from abc import ABC, abstractmethod
from typing import NoReturn

from harness.errors import HarnessError, ModelStopped, ProviderError
from harness.providers.budget import ModelBudget, bill_at_most, has_usage
from harness.providers.chat_request import FORMAT, with_system_role
from harness.providers.endpoint import OPENAI, proxy_in
from harness.providers.provider import Context
from harness.providers.rate_limit import RateLimit
from harness.providers.redaction import Secrets
from harness.providers.retry import ANSWERS, FailureRow, Fault, as_answer, backoff_s, in_short, unexpected
from harness.providers.system_role import SystemRole
from harness.providers.tokens import counter_of, most_reply_tokens
from harness.records.calls import Call, Model, Reply

CUT_OFF = Fault("cut-off", "the run ended before the reply came", remedy="give-up", may_be_billed=True)

NOT_SENT = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
"""Errors before a request is sent."""
OF_CONNECTING = frozenset({"ClientConnectorError", "ConnectError"})
"""Classes of the HTTP clients for connections that were not made, failed TLS handshakes included."""

LETTERS_PER_TOKEN = 4
"""An estimate of the size of a prompt; the reported usage corrects it."""

LOST_WORKER = "worker"
"""The kind of the fault of an attempt whose worker process ended: the endpoint is not the reason."""
MOST_LOST = 5
"""Attempts of one call that are lost with a worker and not counted."""

MAY_BE_FORMAT = frozenset({"rejected", "unknown-model", "format"})
"""Kinds of faults that may be due to a `response_format`, which many endpoints do not know."""


class ModelConnection(ABC):
    """A connection to one model. See `harness.providers.provider.Connection`."""

    def __init__(self, model: Model, context: Context) -> None:
        """Prepare for calls; makes none.

        Args:
            model: the model to call.
            context: clock, sleep and everything else from the outside.
        """
        self._model = model
        self._context = context
        self._reply_tokens = most_reply_tokens(model)
        self._pace = RateLimit(model.limits, clock=context.clock, sleep=context.sleep)
        self._failures = FailureRow()
        self._budget: ModelBudget | None = None
        if context.budget is not None and not model.is_free:
            self._budget = ModelBudget(context.budget, model, counter_of(model.id, context.environment))
        self._stopped: Fault | None = None
        self._system_role: SystemRole | None = model.settings.get("system")
        """How system messages are sent; None for a system role, until the endpoint rejects that role."""
        self._knows_formats: bool | None = None
        """Whether the endpoint supports `response_format`; None until a call with one has been answered."""

    @abstractmethod
    async def _attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
        """Make one attempt.

        Args:
            call: the call.
            asks_format: whether to send the call's `response_format`, if it has one.

        Returns:
            The reply, or why there is none; no secret is in either.
        """

    async def attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
        """Make one attempt without the limits, the budget and the retries, which are another process's."""
        return await self._attempt(call, asks_format=asks_format)

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""

    async def send(self, call: Call) -> Reply:
        """The reply to a call, within the model's limits and after as many attempts as they allow.

        Raises:
            ProviderError: this call got no reply.
            ModelStopped: the model cannot be used at all; every later call raises the same without being sent.
        """
        self._context.cancellation.left()  # while it waits for its turn, nothing is lost by a stop
        tokens = self._tokens_announced(call) if self._pace.counts_tokens else 0
        has_format = call.params is not None and FORMAT in call.params
        failed_attempts, lost_attempts, started_s, is_guess = 0, 0, self._context.clock(), False
        while True:
            async with self._pace.slots as slot:
                await self._pace.turn(tokens)
                # Only now: while this call waited for its turn, another may have shown what the endpoint knows.
                asks_format = has_format and self._knows_formats is not False and not is_guess
                role = self._system_role
                result = await self._paid_attempt(with_system_role(call, role), asks_format=asks_format)
            if isinstance(result, Reply):
                if has_format and (asks_format or is_guess):
                    self._knows_formats = asks_format
                self._failures.answered()
                self._pace.slots.answered()
                self._pace.settle(tokens, result.prompt_tokens + result.completion_tokens)
                self._context.tried(call, failed_attempts + 1)
                return result
            if result.is_too_many:
                self._pace.slots.too_many(slot)
            if asks_format and self._may_lack_formats(result):
                is_guess = True
                continue
            if result.kind == "system-role" and role is None:
                self._send_system_as_user()
                continue
            if result.kind == LOST_WORKER and lost_attempts < MOST_LOST:
                lost_attempts += 1
                continue
            failed_attempts += 1
            self._context.tried(call, failed_attempts)
            if isinstance(answer := as_answer(result), Reply):
                return answer
            await self._recover(result, failed_attempts, self._context.clock() - started_s)

    def _may_lack_formats(self, fault: Fault) -> bool:
        """Whether to repeat the call without `response_format`: the endpoint rejects it, or may have rejected it.

        If the text of a rejection is unknown and no call with a format was answered yet, the repeated call shows
        whether the format was the reason.
        """
        if fault.kind == "format":
            if self._knows_formats is not False:
                self._context.report(f"{self._model.name}: the endpoint does not support `response_format`; not sent")
            self._knows_formats = False
            return True
        return fault.remedy == "give-up" and fault.kind in MAY_BE_FORMAT and self._knows_formats is None

    def _send_system_as_user(self) -> None:
        """From now on, send system messages as the beginning of user messages; report it once."""
        if self._system_role is None:
            self._system_role = "user"
            name = self._model.name
            how = "system messages are sent as the beginning of the user's"
            self._context.report(
                f"{name}: the endpoint knows no system role; {how} (`system: user` says so in the spec)"
            )

    async def _paid_attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
        """An attempt within the run's budget. An attempt that is cancelled or loses its reply may be billed."""
        number = None if self._budget is None else await self._budget.reserve(call)
        result: Reply | Fault | None = None
        try:
            if self._stopped is not None:
                self._stop(self._stopped)
            await self._context.cancellation.let_through()
            self._context.cancellation.entered()
            result = CUT_OFF
            result = await self._attempt(call, asks_format=asks_format)
        except HarnessError:
            raise
        except Exception as error:
            result = Fault("unexpected", unexpected(error), remedy="again", may_be_billed=True)
        finally:
            if not isinstance(result, Reply):
                may_be_billed = result is not None and result.may_be_billed
                if may_be_billed:
                    self._report_unbilled(call)
                if self._budget is not None and number is not None:
                    await self._budget.refund(number, may_be_billed=may_be_billed)
        if isinstance(result, Reply):
            if not has_usage(result):
                self._report_unbilled(call)
            if self._budget is not None and number is not None:
                await self._budget.settle(number, result)
        else:
            if result.kind not in ANSWERS:  # those are stored, and a run that is stopping waits for that
                self._context.cancellation.left()
            await self._context.cancellation.let_through()
        return result

    def _report_unbilled(self, call: Call) -> None:
        """Report an attempt that may be billed and reported no usage."""
        model = self._model
        if not model.is_free:
            usd = bill_at_most(model, model.price, call).usd if model.price and most_reply_tokens(model) else None
            self._context.unbilled(model.name, usd)

    async def _recover(self, fault: Fault, failed_attempts: int, elapsed_s: float) -> None:
        """Wait before another attempt, or raise if no attempt can succeed."""
        if fault.wait_s is not None:
            self._pace.pause(fault.wait_s)
        attempts = self._model.limits.attempts
        if fault.remedy == "again" and failed_attempts < attempts:
            random = self._context.random
            await self._context.sleep(backoff_s(failed_attempts, random, attempts=attempts, elapsed_s=elapsed_s))
            return
        if fault.remedy == "stop" or self._failures.add(fault):
            self._stopped = fault
            self._stop(fault)
        tries = f" ({failed_attempts} attempts)" if failed_attempts > 1 else ""
        message = f"model {self._model.name}: {fault.message}{tries}"
        raise ProviderError(message, kind=fault.kind, status=fault.status, hint=self._proxy_hint(fault))

    def _proxy_hint(self, fault: Fault) -> str:
        """A hint on the proxy in the environment, if a connection failed and the spec does not use that proxy."""
        if fault.kind not in ("connection", "timeout") or self._model.settings.get("proxy"):
            return ""
        if proxy_in(self._context.environment, self._model.base_url or OPENAI) is None:
            return ""
        return f"the environment names a proxy, which is not used; write `proxy: env` at {self._model.name}"

    def _stop(self, fault: Fault) -> NoReturn:
        """Raise the error of a fault that stops the model."""
        name, variable = self._model.name, self._model.api_key_env
        key = f"check the key in {variable}" if variable else f"name the key's variable as `api_key_env` of {name}"
        hints = {
            "key": key,
            "forbidden": f"{key}, and whether a firewall is in front of the endpoint",
            "unknown-model": f"check `model` ({self._model.id}) and `base_url` of {name}",
            "rejected": f"all of its calls were rejected; check `params` of {name}",
        }
        never = f"it answered none of its first calls; check `base_url` and `proxy` of {name}, or run again later"
        raise ModelStopped(
            f"model {name}: {fault.message}",
            kind=fault.kind,
            status=fault.status,
            hint=fault.hint or self._proxy_hint(fault) or hints.get(fault.kind, never),
        )

    def _tokens_announced(self, call: Call) -> int:
        return sum(len(message["content"]) for message in call.messages) // LETTERS_PER_TOKEN + self._reply_tokens


def timeout_fault(model: Model) -> Fault:
    """The fault of an attempt that took too long."""
    message = f"no reply within {model.limits.timeout_s:g} s"
    return Fault("timeout", message, remedy="again", may_be_billed=True)


def connection_fault(error: BaseException, model: Model, secret: Secrets) -> Fault:
    """The fault of an attempt whose connection failed, by the first cause of the error."""
    causes: list[BaseException] = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    # The transport calls a refused connection a timeout as well: only what began as one is one.
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return timeout_fault(model)
    reason = in_short(secret.redacted_message(str(causes[-1]))) or type(causes[-1]).__name__
    was_reached = not any(isinstance(cause, NOT_SENT) or _is_of_connecting(cause) for cause in causes)
    return Fault("connection", f"the connection failed: {reason}", remedy="again", may_be_billed=was_reached)


def _is_of_connecting(error: BaseException) -> bool:
    """Whether an HTTP client says that it could not make the connection, so that no request was sent."""
    return any(kind.__name__ in OF_CONNECTING for kind in type(error).__mro__)
