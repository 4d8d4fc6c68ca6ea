"""Several gateways that are asked the same: those that answer, and why the others do not."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from tiltyard.cli.admin_options import Place
from tiltyard.cli.connection import NoAnswerError, NoGatewayError, gateway_at
from tiltyard.errors import TiltyardError

if TYPE_CHECKING:
    from tiltyard.client.admin_client import AdminClient

Answer = TypeVar("Answer")


class Gateways:
    """Who is asked while a command looks once. `silent` is why one did not answer, by address.

    Nobody waits twice for who is silent: they are not asked again.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self.silent: dict[str, str] = {}
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @property
    def problem(self) -> str:
        """Who does not answer and why, in a sentence; nothing where all do."""
        return "; ".join(f"{address}: {why}" for address, why in self.silent.items())

    def ask(self, question: "Callable[[AdminClient], Answer]") -> dict[str, Answer]:
        """The answers, by address. Where nobody gives one, raises what a gateway said."""
        answers, errors = {}, []
        for place in self._places:
            if place.address in self.silent:
                continue
            try:
                with gateway_at(place) as client:
                    answers[place.address] = question(client)
            except TiltyardError as error:
                errors.append(error)
                self.silent[place.address] = str(error)
        if not answers:
            # What a gateway has to say tells more than that another is not there.
            raise min(errors, key=lambda one: isinstance(one, NoGatewayError | NoAnswerError))
        return answers
